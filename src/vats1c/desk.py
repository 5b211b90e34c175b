"""What happens on SayName and on IncomingCall. No HTTP, no XML, no SQL in here."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from vats1c.model import Call, Caller, Match
from vats1c.number import DEFAULT_PLAN, Number, Plan, identify


class Lookup(Protocol):
    """Where callers are looked up: a directory or a chain of them."""

    def find(self, number: Number) -> Match | None:
        """Return who owns `number` and how surely, None when unknown; never raises."""


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
        directory: Lookup,
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
