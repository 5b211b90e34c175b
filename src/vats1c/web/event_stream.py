"""Server-sent events: responses that go on until their window is closed (WHATWG HTML, 9.2)."""

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
    # nginx would gather events until a buffer is full.
    ("X-Accel-Buffering", "no"),
]


def event(name: str, data: Any, own_id: int | None = None) -> bytes:
    """Return one event as it is sent."""
    head = f"id: {own_id}\n" if own_id else ""
    return f"event: {name}\n{head}data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


class EventStream:
    """The events of one window: a `Listener` of the registry and a `ResponseStream` of the server.

    Events are sent by the thread that brings them; those that come before the server begins are sent first.
    """

    def __init__(self, session: str, alive: Callable[[], str]) -> None:
        """`session` is the secret its browser signed in by, "" for a script.

        `alive` returns why the window may stay open no longer, "" while it may; it may wait for the database.
        """
        self.session = session
        self._alive = alive
        self._lock = threading.RLock()
        # All under the lock.
        self._writer: ResponseWriter | None = None
        self._unsent: list[bytes] = []
        self._ended = False
        self._on_end: Callable[[], None] = lambda: None

    def begin(self, writer: ResponseWriter) -> None:
        """Send what has come so far; from now on every event at once."""
        with self._lock:
            self._writer = writer
            unsent, self._unsent = b"".join(self._unsent), []
            if unsent:
                writer.send(unsent)
            if self._ended:
                writer.close()

    def disconnected(self) -> None:
        """End: the client has gone."""
        with self._lock:
            self._finish()

    def send(self, events: bytes) -> None:
        """Send `events`, each made by `event`."""
        with self._lock:
            if self._ended:
                return
            if self._writer is None:
                self._unsent.append(events)
            elif not self._writer.send(events):
                self._finish()

    def show(self, call: Call) -> None:
        """Do nothing: these events are no calls."""

    def beat(self) -> None:
        """Send an event that keeps the connection open, and tells the page that it is."""
        self.send(event("beat", {"now": datetime.now(UTC).isoformat()}))

    def verify(self) -> None:
        """End if the window's session has ended. May wait for the database."""
        try:
            reason = self._alive()
        except SQLAlchemyError as error:
            # The window stays open until the journal can say whose it is.
            log.warning("session_lookup_failed", error=type(error).__name__)
            return
        if reason:
            self.end(reason)

    def close(self) -> None:
        """End: the service stops."""
        self.end("stopping")

    def end(self, reason: str) -> None:
        """Send the last event, and why it is the last."""
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
    """The calls of one window, none older than what it was sent before."""

    def __init__(self, session: str, *, render: Callable[[Call], bytes], alive: Callable[[], str]) -> None:
        """Send calls as `render` makes events of them; see `EventStream` for the rest."""
        super().__init__(session, alive)
        self._render = render
        # Calls that came before the stream was prepared; None from then on.
        self._early: list[Call] | None = []
        # The version up to which calls are in the first events.
        self._sent_version = 0

    def prepare(self, first: list[bytes], sent_version: int, on_end: Callable[[], None]) -> None:
        """Send the events `first`, which tell of calls up to `sent_version`; call `on_end` once at the end."""
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
        """Send `call`, unless a later state of it was sent."""
        with self._lock:
            if self._early is not None:
                self._early.append(call)
            elif call.id is None or call.version > self._sent_version:
                # A call that could not be written down has no version.
                self.send(self._render(call))
