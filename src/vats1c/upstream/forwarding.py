"""Forward calls to the real 1C, so that its own forms pop up while employees still use it.

Rule: a call is forwarded in the background after the journal has recorded it. A call that has waited longer than
`_MAX_AGE_S` is dropped, since the form would pop up after the call is over.
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
    """The part of the journal that records calls."""

    def record(self, ringing: Ringing) -> "Future[Any]":
        """Start recording the call; the returned future completes once the record is durable."""

    def set_caller(self, call_id: int, caller: Caller, confidence: Confidence | None) -> None:
        """Set the caller of a recorded call, when the lookup ended after the call was recorded."""


class ForwardingRecorder:
    """A Recorder that forwards each call after the wrapped Recorder has recorded it."""

    def __init__(
        self,
        recorder: Recorder,
        ring: Callable[[str, str], OneCReply],
        on_reply: Callable[[str, OneCReply], None],
        count: Callable[[str], None] = lambda _outcome: None,
    ) -> None:
        """Wrap `recorder`.

        `ring` sends IncomingCall to the real 1C and takes the number as received and the subscriber's key; `on_reply`
        gets the number (E.164 or "") and the reply; `count` gets "taken", "failed" or "dropped".
        """
        self._recorder = recorder
        self._ring = ring
        self._on_reply = on_reply
        self._count = count
        self._background: Worker[tuple[Ringing, float]] = Worker(
            "forwarding", self._forward, threads=_MAX_CONCURRENT, most=_MAX_QUEUED
        )

    def record(self, ringing: Ringing) -> "Future[Any]":
        """Record the call and return the future of its record; enqueue the call for forwarding once it is recorded."""
        recorded = self._recorder.record(ringing)
        recorded.add_done_callback(lambda done: self._enqueue(ringing) if done.exception() is None else None)
        return recorded

    def _enqueue(self, ringing: Ringing) -> None:
        if not self._background.submit((ringing, time.monotonic())):
            self._report(ringing, "dropped", "too many at once")

    def set_caller(self, call_id: int, caller: Caller, confidence: Confidence | None) -> None:
        """Set the caller of a recorded call."""
        self._recorder.set_caller(call_id, caller, confidence)

    def close(self) -> None:
        """Forward the queued calls, but stop at the close timeout of the worker."""
        self._background.close()

    def _forward(self, item: tuple[Ringing, float]) -> None:
        ringing, enqueued = item
        if time.monotonic() - enqueued > _MAX_AGE_S:
            self._report(ringing, "dropped", "late")
            return
        reply = self._ring(ringing.received, ringing.key)
        self._on_reply(ringing.number or "", reply)
        if reply.error is not None:
            self._report(ringing, "failed", str(reply.error))
        else:
            self._count("taken")

    def _report(self, ringing: Ringing, outcome: str, reason: str) -> None:
        self._count(outcome)
        log.warning("call_not_forwarded", publication=ringing.publication, reason=reason)
