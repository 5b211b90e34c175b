"""Background work: a bounded queue and the worker threads that process it.

Rule: an item that does not fit into the queue is rejected at once; a failed item does not stop the worker.
"""

import time
from collections.abc import Callable
from queue import Empty, Full, Queue
from threading import Lock, Thread
from typing import Generic, TypeVar

import structlog

log = structlog.get_logger("vats1c.upstream")

T = TypeVar("T")
_CLOSE_TIMEOUT_S = 3.0


class Worker(Generic[T]):
    """Call `work` with each submitted item, in submission order when there is one thread."""

    def __init__(self, name: str, work: Callable[[T], None], *, threads: int = 1, most: int = 1_000) -> None:
        """Create a queue of `most` items for `threads` threads called `name`; the first `submit` starts the threads."""
        self._name = name
        self._work = work
        self._queue: Queue[T | None] = Queue(most)
        self._threads: list[Thread] = []
        self._thread_count = threads
        self._lock = Lock()
        self._closed = False

    def submit(self, item: T) -> bool:
        """Enqueue `item`. Return False when the queue is full or the worker is closed. Never blocks."""
        if self._closed:
            return False
        if not self._threads:
            self._start()
        try:
            self._queue.put_nowait(item)
        except Full:
            return False
        return True

    def close(self, seconds: float = _CLOSE_TIMEOUT_S) -> None:
        """Reject new items, and wait up to `seconds` until the queue is processed. MAY be called twice."""
        with self._lock:
            self._closed = True
            threads, self._threads = self._threads, []
        deadline = time.monotonic() + seconds
        # One None per thread: a thread ends when it takes a None from the queue.
        if all(self._send_stop(deadline) for _ in threads):
            for thread in threads:
                thread.join(max(0.0, deadline - time.monotonic()))

    def _start(self) -> None:
        with self._lock:
            if self._threads or self._closed:
                return
            self._threads = [Thread(target=self._run, name=self._name, daemon=True) for _ in range(self._thread_count)]
            for thread in self._threads:
                thread.start()

    def _send_stop(self, deadline: float) -> bool:
        try:
            self._queue.put(None, timeout=max(0.0, deadline - time.monotonic()))
        except Full:
            return False
        return True

    def _run(self) -> None:
        while True:
            try:
                item = self._queue.get(timeout=60)
            except Empty:
                continue
            if item is None:
                return
            try:
                self._work(item)
            except Exception:  # a defect of ours must not stop the worker
                log.exception("upstream_work_failed", work=self._name)
