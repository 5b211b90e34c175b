"""Refuse what cannot even wait: at once while few are refused, a few at a time in a storm.

Refusing takes a good part of what answering takes, so whoever refused everybody at once would have nothing left to
answer by. Rule: whoever is answered comes first; whoever is refused waits for that, its connection unread, at no cost.
"""

import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

import structlog

log = structlog.get_logger("vats1c.server")

Request = TypeVar("Request")
# So many are refused in a row; then whoever is answered has the processor for as long as is said, seconds, and at least
# for so many times as long as the refusing took.
_IN_A_ROW = 16
_PAUSE = 0.002
_REST = 9
# A storm is over when nobody was refused for so long, seconds, and an overload when nobody was for so long.
_LULL = 0.25
_CALM = 5.0


class Refusals(Generic[Request]):
    """Those who are to be refused, and the thread that does it: it is there only while there is somebody."""

    def __init__(self, refuse: Callable[[Request], None], calm: float = _CALM) -> None:
        """Do `refuse` with each; after `calm` seconds without a refusal it is said that the overload is over."""
        self._refuse = refuse
        self._calm = calm
        self._waiting: SimpleQueue[Request] = SimpleQueue()
        self._overloaded = threading.Lock()
        # Whether somebody was refused a moment ago.
        self.storm = False

    def take(self, request: Request) -> None:
        """Have `request` refused. That an overload begins, and that it is over, is said in the log."""
        self._waiting.put(request)
        self.storm = True
        self._begin()

    def _begin(self) -> None:
        if self._overloaded.acquire(blocking=False):
            log.warning("overloaded")
            threading.Thread(target=self._until_calm, name="refusals", daemon=True).start()

    def _until_calm(self) -> None:
        refused = 0
        while some := self._some(_LULL) or self._some(self._calm - _LULL, lull=True):
            begun = time.perf_counter()
            for request in some:
                try:
                    self._refuse(request)
                except Exception:  # a defect of ours: the others are refused all the same
                    log.exception("request failed")
            refused += len(some)
            # A request holds its connection: it must not live until the next one comes.
            del some[:]
            time.sleep(max(_PAUSE, _REST * (time.perf_counter() - begun)))
        log.warning("overload over", refused=refused)
        self._overloaded.release()
        # Whoever came between the last look and this line found the thread still there.
        if not self._waiting.empty():
            self._begin()

    def _some(self, seconds: float, *, lull: bool = False) -> list[Request]:
        """Return those who are refused next, nobody when none comes within `seconds`; with `lull` the storm is over."""
        if lull:
            self.storm = False
        some: list[Request] = []
        try:
            some.append(self._waiting.get(timeout=seconds))
            while len(some) < _IN_A_ROW:
                some.append(self._waiting.get_nowait())
        except Empty:
            pass
        return some
