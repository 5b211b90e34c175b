"""Count wrong logins by address, in periods of one minute and in limited memory."""

import threading
from collections import OrderedDict
from collections.abc import Callable

_WINDOW_S = 60.0
_MAX_ADDRESSES = 10_000


class Failures:
    """Counts of wrong logins by address; the address whose last failure is the oldest is dropped first."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        # Address → (start of its minute, wrong logins in it).
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def count(self, address: str) -> int:
        """Return how many logins from `address` were wrong in its current minute."""
        with self._lock:
            since, count = self._seen.get(address, (0.0, 0))
            return count if self._now() - since < _WINDOW_S else 0

    def add(self, address: str) -> int:
        """Count one more wrong login from `address`; return the count of its current minute, this login included."""
        now = self._now()
        with self._lock:
            since, count = self._seen.pop(address, (now, 0))
            if now - since >= _WINDOW_S:
                since, count = now, 0
            self._seen[address] = since, count + 1
            if len(self._seen) > _MAX_ADDRESSES:
                self._seen.popitem(last=False)
            return count + 1
