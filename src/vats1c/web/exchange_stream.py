"""Follow the exchanges as they are written down: a stream of server-sent events, several exchanges to an event.

Rule: a follower counts as a window, is woken by the journal, and reads from it what it has not sent yet.
"""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from vats1c.database import DatabaseError
from vats1c.journal import ChangeNotifier
from vats1c.push.windows import HEARTBEAT_S, QueueListener, WindowRegistry
from vats1c.web.call_stream import StreamingResponse, event

# Other processes write, too: look this often, seconds.
_POLL_INTERVAL_S = 1.0
# What comes within this time is told at once, so that a page has few changes to draw.
_BATCH_WINDOW_S = 0.1


class ExchangeStream(StreamingResponse):
    """The exchanges for one page."""

    def __init__(
        self,
        window: QueueListener,
        *,
        screens: WindowRegistry,
        bell: ChangeNotifier,
        cursor: int,
        look: Callable[[int], tuple[list[dict[str, Any]], int]],
        alive: Callable[[], str],
    ) -> None:
        """Tell what `look` returns for a cursor, exchanges and the next cursor, from `cursor` on.

        `alive` says why the stream ends, "" while it goes on.
        """
        self._window = window
        self._screens = screens
        self._bell = bell
        self._cursor = cursor
        self._look = look
        self._alive = alive
        bell.subscribe(self._woken)

    def __iter__(self) -> Iterator[bytes]:
        """Yield events until the window closes."""
        yield event("hello", {"now": datetime.now(UTC).isoformat(), "cursor": self._cursor})
        beat = time.monotonic() + HEARTBEAT_S
        while True:
            if self._window.closing:
                yield event("bye", {"reason": "stopping"})
                return
            try:
                found, cursor = self._look(self._cursor)
            except DatabaseError:
                yield event("bye", {"reason": "journal"})
                return
            if found:
                yield event("exchanges", {"exchanges": found, "cursor": cursor}, cursor)
            self._cursor = cursor
            if time.monotonic() >= beat:
                beat = time.monotonic() + HEARTBEAT_S
                reason = self._alive()
                if reason:
                    yield event("bye", {"reason": reason})
                    return
                yield event("beat", {"now": datetime.now(UTC).isoformat(), "cursor": cursor})
            self._wait()

    def _woken(self) -> None:
        # Once is enough, however long its client takes to read.
        if not self._window.waiting:
            self._window.wake()

    def _wait(self) -> None:
        self._window.next(_POLL_INTERVAL_S)
        if not self._window.closing:
            time.sleep(_BATCH_WINDOW_S)
        while self._window.waiting and not self._window.closing:
            self._window.next(0)

    def close(self) -> None:
        """Let go of the window: its client has gone, or was told to."""
        self._bell.unsubscribe(self._woken)
        self._screens.close(self._window)
