"""Wake the requests that wait for new exchanges in the journal, and end their waiting when the service stops."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

# Writes of other processes send no notification here, so a waiter also looks at this interval.
_POLL_INTERVAL_S = 1.0


class TooManyWaitersError(Exception):
    """The limit of concurrent waiters is reached."""


class ChangeNotifier:
    """Notifies waiters and subscribers whenever this process has written exchanges."""

    def __init__(self, max_waiters: int = 64) -> None:
        """Allow at most `max_waiters` concurrent calls of `wait_for`."""
        self._max_waiters = max_waiters
        self._waiters = 0
        self._changed = threading.Condition()
        self._notifications = 0
        self._closed = False
        self._subscribers: set[Callable[[], None]] = set()

    def notify(self) -> None:
        """Wake all waiters and call all subscribers."""
        with self._changed:
            self._notifications += 1
            self._changed.notify_all()
            subscribers = list(self._subscribers)
        for on_change in subscribers:
            on_change()

    def subscribe(self, on_change: Callable[[], None]) -> None:
        """Call `on_change` without arguments at each notification from now on; it must not block."""
        with self._changed:
            self._subscribers.add(on_change)

    def close(self) -> None:
        """Wake all waiters; later calls of `wait_for` return without waiting."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wait_for(self, look: Callable[[], T], is_enough: Callable[[T], bool], seconds: float) -> T:
        """Call `look` now and after each notification; return its first result for which `is_enough` returns True.

        After `seconds`, or when the notifier is closed, return the last result. Raises TooManyWaitersError, and any
        error of `look`.
        """
        deadline = time.monotonic() + seconds
        notifications = self._notifications
        result = look()
        if is_enough(result) or seconds <= 0:
            return result
        with self._waiter():
            while not self._closed and (left := deadline - time.monotonic()) > 0:
                with self._changed:
                    self._changed.wait_for(
                        lambda: self._closed or self._notifications != notifications,  # noqa: B023 - called at once
                        min(left, _POLL_INTERVAL_S),
                    )
                    notifications = self._notifications
                result = look()
                if is_enough(result):
                    break
            return result

    @contextmanager
    def _waiter(self) -> Iterator[None]:
        with self._changed:
            if self._waiters >= self._max_waiters:
                raise TooManyWaitersError
            self._waiters += 1
        try:
            yield
        finally:
            with self._changed:
                self._waiters -= 1
