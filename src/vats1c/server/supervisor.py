"""Supervise the worker processes that serve one port: start them, restart them when they die, stop them together."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

_TICK_S = 0.25
_MIN_LIFETIME_S = 5.0


class WorkersDyingError(Exception):
    """Worker processes die soon after their start, so restarting them would be useless."""


def run(count: int, work: Callable[[Any], None], argument: Any) -> None:
    """Run `work(argument)` in `count` processes until SIGTERM or SIGINT; restart a process that dies.

    Raises WorkersDyingError when a process dies within seconds of its start.
    """
    # A forked process would inherit locks and connections, but not the threads that serve them.
    context = multiprocessing.get_context("spawn")
    stopping = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopping.set())

    def start() -> tuple[Any, float]:
        process = context.Process(target=_run_worker, args=(work, argument))
        process.start()
        return process, time.monotonic()

    workers = [start() for _ in range(count)]
    try:
        while not stopping.wait(_TICK_S):
            for place, (process, since) in enumerate(workers):
                if process.is_alive():
                    continue
                if time.monotonic() - since < _MIN_LIFETIME_S:
                    raise WorkersDyingError
                workers[place] = start()
    finally:
        for process, _ in workers:
            process.terminate()
        for process, _ in workers:
            process.join()


def _run_worker(work: Callable[[Any], None], argument: Any) -> None:
    threading.Thread(target=_stop_with_supervisor, name="supervisor", daemon=True).start()
    work(argument)


def _stop_with_supervisor() -> None:
    """Stop this process when the supervisor is killed; otherwise it would keep the port, and nothing would stop it."""
    supervisor = multiprocessing.parent_process()
    if supervisor is not None:
        supervisor.join()
        os.kill(os.getpid(), signal.SIGTERM)
