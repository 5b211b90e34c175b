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
_BATCH_SIZE = 16
_MIN_PAUSE_S = 0.002
_PAUSE_FACTOR = 9
# A storm is over when nobody was refused for so long, seconds, and an overload when nobody was for so long.
_SHEDDING_END_S = 0.25
_OVERLOAD_END_S = 5.0


class LoadShedder(Generic[Request]):
    """Those who are to be refused, and the thread that does it: it is there only while there is somebody."""

    def __init__(self, refuse: Callable[[Request], None], calm: float = _OVERLOAD_END_S) -> None:
        """Do `refuse` with each; after `calm` seconds without a refusal it is said that the overload is over."""
        self._refuse = refuse
        self._calm = calm
        self._waiting: SimpleQueue[Request] = SimpleQueue()
        self._overloaded = threading.Lock()
        # Whether somebody was refused a moment ago.
        self.is_shedding = False

    def submit(self, request: Request) -> None:
        """Have `request` refused. That an overload begins, and that it is over, is said in the log."""
        self._waiting.put(request)
        self.is_shedding = True
        self._start()

    def _start(self) -> None:
        if self._overloaded.acquire(blocking=False):
            log.warning("overload_began")
            threading.Thread(target=self._run, name="refusals", daemon=True).start()

    def _run(self) -> None:
        refused = 0
        while some := self._next_batch(_SHEDDING_END_S) or self._next_batch(self._calm - _SHEDDING_END_S, lull=True):
            begun = time.perf_counter()
            for request in some:
                try:
                    self._refuse(request)
                except Exception:  # a defect of ours: the others are refused all the same
                    log.exception("request_failed")
            refused += len(some)
            # A request holds its connection: it must not live until the next one comes.
            del some[:]
            time.sleep(max(_MIN_PAUSE_S, _PAUSE_FACTOR * (time.perf_counter() - begun)))
        log.warning("overload_ended", refused=refused)
        self._overloaded.release()
        # Whoever came between the last look and this line found the thread still there.
        if not self._waiting.empty():
            self._start()

    def _next_batch(self, seconds: float, *, lull: bool = False) -> list[Request]:
        """Return those who are refused next, nobody when none comes within `seconds`; with `lull` the storm is over."""
        if lull:
            self.is_shedding = False
        some: list[Request] = []
        try:
            some.append(self._waiting.get(timeout=seconds))
            while len(some) < _BATCH_SIZE:
                some.append(self._waiting.get_nowait())
        except Empty:
            pass
        return some
