"""The words of the trade as data: who calls, who is called, and the call between them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Caller(NamedTuple):
    """Whoever is ringing, as a directory knows them.

    `manager` is the internal extension of the responsible manager, by which the PBX routes; "" when unknown.
    `category` is the client's category as the directory's owner writes it ("0", "VIP").
    """

    name: str
    company: str = ""
    category: str = ""
    manager: str = ""
    note: str = ""


class Confidence(StrEnum):
    """How sure it is that a caller was found: only an exact match is sure enough to route a call by."""

    EXACT = "exact"
    LOCAL = "local"
    LAST_DIGITS = "last_digits"
    AMBIGUOUS = "ambiguous"


class Match(NamedTuple):
    """Who was found for a number, and how surely; of an ambiguous match `callers` names everyone it may be."""

    callers: tuple[Caller, ...]
    confidence: Confidence

    @classmethod
    def of(cls, callers: Iterable[Caller], confidence: Confidence = Confidence.EXACT) -> "Match | None":
        """Return the match of `callers`, one contact named twice counting once; None when there is nobody."""
        all_of_them = tuple(callers)
        if not all_of_them:
            return None
        different = all_of_them if len(all_of_them) == 1 else tuple(dict.fromkeys(all_of_them))
        return cls(different, confidence if len(different) == 1 else Confidence.AMBIGUOUS)

    @property
    def caller(self) -> Caller:
        """The caller to show. One that is not sure has no manager, so that no call is ever routed by a guess."""
        first = self.callers[0]
        if self.confidence is Confidence.EXACT:
            return first
        if self.confidence is not Confidence.AMBIGUOUS:
            return first._replace(manager="")
        # Of several contacts no one is preferred: all names that differ are shown, as far as the phone shows them.
        names = " / ".join(dict.fromkeys(caller.name for caller in self.callers))
        companies = {caller.company for caller in self.callers}
        return Caller(names, company=companies.pop() if len(companies) == 1 else "")


@dataclass(frozen=True, slots=True)
class Subscriber:
    """The employee whose phone rings; the VATS issues the key and sends it in each IncomingCall."""

    key: str
    name: str
    extension: str = ""


@dataclass(frozen=True, slots=True)
class Ringing:
    """An IncomingCall: it rings at the owner of `key`.

    `received` is the number as the VATS sent it, `number` its canonical E.164 form ("+79235292926"), None where
    it has none (hidden, short, textual); `kind` says what it is. `at` is aware, UTC.
    """

    publication: str
    at: datetime
    received: str
    number: str | None
    kind: str
    key: str
    caller: Caller | None = None
    confidence: Confidence | None = None


@dataclass(frozen=True, slots=True)
class Ring:
    """A phone that a call rings at: since when, when last, and when its card was shown, looked at and closed."""

    key: str
    at: datetime
    last: datetime
    shown: datetime | None = None
    seen: datetime | None = None
    closed: datetime | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody wrote down about a call."""

    text: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Call:
    """A call with every phone it rings at. `id` is None for one that could not be written down.

    `version` grows with every change of any call. `repeat` is 3 for the third call of its number within ten minutes.
    """

    id: int | None
    version: int
    publication: str
    at: datetime
    last: datetime
    received: str
    number: str | None
    kind: str
    caller: Caller | None
    confidence: Confidence | None
    repeat: int
    rings: tuple[Ring, ...]
    note: Note | None = None


@dataclass(slots=True)
class Exchange:
    """What was asked on the SOAP path and what was answered; `outcome` is "ok" or why it was refused.

    `elapsed` is in seconds. `raw` holds header fields by lower-case name, the bytes of the request and those of the
    answer, where they are recorded. A request that was refused before it was read leaves the other fields empty.
    `fault` names the fault of the staging bench that was injected, "" for none.
    """

    publication: str
    at: datetime
    operation: str = ""
    outcome: str = "ok"
    status: int = 200
    soap: str = ""
    namespace: str = ""
    address: str = ""
    received: str = ""
    number: str | None = None
    key: str = ""
    caller: str = ""
    directory: str = ""
    confidence: Confidence | None = None
    elapsed: float = 0.0
    call_id: int | None = None
    id: int | None = None
    fault: str = ""
    raw: tuple[Mapping[str, str], bytes, bytes] | None = None
