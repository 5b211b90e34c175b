"""The data types of the domain: callers, subscribers, calls with their rings, and exchanges."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Caller(NamedTuple):
    """The caller of a number, as a directory describes them.

    `manager` is the internal extension of the responsible manager, to which the PBX routes the call; "" if unknown.
    `category` is the caller's category, in the directory owner's own notation ("0", "VIP").
    """

    name: str
    company: str = ""
    category: str = ""
    manager: str = ""
    note: str = ""


class Confidence(StrEnum):
    """How certain a match is; only an exact match is certain enough for routing the call."""

    EXACT = "exact"
    LOCAL = "local"
    LAST_DIGITS = "last_digits"
    AMBIGUOUS = "ambiguous"


class Match(NamedTuple):
    """The callers found for a number, and the confidence; an ambiguous match has several callers."""

    callers: tuple[Caller, ...]
    confidence: Confidence

    @classmethod
    def of(cls, callers: Iterable[Caller], confidence: Confidence = Confidence.EXACT) -> "Match | None":
        """Return the match of the distinct `callers`, ambiguous if there are several; None if there are none."""
        all_callers = tuple(callers)
        if not all_callers:
            return None
        distinct = all_callers if len(all_callers) == 1 else tuple(dict.fromkeys(all_callers))
        return cls(distinct, confidence if len(distinct) == 1 else Confidence.AMBIGUOUS)

    @property
    def caller(self) -> Caller:
        """The caller to show. Only the caller of an exact match has a manager, so that no call is routed by a guess."""
        first = self.callers[0]
        if self.confidence is Confidence.EXACT:
            return first
        if self.confidence is not Confidence.AMBIGUOUS:
            return first._replace(manager="")
        # No caller is preferred: all different names are shown, as far as they fit on the display.
        names = " / ".join(dict.fromkeys(caller.name for caller in self.callers))
        companies = {caller.company for caller in self.callers}
        return Caller(names, company=companies.pop() if len(companies) == 1 else "")


@dataclass(frozen=True, slots=True)
class Subscriber:
    """An employee whose phone rings. The VATS issues the `key` and sends it in each IncomingCall."""

    key: str
    name: str
    extension: str = ""


@dataclass(frozen=True, slots=True)
class Ringing:
    """One IncomingCall: the number, and the `key` of the subscriber whose phone rings.

    `received` is the number as the VATS sent it. `number` is its E.164 form ("+79235292926"), None if it has none
    (hidden, short, textual). `kind` is a value of NumberKind. `at` is in UTC, with the zone.
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
    """A call's ringing at one phone: its first and last ring, and when its card was shown, seen and closed."""

    key: str
    at: datetime
    last: datetime
    shown: datetime | None = None
    seen: datetime | None = None
    closed: datetime | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """An employee's note on a call; `by` is the employee's name."""

    text: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Call:
    """A call with its rings at all phones. `id` is None if the call could not be recorded.

    `version` is the version of its last change; each change of any call gets the next version. `repeat` is 3 for the
    third call of the number within ten minutes.
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
    """A request on the SOAP path and its answer. `outcome` is "ok" or the reason of the refusal.

    A field that was not determined before a refusal is "". `elapsed` is in seconds. `fault` names a fault that the
    staging bench injected. `raw` is (header fields by lower-case name, request body, answer body), None if bytes are
    not stored.
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
