"""Server-sent events (WHATWG HTML, 9.2): a response that lasts until its window is closed."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from vats1c.http import ResponseWriter
from vats1c.model import Call

log = structlog.get_logger("vats1c.web")

HEADERS = [
    ("Content-Type", "text/event-stream; charset=utf-8"),
    ("Cache-Control", "no-store"),
    # Without this header nginx collects events until its buffer is full.
    ("X-Accel-Buffering", "no"),
]


def event(name: str, data: Any, own_id: int | None = None) -> bytes:
    """Return one event in the format of the stream; `own_id` is its id, from which the client can continue."""
    head = f"id: {own_id}\n" if own_id else ""
    return f"event: {name}\n{head}data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


class EventStream:
    """The event stream of one window: a `Listener` of the window registry and a `ResponseStream` of the server.

    Any thread may send events. Events sent before the server begins the response are stored; `begin` sends them.
    """

    def __init__(self, session: str, alive: Callable[[], str]) -> None:
        """Create the stream; `session` is the secret of the browser's session, "" for a script.

        `alive` returns the reason why the window must close, "" if it may stay open; it may wait for the database.
        """
        self.session = session
        self._alive = alive
        self._lock = threading.RLock()
        # The attributes below are guarded by the lock.
        self._writer: ResponseWriter | None = None
        self._unsent: list[bytes] = []
        self._ended = False
        self._on_end: Callable[[], None] = lambda: None

    def begin(self, writer: ResponseWriter) -> None:
        """Send the stored events; later events are sent at once."""
        with self._lock:
            self._writer = writer
            unsent, self._unsent = b"".join(self._unsent), []
            if unsent:
                writer.send(unsent)
            if self._ended:
                writer.close()

    def disconnected(self) -> None:
        """End the stream, because the client has disconnected."""
        with self._lock:
            self._finish()

    def send(self, events: bytes) -> None:
        """Send `events`, the joined results of `event`."""
        with self._lock:
            if self._ended:
                return
            if self._writer is None:
                self._unsent.append(events)
            elif not self._writer.send(events):
                self._finish()

    def show(self, call: Call) -> None:
        """Do nothing: this stream does not show calls; `CallStream` does."""

    def beat(self) -> None:
        """Send an event that keeps the connection open, and by which the page sees that the connection works."""
        self.send(event("beat", {"now": datetime.now(UTC).isoformat()}))

    def verify(self) -> None:
        """End the stream if the window's session has ended. May wait for the database."""
        try:
            reason = self._alive()
        except SQLAlchemyError as error:
            # Keep the window open until the database can be read again.
            log.warning("session_lookup_failed", error=type(error).__name__)
            return
        if reason:
            self.end(reason)

    def close(self) -> None:
        """End the stream, because the service stops."""
        self.end("stopping")

    def end(self, reason: str) -> None:
        """Send the last event, which gives the reason, and end the stream."""
        with self._lock:
            self.send(event("bye", {"reason": reason}))
            if not self._ended and self._writer is not None:
                self._writer.close()
            self._finish()

    def _finish(self) -> None:
        if not self._ended:
            self._ended = True
            self._on_end()


class CallStream(EventStream):
    """The stream of calls of one window; states of calls that its first events already contain are not sent again."""

    def __init__(self, session: str, *, render: Callable[[Call], bytes], alive: Callable[[], str]) -> None:
        """Create the stream; `render` converts a call into an event. See `EventStream` for the other parameters."""
        super().__init__(session, alive)
        self._render = render
        # The calls passed to `show` before `prepare` was called; None afterwards.
        self._early: list[Call] | None = []
        # The first events contain all changes of calls up to this version.
        self._sent_version = 0

    def prepare(self, first: list[bytes], sent_version: int, on_end: Callable[[], None]) -> None:
        """Send the events `first`, with all calls up to `sent_version`; call `on_end` once when the stream ends."""
        with self._lock:
            self._sent_version, self._on_end = sent_version, on_end
            early, self._early = self._early or [], None
            was_ended, self._ended = self._ended, False
            unsent, self._unsent = self._unsent, first
            for call in early:
                self.show(call)
            self._unsent += unsent
            if was_ended:
                self._finish()

    def show(self, call: Call) -> None:
        """Send `call`, unless the first events already contained this state or a later one."""
        with self._lock:
            if self._early is not None:
                self._early.append(call)
            elif call.id is None or call.version > self._sent_version:
                # A call without an id was not recorded, and has no version.
                self.send(self._render(call))
