"""Delays of requests, limited in number; all of them end when the service stops."""

import threading
from collections import deque

# The limit, because each delay occupies a connection and a thread.
_MAX_DELAYS = 64


class DelayPool:
    """The delays of one process. Called by many threads at once."""

    def __init__(self, most: int = _MAX_DELAYS) -> None:
        """Allow at most `most` delays at the same time."""
        self._most = most
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._closed = False

    def wait(self, seconds: float) -> None:
        """Return after `seconds`, or earlier: when the service stops, or if this is the oldest of too many delays."""
        if seconds <= 0:
            return
        over = threading.Event()
        with self._lock:
            if self._closed:
                return
            self._waiting.append(over)
            if len(self._waiting) > self._most:
                self._waiting.popleft().set()
        over.wait(seconds)
        with self._lock:
            if over in self._waiting:
                self._waiting.remove(over)

    def close(self) -> None:
        """End all delays; later delays end at once."""
        with self._lock:
            self._closed = True
            for one in self._waiting:
                one.set()
