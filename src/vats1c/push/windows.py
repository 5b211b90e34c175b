"""The registry of open windows, by the VATS keys whose calls they show. Rule: `notify` and heartbeats never wait.

A window has no thread of its own: otherwise a call could wake a thousand threads at once, all competing for the GIL.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue
from typing import Protocol, TypeVar

import structlog

from vats1c.model import Call

log = structlog.get_logger("vats1c.push.windows")

# Below the idle timeouts of proxies (nginx: 60 s), and rare enough for a thousand windows.
HEARTBEAT_S = 15.0
_TICK_S = 0.5

# A window with more unread calls is closed. If its client still exists, it continues from the journal.
_MAX_QUEUED_CALLS = 1_000


class TooManyWindowsError(Exception):
    """The maximum number of open windows is reached."""


class Listener(Protocol):
    """An open window."""

    # The secret of the browser's session; "" for a script.
    session: str

    def show(self, call: Call) -> None:
        """Show `call`. MUST NOT wait."""

    def beat(self) -> None:
        """Send a heartbeat. MUST NOT wait."""

    def verify(self) -> None:
        """Close the window if its session has ended. May wait for the database."""

    def close(self) -> None:
        """Close the window, because the service stops. MUST NOT wait."""


AnyListener = TypeVar("AnyListener", bound=Listener)


class QueueListener:
    """The window of a thread that waits for calls (long polling)."""

    session = ""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self.closing = False

    def next(self, timeout_s: float) -> Call | None:
        """Return the next call; None if no call comes within `timeout_s`, or if the window closes."""
        try:
            return self._calls.get(timeout=timeout_s)
        except Empty:
            return None

    def show(self, call: Call) -> None:
        """Queue `call`; if the queue is full, close the window instead, and its client continues from the journal."""
        if self._calls.qsize() >= _MAX_QUEUED_CALLS:
            self.close()
        else:
            self._calls.put(call)

    def beat(self) -> None:
        """Do nothing: the thread waits with a timeout and needs no heartbeat."""

    def verify(self) -> None:
        """Do nothing: the poll ends within seconds, and the next one is authenticated."""

    def close(self) -> None:
        """Wake the thread, and mark the window as closing."""
        self.closing = True
        self._calls.put(None)


class WindowRegistry:
    """The open windows of one process."""

    def __init__(self, max_windows: int, submit: Callable[[Callable[[], None]], object] = lambda work: work()) -> None:
        """Allow at most `max_windows` open windows; `submit` runs a function on a thread that may wait."""
        self._max_windows = max_windows
        self._submit = submit
        self._lock = threading.Lock()
        # Window → the time.monotonic() of its next heartbeat.
        self._all: dict[Listener, float] = {}
        # (publication, key) → windows; key None: every call of the publication.
        self._by_key: dict[tuple[str, str | None], set[Listener]] = defaultdict(set)
        # Windows whose sessions still have to be verified.
        self._unverified: list[Listener] = []
        self._verifying = False
        self._closed = threading.Event()
        self._heartbeat_thread: threading.Thread | None = None

    def __len__(self) -> int:
        """The number of open windows."""
        return len(self._all)

    def open(self, publication: str, keys: Iterable[str] | None, window: AnyListener) -> AnyListener:
        """Register `window` for the calls of `keys`, None for all calls of the publication.

        Return `window`. Raises TooManyWindowsError.
        """
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
        """Remove a window that has closed."""
        with self._lock:
            self._all.pop(window, None)
            for place, windows in list(self._by_key.items()):
                windows.discard(window)
                if not windows:
                    del self._by_key[place]

    def verify_session(self, session: str) -> None:
        """Close the windows of a session that has ended. May wait for the database."""
        with self._lock:
            windows = [window for window in self._all if window.session == session]
        for window in windows:
            window.verify()

    def notify(self, calls: Iterable[Call]) -> None:
        """Show each of `calls` in the windows that are registered for it."""
        for call in calls:
            places = [(call.publication, None), *((call.publication, ring.key) for ring in call.rings)]
            with self._lock:
                windows = {window for place in places for window in self._by_key.get(place, ())}
            for window in windows:
                try:
                    window.show(call)
                except Exception:  # a defect of ours must not affect the other windows
                    log.exception("window_failed")

    def close_all(self) -> None:
        """Close every window and allow no new ones, because the service stops."""
        self._closed.set()
        with self._lock:
            windows = list(self._all)
            self._max_windows = 0
        for window in windows:
            window.close()

    def _run_heartbeats(self) -> None:
        while not self._closed.wait(_TICK_S):
            due = self._due(time.monotonic())
            for window in due:
                try:
                    window.beat()
                except Exception:  # a defect of ours must not affect the other windows
                    log.exception("window_failed")
            if due:
                self._start_verifying(due)

    def _start_verifying(self, windows: list[Listener]) -> None:
        """Verify the sessions of `windows` on another thread: a hanging database must not stop the heartbeats."""
        with self._lock:
            self._unverified += windows
            if self._verifying:
                return
            self._verifying = True
        try:
            self._submit(self._verify)
        except Exception:  # the pool's queue is full; retried at the next heartbeat
            log.exception("window_failed")
            with self._lock:
                self._verifying = False

    def _verify(self) -> None:
        while True:
            with self._lock:
                windows, self._unverified = self._unverified, []
                if not windows:
                    self._verifying = False
                    return
            for window in dict.fromkeys(windows):
                try:
                    window.verify()
                except Exception:  # a defect of ours must not affect the other windows
                    log.exception("window_failed")

    def _due(self, now: float) -> list[Listener]:
        """Return the windows whose heartbeat is due, and set the time of their next heartbeat."""
        with self._lock:
            windows = [window for window, at in self._all.items() if at <= now]
            for window in windows:
                self._all[window] = now + HEARTBEAT_S
        return windows
