"""Work that nobody waits for: a bounded queue, and the threads that empty it.

Rule: what does not fit is refused at once, and one item's failure is not the next one's.
"""

import time
from collections.abc import Callable
from queue import Empty, Full, Queue
from threading import Lock, Thread
from typing import Generic, TypeVar

import structlog

log = structlog.get_logger("vats1c.upstream")

T = TypeVar("T")
_CLOSING = 3.0


class Worker(Generic[T]):
    """Does `work` on each item, in the order given where there is one thread."""

    def __init__(self, name: str, work: Callable[[T], None], *, threads: int = 1, most: int = 1_000) -> None:
        """Take the work and the `most` items that may wait for it. Nothing is started before there is an item."""
        self._name = name
        self._work = work
        self._waiting: Queue[T | None] = Queue(most)
        self._threads: list[Thread] = []
        self._most_threads = threads
        self._lock = Lock()
        self._closed = False

    def submit(self, item: T) -> bool:
        """Have `item` worked on; False when too many wait already. Never waits."""
        if self._closed:
            return False
        if not self._threads:
            self._start()
        try:
            self._waiting.put_nowait(item)
        except Full:
            return False
        return True

    def close(self, seconds: float = _CLOSING) -> None:
        """Let what waits be done for so many seconds at most. MAY be called twice."""
        with self._lock:
            self._closed = True
            threads, self._threads = self._threads, []
        over = time.monotonic() + seconds
        # One word for each thread, whichever hears it.
        if all(self._send_stop(over) for _ in threads):
            for thread in threads:
                thread.join(max(0.0, over - time.monotonic()))

    def _start(self) -> None:
        with self._lock:
            if self._threads or self._closed:
                return
            self._threads = [Thread(target=self._run, name=self._name, daemon=True) for _ in range(self._most_threads)]
            for thread in self._threads:
                thread.start()

    def _send_stop(self, over: float) -> bool:
        try:
            self._waiting.put(None, timeout=max(0.0, over - time.monotonic()))
        except Full:
            return False
        return True

    def _run(self) -> None:
        while True:
            try:
                item = self._waiting.get(timeout=60)
            except Empty:
                continue
            if item is None:
                return
            try:
                self._work(item)
            except Exception:  # a defect of ours: the next item is worked on
                log.exception("upstream_work_failed", work=self._name)
