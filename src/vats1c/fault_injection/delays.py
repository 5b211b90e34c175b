"""Requests that are made to wait: bounded, and let go when the service ends."""

import threading
from collections import deque

# Each holds a connection and its thread.
_MAX_DELAYS = 64


class DelayPool:
    """The waits of one process. Called by many threads at once."""

    def __init__(self, most: int = _MAX_DELAYS) -> None:
        """Let `most` wait at once."""
        self._most = most
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._closed = False

    def wait(self, seconds: float) -> None:
        """Return after `seconds`; sooner when the service ends, or as the oldest of more than may wait."""
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
        """Let all go, and have nobody wait any more."""
        with self._lock:
            self._closed = True
            for one in self._waiting:
                one.set()
