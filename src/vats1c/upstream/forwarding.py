"""Calls passed on to the real 1C, so that its own forms pop up while it is still in use.

Rule: a call is passed on after it is written down here, and nobody waits for that; one that is late is dropped, since
the form would pop up for a call that is over.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol

import structlog

from vats1c.directory.soap_answers import OneCReply
from vats1c.model import Caller, Confidence, Ringing
from vats1c.upstream.background import Worker

log = structlog.get_logger("vats1c.upstream")

_MAX_CONCURRENT = 4
_MAX_QUEUED = 200
_MAX_AGE_S = 15.0


class Recorder(Protocol):
    """Where calls are written down."""

    def record(self, ringing: Ringing) -> "Future[Any]":
        """Return a future of what was written, done once it is durable."""

    def set_caller(self, call_id: int, caller: Caller, confidence: Confidence | None) -> None:
        """Say who rang, found after the call was written down."""


class ForwardingRecorder:
    """A record of calls that passes each one on."""

    def __init__(
        self,
        record: Recorder,
        ring: Callable[[str, str], OneCReply],
        heard: Callable[[str, OneCReply], None],
        count: Callable[[str], None] = lambda _outcome: None,
    ) -> None:
        """Take the record, what rings at the real 1C by number and key, and who is told what it said of a number."""
        self._record = record
        self._ring = ring
        self._heard = heard
        self._count = count
        self._background: Worker[tuple[Ringing, float]] = Worker(
            "forwarding", self._forward, threads=_MAX_CONCURRENT, most=_MAX_QUEUED
        )

    def record(self, ringing: Ringing) -> "Future[Any]":
        """Return a future of the recorded call; once it is written, the call is passed on."""
        recorded = self._record.record(ringing)
        recorded.add_done_callback(lambda done: self._pass_on(ringing) if done.exception() is None else None)
        return recorded

    def _pass_on(self, ringing: Ringing) -> None:
        if not self._background.submit((ringing, time.monotonic())):
            self._failed(ringing, "dropped", "too many at once")

    def set_caller(self, call_id: int, caller: Caller, confidence: Confidence | None) -> None:
        """Say who rang."""
        self._record.set_caller(call_id, caller, confidence)

    def close(self) -> None:
        """Pass on what is left, as far as there is time."""
        self._background.close()

    def _forward(self, waiting: tuple[Ringing, float]) -> None:
        ringing, since = waiting
        if time.monotonic() - since > _MAX_AGE_S:
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
        log.warning("call_not_forwarded", publication=ringing.publication, reason=reason)
