"""Follow the exchanges as they are written down: a stream of server-sent events, several exchanges to an event.

Rule: a follower counts as a window, is woken by the journal, and reads from it what it has not sent yet.
"""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from vats1c.database import DatabaseError
from vats1c.journal import Bell
from vats1c.screens import BEAT, Screens, Window
from vats1c.web.streams import Endless, event

# Other processes write, too: look this often, seconds.
_LOOK_EVERY = 1.0
# What comes within this time is told at once, so that a page has few changes to draw.
_GATHER = 0.1


class Following(Endless):
    """The exchanges for one page."""

    def __init__(
        self,
        window: Window,
        *,
        screens: Screens,
        bell: Bell,
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
        bell.tell(self._woken)

    def __iter__(self) -> Iterator[bytes]:
        """Yield events until the window closes."""
        yield event("hello", {"now": datetime.now(UTC).isoformat(), "cursor": self._cursor})
        beat = time.monotonic() + BEAT
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
                beat = time.monotonic() + BEAT
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
        self._window.next(_LOOK_EVERY)
        if not self._window.closing:
            time.sleep(_GATHER)
        while self._window.waiting and not self._window.closing:
            self._window.next(0)

    def close(self) -> None:
        """Let go of the window: its client has gone, or was told to."""
        self._bell.leave(self._woken)
        self._screens.close(self._window)
