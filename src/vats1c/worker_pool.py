"""Worker threads for work that may wait: started when needed, ended when idle; they do not keep the process alive.

`concurrent.futures.ThreadPoolExecutor` is not used because it joins its threads when the process ends: one directory
that hangs would keep the service from stopping.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
_MAX_IDLE_S = 30


class QueueFullError(Exception):
    """The pool's queue is full: the work is not taken."""


class WorkerPool:
    """A queue of calls and the threads that carry them out, in the order of submission."""

    def __init__(self, name: str, max_threads: int, max_queued: int) -> None:
        """Run at most `max_threads` threads called `name`; let at most `max_queued` calls wait for one of them."""
        self._name = name
        self._max_threads = max_threads
        self._max_queued = max_queued
        self._queue: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._lock = threading.Lock()
        # Both are guarded by the lock.
        self._threads = 0
        self._idle = 0

    def submit(self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> "Future[R]":
        """Return a future of `function(*args, **kwargs)`, called by a worker thread. Raises QueueFullError."""
        future: Future[R] = Future()
        with self._lock:
            waiting = self._queue.qsize()
            starts = waiting >= self._idle and self._threads < self._max_threads
            if not starts and waiting - self._idle >= self._max_queued:
                raise QueueFullError
            if starts:
                self._threads += 1
            self._queue.put((future, lambda: function(*args, **kwargs)))
        if starts:
            threading.Thread(target=self._run, name=self._name, daemon=True).start()
        return future

    def _run(self) -> None:
        while True:
            with self._lock:
                self._idle += 1
            try:
                future, call = self._queue.get(timeout=_MAX_IDLE_S)
            except Empty:
                with self._lock:
                    self._idle -= 1
                    # A call may have been queued for this thread since.
                    if self._queue.empty():
                        self._threads -= 1
                        return
                continue
            with self._lock:
                self._idle -= 1
            try:
                result = call()
            except Exception as error:  # noqa: BLE001 - handed on to the future's owner
                future.set_exception(error)
                del error
            else:
                future.set_result(result)
                del result
            # `call` refers to its request, which must not stay in memory until the next call comes.
            del future, call
