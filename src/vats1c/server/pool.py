"""Carry requests out on threads of its own, in the order they came.

A thread for each request makes all of them fight for the interpreter, unseen: half of the processor goes to the fight,
and nobody can tell how many wait. In a line they are data: they cost nothing while they wait, and are counted.
Rule: who is slow holds up nobody else; a request waits only while every thread that could take it is busy computing.
"""

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

import structlog

log = structlog.get_logger("vats1c.server.pool")

Request = TypeVar("Request")
_IDLE_S = 30


class WorkerPool(Generic[Request]):
    """A line of requests and the threads that take from it."""

    def __init__(self, work: Callable[[Request], None], max_threads: int) -> None:
        """Do `work` with each request on at most `most` threads."""
        self._work = work
        self._max_threads = max_threads
        self._queue: SimpleQueue[Request] = SimpleQueue()
        # A list stands for a number: adding and taking one is atomic, counting up and down is not.
        self._idle: list[None] = []
        self._threads = 0
        self._starting = threading.Lock()

    @property
    def queued(self) -> int:
        """How many wait for a thread."""
        return self._queue.qsize()

    def submit(self, request: Request) -> None:
        """Have `request` carried out."""
        self._queue.put(request)
        if not self._idle:
            self._start()

    def _start(self) -> None:
        with self._starting:
            if self._threads >= self._max_threads:
                return
            self._threads += 1
        threading.Thread(target=self._run, name="request", daemon=True).start()

    def _run(self) -> None:
        while True:
            self._idle.append(None)
            try:
                request = self._queue.get(timeout=_IDLE_S)
            except Empty:
                self._idle.pop()
                if self._queue.empty():
                    break
                continue
            self._idle.pop()
            # This one may be slow: somebody else must be there for the next.
            if not self._idle and not self._queue.empty():
                self._start()
            try:
                self._work(request)
            except Exception:  # a defect of ours: the thread goes on
                log.exception("request_failed")
            # A request holds its connection: it must not live until the next one comes.
            del request
        with self._starting:
            self._threads -= 1
