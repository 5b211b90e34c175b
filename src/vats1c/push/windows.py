"""The open windows, by the keys whose calls they show. Rule: `pop` never waits, for a window or for anyone.

A window is no thread: a thousand of them, woken at once, would fight for the interpreter for as long as a call rings.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from queue import Empty, SimpleQueue
from typing import Protocol, TypeVar

import structlog

from vats1c.model import Call

log = structlog.get_logger("vats1c.push.windows")

# Every window is woken this often, seconds: often enough for a proxy's patience and a person's, and rarely enough for a
# thousand windows. Whose turn it is, is looked at so often.
HEARTBEAT_S = 15.0
_TICK_S = 0.5

# A window so far behind is taken for gone: it resumes from the journal when it is not.
_MAX_QUEUED_CALLS = 1_000


class TooManyWindowsError(Exception):
    """No more windows may be open here."""


class Listener(Protocol):
    """An open window. None of what it is told may keep the teller waiting."""

    # What its browser signed in by; "" for a script.
    session: str

    def show(self, call: Call) -> None:
        """Show `call`."""

    def wake(self) -> None:
        """Look whether the window may stay open, and say that it is."""

    def close(self) -> None:
        """Close: the service stops."""


AnyListener = TypeVar("AnyListener", bound=Listener)


class QueueListener:
    """A window of a thread that waits for calls. `None` among them: it is to look whether it may stay."""

    def __init__(self, session: str = "") -> None:
        """`session` is what its browser signed in by; "" for a script."""
        self.session = session
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self.closing = False

    def next(self, seconds: float) -> Call | None:
        """Return the next call; None when none comes within `seconds`, or it is to look whether it may stay open."""
        try:
            return self._calls.get(timeout=seconds)
        except Empty:
            return None

    @property
    def waiting(self) -> int:
        """How much it has still to look at."""
        return self._calls.qsize()

    def show(self, call: Call) -> None:
        """Have the window show `call`."""
        if self._calls.qsize() >= _MAX_QUEUED_CALLS:
            self.close()
        else:
            self._calls.put(call)

    def wake(self) -> None:
        """Have the window look whether it may stay open."""
        self._calls.put(None)

    def close(self) -> None:
        """Have the window close."""
        self.closing = True
        self._calls.put(None)


class WindowRegistry:
    """The open windows of one process."""

    def __init__(self, max_windows: int) -> None:
        """Let `most` windows be open at once."""
        self._max_windows = max_windows
        self._lock = threading.Lock()
        # Window → when it is woken next, time.monotonic().
        self._all: dict[Listener, float] = {}
        # (publication, key) → windows; key None: every call of the publication.
        self._by_key: dict[tuple[str, str | None], set[Listener]] = defaultdict(set)
        self._closed = threading.Event()
        self._heartbeat_thread: threading.Thread | None = None

    def __len__(self) -> int:
        """The number of open windows."""
        return len(self._all)

    def open(self, publication: str, keys: Iterable[str] | None, window: AnyListener) -> AnyListener:
        """Open `window` for the calls of `keys`, None for all of the publication. Raises TooManyWindowsError."""
        with self._lock:
            if len(self._all) >= self._max_windows:
                raise TooManyWindowsError
            self._all[window] = time.monotonic() + HEARTBEAT_S
            for key in [None] if keys is None else keys:
                self._by_key[publication, key].add(window)
            if self._heartbeat_thread is None:
                self._heartbeat_thread = threading.Thread(target=self._run_heartbeats, name="windows", daemon=True)
                self._heartbeat_thread.start()
        return window

    def close(self, window: Listener) -> None:
        """Forget a window that is gone."""
        with self._lock:
            self._all.pop(window, None)
            for place, windows in list(self._by_key.items()):
                windows.discard(window)
                if not windows:
                    del self._by_key[place]

    def wake(self, session: str) -> None:
        """Have the windows of a session that ended look whether they may stay open."""
        with self._lock:
            windows = [window for window in self._all if window.session == session]
        for window in windows:
            window.wake()

    def notify(self, calls: Iterable[Call]) -> None:
        """Show `calls` in every window that they are for."""
        for call in calls:
            places = [(call.publication, None), *((call.publication, ring.key) for ring in call.rings)]
            with self._lock:
                windows = {window for place in places for window in self._by_key.get(place, ())}
            for window in windows:
                try:
                    window.show(call)
                except Exception:  # a defect of ours: the others show it all the same
                    log.exception("window_failed")

    def close_all(self) -> None:
        """Have every window close: the service stops."""
        self._closed.set()
        with self._lock:
            windows = list(self._all)
            self._max_windows = 0
        for window in windows:
            window.close()

    def _run_heartbeats(self) -> None:
        while not self._closed.wait(_TICK_S):
            for window in self._due(time.monotonic()):
                try:
                    window.wake()
                except Exception:  # a defect of ours: the others are woken all the same
                    log.exception("window_failed")

    def _due(self, now: float) -> list[Listener]:
        """Return the windows whose turn it is."""
        with self._lock:
            windows = [window for window, at in self._all.items() if at <= now]
            for window in windows:
                self._all[window] = now + HEARTBEAT_S
        return windows
