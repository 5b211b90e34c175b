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

log = structlog.get_logger("vats1c.crew")

Request = TypeVar("Request")
_IDLE_SECONDS = 30


class Crew(Generic[Request]):
    """A line of requests and the threads that take from it."""

    def __init__(self, work: Callable[[Request], None], most: int) -> None:
        """Do `work` with each request on at most `most` threads."""
        self._work = work
        self._most = most
        self._line: SimpleQueue[Request] = SimpleQueue()
        # A list stands for a number: adding and taking one is atomic, counting up and down is not.
        self._idle: list[None] = []
        self._threads = 0
        self._starting = threading.Lock()

    @property
    def in_line(self) -> int:
        """How many wait for a thread."""
        return self._line.qsize()

    def take(self, request: Request) -> None:
        """Have `request` carried out."""
        self._line.put(request)
        if not self._idle:
            self._start()

    def _start(self) -> None:
        with self._starting:
            if self._threads >= self._most:
                return
            self._threads += 1
        threading.Thread(target=self._serve, name="request", daemon=True).start()

    def _serve(self) -> None:
        while True:
            self._idle.append(None)
            try:
                request = self._line.get(timeout=_IDLE_SECONDS)
            except Empty:
                self._idle.pop()
                if self._line.empty():
                    break
                continue
            self._idle.pop()
            # This one may be slow: somebody else must be there for the next.
            if not self._idle and not self._line.empty():
                self._start()
            try:
                self._work(request)
            except Exception:  # a defect of ours: the thread goes on
                log.exception("request failed")
            # A request holds its connection: it must not live until the next one comes.
            del request
        with self._starting:
            self._threads -= 1
