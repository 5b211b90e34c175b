"""Was the call that a test expects among those that came, and if not, which came closest?

Rule: pure: exchanges in, a verdict out; what nobody can see in a text is shown.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vats1c.journal import ExchangeFilter
from vats1c.messages import Message
from vats1c.model import Exchange
from vats1c.number import Number

OPERATIONS = ("SayName", "IncomingCall")
# More than any test counts; so many exchanges are read at once.
MAX_TIMES = 1_000
_SHOWN = {"\t": "→", "\n": "↵", "\r": "␍", "\u00a0": "⍽", "\u202f": "⍽", "\u2009": "⍽"}


@dataclass(frozen=True, slots=True)
class Times:
    """How often something is expected: at least, and at most (None: any number)."""

    least: int = 1
    most: int | None = None

    def fulfilled(self, found: int) -> bool:
        """Tell whether `found` is as many as expected."""
        return found >= self.least and (self.most is None or found <= self.most)

    def decided(self, found: int) -> bool:
        """Tell whether there is nothing to wait for any more.

        Whoever expects something waits until it came; whoever expects nothing, or no more than so many, to the end.
        """
        too_many = self.most is not None and found > self.most
        return too_many or (self.least > 0 and found >= self.least)

    def __str__(self) -> str:
        if self.most == self.least:
            return str(self.least)
        return f">= {self.least}" if self.most is None else f"{self.least}..{self.most}"


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a test expects; None for what may be anything. A number is compared in its canonical form."""

    operation: str | None = None
    number: Number | None = None
    key: str | None = None
    times: Times = Times()

    def asked(self, publications: frozenset[str] | None) -> ExchangeFilter:
        """Return which exchanges of the journal these are."""
        canonical = self.number.canonical if self.number else None
        received = self.number.received if self.number else None
        return ExchangeFilter(publications, self.operation, canonical, received, self.key)

    def differences(self, exchange: Exchange) -> list["FieldDifference"]:
        """Return in what `exchange` is another than expected; none when it is the one."""
        found = [FieldDifference("outcome", "ok", exchange.outcome)]
        if self.operation is not None:
            found.append(FieldDifference("op", self.operation, exchange.operation))
        if self.number is not None:
            wanted = self.number.canonical or self.number.received
            found.append(FieldDifference("number", wanted, exchange.number or exchange.received))
        if self.key is not None:
            found.append(FieldDifference("key", self.key, exchange.key))
        return [one for one in found if one.expected != one.found]


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """In what something found is another than expected."""

    field: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Why what was expected did not come: a sentence, and the exchange that came closest, if any came."""

    message: Message
    closest: Exchange | None
    differences: list[FieldDifference]


def fail(expected: Expectation, found: Sequence[Exchange], others: Iterable[Exchange]) -> Failure:
    """Return why `found` is not as many as expected; `others` are all that came, oldest first."""
    message = Message(
        f"ожидалось {_described(expected)}, раз: {expected.times}; пришло: {len(found)}",
        f"expected {_described(expected)}, times: {expected.times}; found: {len(found)}",
    )
    times = FieldDifference("times", str(expected.times), str(len(found)))
    if expected.times.most is not None and len(found) > expected.times.most:
        return Failure(message, found[-1], [times])
    known = {one.id for one in found}
    near = [(expected.differences(one), one) for one in others if one.id not in known]
    if not near:
        return Failure(message, found[-1] if found else None, [times])
    # Of those that are as close, the last one.
    differences, closest = min(reversed(near), key=lambda pair: len(pair[0]))
    return Failure(message, closest, [times, *differences])


def visible(text: str) -> str:
    """Return `text` with what cannot be seen in it shown: spaces at its ends and doubled ones, tabs, controls."""
    shown = "".join(_SHOWN.get(letter) or _letter(letter) for letter in text)
    inner = shown.strip(" ")
    left = len(shown) - len(shown.lstrip(" "))
    right = len(shown) - left - len(inner)
    return "·" * left + inner.replace("  ", "··") + "·" * right


def _letter(letter: str) -> str:
    return letter if letter == " " or letter.isprintable() else f"<U+{ord(letter):04X}>"


def _described(expected: Expectation) -> str:
    number = expected.number and (expected.number.canonical or visible(expected.number.received))
    parts = [expected.operation or "/".join(OPERATIONS)]
    parts += [f"number={number}"] if number is not None else []
    parts += [f"key={visible(expected.key)}"] if expected.key is not None else []
    return " ".join(parts)
