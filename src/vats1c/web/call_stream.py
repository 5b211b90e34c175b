"""Server-sent events: one answer that goes on until its window is closed."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from vats1c.model import Call

log = structlog.get_logger("vats1c.web")

HEADERS = [
    ("Content-Type", "text/event-stream; charset=utf-8"),
    ("Cache-Control", "no-store"),
    # nginx would gather events until a buffer is full.
    ("X-Accel-Buffering", "no"),
]


def event(name: str, data: Any, own_id: int | None = None) -> bytes:
    """Return one event as it is sent (WHATWG HTML, 9.2)."""
    head = f"id: {own_id}\n" if own_id else ""
    return f"event: {name}\n{head}data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


class StreamingResponse:
    """The body of an answer that does not end by itself; `endless` has the server send it piece by piece."""

    endless = True

    def __iter__(self) -> Iterator[bytes]:
        """Yield events until the window closes."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the window: its client has gone, or was told to."""


class CallStream:
    """The calls of one window, each sent at once by whoever brings it; the server hands over its end by `begin`."""

    endless = True

    def __init__(self, session: str, *, spell: Callable[[Call], bytes], alive: Callable[[], str]) -> None:
        """Send calls as `spell` has them; `alive` says why the stream ends, "" while it goes on.

        `session` is what its browser signed in by; "" for a script.
        """
        self.session = session
        self._spell = spell
        self._alive = alive
        self._lock = threading.Lock()
        self._send: Callable[[bytes], bool] | None = None
        self._first: list[bytes] = []
        # What came before the stream began, and the version up to which calls were told of by then.
        self._early: list[Call] = []
        self._sent = 0
        self._closing = self._ended = False
        self._on_end: Callable[[], None] = lambda: None

    def prepare(self, first: list[bytes], sent: int, on_end: Callable[[], None]) -> None:
        """Have the stream begin with `first`, which tells of calls up to the version `sent`; at its end do `on_end`."""
        self._first, self._sent, self._on_end = first, sent, on_end

    def begin(self, send: Callable[[bytes], bool]) -> None:
        """Begin to send; `send` never waits and tells whether more may follow."""
        with self._lock:
            self._send = send
            self._write(b"".join(self._first))
            early, self._early, self._first = self._early, [], []
            for call in early:
                self._send_call(call)
            if self._closing:
                self._send_end("stopping")

    def show(self, call: Call) -> None:
        """Send `call`, unless a later state of it was sent."""
        with self._lock:
            if self._send is not None:
                self._send_call(call)
            elif not self._ended:
                self._early.append(call)

    def wake(self) -> None:
        """Say that the stream goes on, or why it does not."""
        try:
            reason = self._alive()
        except SQLAlchemyError as error:
            # Who looks may stay until the journal can say who that is.
            log.warning("session_lookup_failed", error=type(error).__name__)
            return
        with self._lock:
            if reason:
                self._send_end(reason)
            else:
                self._write(event("beat", {"now": datetime.now(UTC).isoformat()}))

    def close(self) -> None:
        """Say goodbye: the service stops."""
        with self._lock:
            self._closing = True
            self._send_end("stopping")

    def _send_call(self, call: Call) -> None:
        # One that could not be written down has no version.
        if call.id is None or call.version > self._sent:
            self._write(self._spell(call))

    def _send_end(self, reason: str) -> None:
        self._write(event("bye", {"reason": reason}))
        if self._send is not None:
            self._end()

    def _write(self, said: bytes) -> None:
        if self._send is not None and not self._send(said):
            self._end()

    def _end(self) -> None:
        # Nobody else holds it: with this the answer is over.
        self._send = None
        self._ended = True
        self._on_end()
