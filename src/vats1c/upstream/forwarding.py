"""Calls passed on to the real 1C, so that its own forms pop up while it is still in use.

Rule: a call is passed on after it is written down here, and nobody waits for that; one that is late is dropped, since
the form would pop up for a call that is over.
"""

import time
from collections.abc import Callable
from typing import Any, Protocol

import structlog

from vats1c.directory.sayname import Heard
from vats1c.model import Caller, Confidence, Ringing
from vats1c.upstream.background import Background

log = structlog.get_logger("vats1c.upstream")

_CALLS_AT_ONCE = 4
_MOST_WAITING = 200
_LATE = 15.0


class Record(Protocol):
    """Where calls are written down."""

    def ring(self, ringing: Ringing) -> Any:
        """Return what was written once it is durable; raises when it cannot be."""

    def take(self, ringing: Ringing, then: Callable[[Any, Any], None]) -> None:
        """Do the same and return at once: `then` is told of it, or of the error."""

    def name(self, call_id: int, caller: Caller, confidence: Confidence | None) -> None:
        """Say who rang, found after the call was written down."""


class Forwarding:
    """A record of calls that passes each one on."""

    def __init__(
        self,
        record: Record,
        ring: Callable[[str, str], Heard],
        heard: Callable[[str, Heard], None],
        count: Callable[[str], None] = lambda _outcome: None,
    ) -> None:
        """Take the record, what rings at the real 1C by number and key, and who is told what it said of a number."""
        self._record = record
        self._ring = ring
        self._heard = heard
        self._count = count
        self._background: Background[tuple[Ringing, float]] = Background(
            "forwarding", self._forward, threads=_CALLS_AT_ONCE, most=_MOST_WAITING
        )

    def ring(self, ringing: Ringing) -> Any:
        """Write the call down, and only then pass it on."""
        written = self._record.ring(ringing)
        self._pass_on(ringing)
        return written

    def take(self, ringing: Ringing, then: Callable[[Any, Any], None]) -> None:
        """Have the call written down, and only then pass it on."""

        def told(written: Any, error: Any) -> None:
            if error is None:
                self._pass_on(ringing)
            then(written, error)

        self._record.take(ringing, told)

    def _pass_on(self, ringing: Ringing) -> None:
        if not self._background.put((ringing, time.monotonic())):
            self._failed(ringing, "dropped", "too many at once")

    def name(self, call_id: int, caller: Caller, confidence: Confidence | None) -> None:
        """Say who rang."""
        self._record.name(call_id, caller, confidence)

    def close(self) -> None:
        """Pass on what is left, as far as there is time."""
        self._background.close()

    def _forward(self, waiting: tuple[Ringing, float]) -> None:
        ringing, since = waiting
        if time.monotonic() - since > _LATE:
            self._failed(ringing, "dropped", "late")
            return
        heard = self._ring(ringing.received, ringing.key)
        self._heard(ringing.number or "", heard)
        if heard.error is not None:
            self._failed(ringing, "failed", str(heard.error))
        else:
            self._count("taken")

    def _failed(self, ringing: Ringing, outcome: str, reason: str) -> None:
        self._count(outcome)
        log.warning("call not forwarded", publication=ringing.publication, reason=reason)
