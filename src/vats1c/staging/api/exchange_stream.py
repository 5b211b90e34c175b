"""Send newly recorded exchanges to the open inspector pages, several in one server-sent event."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import structlog

from vats1c.database import DatabaseError
from vats1c.journal import ChangeNotifier
from vats1c.web.event_stream import EventStream, event

log = structlog.get_logger("vats1c.web")

# Writes of other processes send no notification here, so the feed also reads at this interval.
_POLL_INTERVAL_S = 1.0
# Exchanges of this period are sent together, so that a page is redrawn less often.
_BATCH_WINDOW_S = 0.1

Look = Callable[[int], tuple[list[dict[str, Any]], int]]


class ExchangeStream(EventStream):
    """The event stream of one inspector page: the exchanges after a cursor."""

    def __init__(self, session: str, alive: Callable[[], str], look: Look, cursor: int) -> None:
        """`look` returns the exchanges after a cursor, and the next cursor; it may wait for the database."""
        super().__init__(session, alive)
        self._look = look
        self._cursor = cursor

    def prepare(self, on_end: Callable[[], None]) -> None:
        """Send the event `hello` with time and cursor; call `on_end` once when the stream ends."""
        with self._lock:
            self._on_end = on_end
            self.send(event("hello", {"now": datetime.now(UTC).isoformat(), "cursor": self._cursor}))

    def beat(self) -> None:
        """Send an event that keeps the connection open, with the cursor."""
        self.send(event("beat", {"now": datetime.now(UTC).isoformat(), "cursor": self._cursor}))

    def send_new(self) -> None:
        """Read and send the exchanges that were not sent yet. Called by the feed's thread alone."""
        try:
            exchanges, cursor = self._look(self._cursor)
        except DatabaseError:
            self.end("journal")
            return
        self._cursor = cursor
        if exchanges:
            self.send(event("exchanges", {"exchanges": exchanges, "cursor": cursor}, cursor))


class ExchangeFeed:
    """Reads new exchanges for all open pages on one thread, which is started with the first page."""

    def __init__(self, changes: ChangeNotifier) -> None:
        """`changes` notifies of exchanges that this process has written."""
        self._changes = changes
        self._changed = threading.Event()
        self._lock = threading.Lock()
        # The streams and the feed's thread; both are changed under the lock.
        self._streams: set[ExchangeStream] = set()
        self._thread: threading.Thread | None = None

    def add(self, stream: ExchangeStream) -> None:
        """Send exchanges to `stream` from now on."""
        with self._lock:
            self._streams.add(stream)
            if self._thread is None:
                self._changes.subscribe(self._changed.set)
                self._thread = threading.Thread(target=self._run, name="exchange-feed", daemon=True)
                self._thread.start()
        self._changed.set()

    def remove(self, stream: ExchangeStream) -> None:
        """Send nothing more to `stream`."""
        with self._lock:
            self._streams.discard(stream)

    def _run(self) -> None:
        while True:
            self._changed.wait(_POLL_INTERVAL_S if self._streams else None)
            time.sleep(_BATCH_WINDOW_S)
            self._changed.clear()
            with self._lock:
                streams = list(self._streams)
            for stream in streams:
                try:
                    stream.send_new()
                except Exception:  # a defect of ours must not stop the streams of other pages
                    log.exception("window_failed")
