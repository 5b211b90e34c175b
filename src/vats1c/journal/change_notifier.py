"""Wake whoever waits for something new in the journal: no polling, and an end when the service stops."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

# Another process may have written: look again this often, seconds.
_POLL_INTERVAL_S = 1.0


class TooManyWaitersError(Exception):
    """So many wait already that one more may not."""


class ChangeNotifier:
    """Rings whenever exchanges were written."""

    def __init__(self, max_waiters: int = 64) -> None:
        """Let `most` wait at once."""
        self._most = max_waiters
        self._waiting = 0
        self._rung = threading.Condition()
        self._count = 0
        self._closed = False
        self._told: set[Callable[[], None]] = set()

    def notify(self) -> None:
        """Wake whoever waits."""
        with self._rung:
            self._count += 1
            self._rung.notify_all()
            told = list(self._told)
        for tell in told:
            tell()

    def subscribe(self, whom: Callable[[], None]) -> None:
        """Have `whom` told of each ring from now on; it must not wait."""
        with self._rung:
            self._told.add(whom)

    def unsubscribe(self, whom: Callable[[], None]) -> None:
        """Have `whom` told no more."""
        with self._rung:
            self._told.discard(whom)

    def close(self) -> None:
        """Have nobody wait any more, now or later."""
        with self._rung:
            self._closed = True
            self._rung.notify_all()

    def wait_for(self, look: Callable[[], T], is_enough: Callable[[T], bool], seconds: float) -> T:
        """Return what `look` returns as soon as that is enough, else what it does after `seconds`.

        Raises TooManyWaitingError, and whatever `look` raises.
        """
        deadline = time.monotonic() + seconds
        heard = self._count
        found = look()
        if is_enough(found) or seconds <= 0:
            return found
        with self._place():
            while not self._closed and (left := deadline - time.monotonic()) > 0:
                with self._rung:
                    self._rung.wait_for(lambda: self._closed or self._count != heard, min(left, _POLL_INTERVAL_S))  # noqa: B023 - called at once
                    heard = self._count
                found = look()
                if is_enough(found):
                    break
            return found

    @contextmanager
    def _place(self) -> Iterator[None]:
        with self._rung:
            if self._waiting >= self._most:
                raise TooManyWaitersError
            self._waiting += 1
        try:
            yield
        finally:
            with self._rung:
                self._waiting -= 1
