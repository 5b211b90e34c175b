"""Check whether the call that a test expects was recorded; if not, find the exchange that differs least from it.

Rule: pure functions of exchanges, without I/O; failure messages show invisible characters by visible signs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vats1c.journal import ExchangeFilter
from vats1c.messages import Message
from vats1c.model import Exchange
from vats1c.number import Number

OPERATIONS = ("SayName", "IncomingCall")
# The largest count that a test may expect, and therefore the maximum number of exchanges that are read.
MAX_TIMES = 1_000
_SHOWN = {"\t": "→", "\n": "↵", "\r": "␍", "\u00a0": "⍽", "\u202f": "⍽", "\u2009": "⍽"}


@dataclass(frozen=True, slots=True)
class Times:
    """The expected number of calls: at least `least`, and at most `most` (None for no limit)."""

    least: int = 1
    most: int | None = None

    def fulfilled(self, found: int) -> bool:
        """Tell whether the number of calls `found` meets the expectation."""
        return found >= self.least and (self.most is None or found <= self.most)

    def decided(self, found: int) -> bool:
        """Tell whether waiting can end: `least` calls have come, or more than `most`.

        If `least` is 0, only a call beyond `most` ends the waiting before its time is over.
        """
        too_many = self.most is not None and found > self.most
        return too_many or (self.least > 0 and found >= self.least)

    def __str__(self) -> str:
        if self.most == self.least:
            return str(self.least)
        return f">= {self.least}" if self.most is None else f"{self.least}..{self.most}"


@dataclass(frozen=True, slots=True)
class Expectation:
    """The call that a test expects; None accepts any value.

    Numbers are compared in E.164 if they have this form, else as received.
    """

    operation: str | None = None
    number: Number | None = None
    key: str | None = None
    times: Times = Times()

    def asked(self, publications: frozenset[str] | None) -> ExchangeFilter:
        """Return the journal's filter for the expected exchanges, within `publications` (None for all)."""
        canonical = self.number.canonical if self.number else None
        received = self.number.received if self.number else None
        return ExchangeFilter(publications, self.operation, canonical, received, self.key)

    def differences(self, exchange: Exchange) -> list["FieldDifference"]:
        """Return the fields in which `exchange` differs from the expectation; [] if it is as expected."""
        fields = [FieldDifference("outcome", "ok", exchange.outcome)]
        if self.operation is not None:
            fields.append(FieldDifference("op", self.operation, exchange.operation))
        if self.number is not None:
            expected_number = self.number.canonical or self.number.received
            fields.append(FieldDifference("number", expected_number, exchange.number or exchange.received))
        if self.key is not None:
            fields.append(FieldDifference("key", self.key, exchange.key))
        return [field for field in fields if field.expected != field.found]


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """One field that differs from the expectation."""

    field: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class Failure:
    """The reason why an expectation was not met, and the closest exchange, if there was any."""

    message: Message
    closest: Exchange | None
    differences: list[FieldDifference]


def fail(expected: Expectation, found: Sequence[Exchange], others: Iterable[Exchange]) -> Failure:
    """Return why the expectation was not met.

    `found` are the exchanges that match it, `others` all exchanges of the period; both are sorted oldest first.
    """
    message = Message(
        f"ожидалось {_described(expected)}, раз: {expected.times}; пришло: {len(found)}",
        f"expected {_described(expected)}, times: {expected.times}; found: {len(found)}",
    )
    times = FieldDifference("times", str(expected.times), str(len(found)))
    if expected.times.most is not None and len(found) > expected.times.most:
        return Failure(message, found[-1], [times])
    found_ids = {exchange.id for exchange in found}
    candidates = [(expected.differences(exchange), exchange) for exchange in others if exchange.id not in found_ids]
    if not candidates:
        return Failure(message, found[-1] if found else None, [times])
    # Of equally close exchanges, take the last one.
    differences, closest = min(reversed(candidates), key=lambda pair: len(pair[0]))
    return Failure(message, closest, [times, *differences])


def visible(text: str) -> str:
    """Return `text` with visible signs for outer and doubled spaces, tabs, and other invisible characters."""
    shown = "".join(_SHOWN.get(character) or _visible_character(character) for character in text)
    inner = shown.strip(" ")
    left = len(shown) - len(shown.lstrip(" "))
    right = len(shown) - left - len(inner)
    return "·" * left + inner.replace("  ", "··") + "·" * right


def _visible_character(character: str) -> str:
    return character if character == " " or character.isprintable() else f"<U+{ord(character):04X}>"


def _described(expected: Expectation) -> str:
    number = expected.number and (expected.number.canonical or visible(expected.number.received))
    parts = [expected.operation or "/".join(OPERATIONS)]
    parts += [f"number={number}"] if number is not None else []
    parts += [f"key={visible(expected.key)}"] if expected.key is not None else []
    return " ".join(parts)
