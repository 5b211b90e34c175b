"""What happens on SayName and on IncomingCall. No HTTP, no XML, no SQL in here."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from vats1c.directory.chain import Lookup
from vats1c.model import Call, Caller, Match
from vats1c.number import DEFAULT_PLAN, Number, Plan, identify


class Directories(Protocol):
    """Where callers are looked up."""

    def find(self, number: Number) -> Match | None:
        """Return who owns `number` and how surely, None when unknown; never raises."""

    def look_up(self, number: Number, *, everybody: bool = False) -> Lookup:
        """Return what each directory says of `number`, and who decided; never raises."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a number is and how it was looked up; `elapsed` is in seconds."""

    number: Number
    lookup: Lookup
    elapsed: float

    @property
    def caller(self) -> Caller | None:
        """Who is shown: a caller that is not sure has no manager to route to."""
        return self.lookup.match.caller if self.lookup.match else None


class Record(Protocol):
    """Where calls are written down."""

    def add(self, call: Call) -> int:
        """Return the call's id once it is durably written; raises when it cannot be."""


def _now() -> datetime:
    return datetime.now(UTC)


class Desk:
    """The front desk of one publication: says who is calling, and writes down every call that rings."""

    def __init__(
        self,
        publication: str,
        directory: Directories,
        journal: Record,
        plan: Plan = DEFAULT_PLAN,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._publication = publication
        self._directory = directory
        self._journal = journal
        self._plan = plan
        self._now = now

    def say_name(self, received: str) -> Caller | None:
        """Return the caller behind the number as received; None for an unknown, hidden or unreadable one."""
        return self._find(identify(received, self._plan))

    def find(self, received: str, *, everybody: bool = False) -> Finding:
        """Return how the number as received is looked up; with `everybody` each directory is asked."""
        begun = time.perf_counter()
        number = identify(received, self._plan)
        looked_up = self._directory.look_up(number, everybody=everybody) if number.canonical else Lookup((), None)
        return Finding(number, looked_up, time.perf_counter() - begun)

    def incoming_call(self, received: str, key: str) -> None:
        """Write down that `received` rings at the owner of `key`; returns only when the call cannot be lost.

        Raises JournalError when it cannot be written.
        """
        number = identify(received, self._plan)
        caller = self._find(number)
        self._journal.add(
            Call(
                publication=self._publication,
                at=self._now(),
                received=number.received,
                number=number.canonical,
                key=key.strip(),
                caller=caller.name if caller else "",
            )
        )

    def _find(self, number: Number) -> Caller | None:
        match = self._directory.find(number) if number.canonical else None
        return match.caller if match else None
