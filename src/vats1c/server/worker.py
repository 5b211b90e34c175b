"""One process that serves: granian's worker, driven by itself, with one Python thread.

granian's own WSGI loop would give each request a thread and let a body that never comes hold it for ever. Its RSGI
worker tells of a request's head and of its body when they are there, and holds no thread between the two.
"""

import errno
import gc
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any

from vats1c.server.dispatcher import RequestDispatcher, ServerApplication, ServerLimits

_BACKLOG = 1_024
_GC_THRESHOLD = 20_000


class PortInUseError(OSError):
    """Somebody else listens there already."""


def ensure_port_free(host: str, port: int) -> None:
    """Raise PortInUseError, or OSError, when `host`:`port` cannot be listened on.

    granian shares a port between processes (SO_REUSEPORT), so that it would start beside another one unnoticed.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if sys.platform != "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortInUseError(error.errno, os.strerror(error.errno)) from error
            raise


def serve(application: ServerApplication, host: str, port: int, limits: ServerLimits) -> None:
    """Serve until SIGTERM or SIGINT, then finish the requests in flight and return. Call it from the main thread."""
    from granian._granian import (  # noqa: PLC0415 - a command that does not serve needs none of it
        CallbackScheduler,
        ListenerSpec,
        RSGIWorker,
        WorkerSignal,
    )
    from granian.http import HTTP1Settings  # noqa: PLC0415 - likewise

    stop, stopped = WorkerSignal(), threading.Event()

    def end() -> None:
        application.begin_shutdown()
        stop.set()

    stop.add_cb(stopped.set)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: end())
    reception = RequestDispatcher(application, host, port, limits)
    worker = RSGIWorker(
        1,
        (ListenerSpec(host, port, _BACKLOG), None),
        None,
        threads=1,
        py_threads=1,
        backpressure=limits.all_connections,
        http_mode="1",
        http1_opts=HTTP1Settings(header_read_timeout=int(limits.header_timeout * 1_000)),
        metrics=(None, None),
    )
    loop = _Loop()
    scheduler = CallbackScheduler(loop, None, None, None, None)
    scheduler._schedule_fn = reception.begin  # noqa: SLF001 - granian's own schedulers are given theirs like this
    _use_batch_scheduling()
    # What is there now, phone books above all, stays to the end: the collector need not walk it again and again, nor
    # once now.
    gc.freeze()
    # Thousands of exchanges may wait to be written, none of them garbage: to walk them after every 700 new objects, as
    # Python would, takes a sixth of the processor in a storm of calls.
    gc.set_threshold(_GC_THRESHOLD)
    gc.enable()
    worker.serve_mtr(scheduler, loop, stop)
    stopped.wait()


def _use_batch_scheduling() -> None:
    """Have no thread of this process interrupt another one as soon as it has something to do (sched(7), SCHED_BATCH).

    Each answer wakes granian's thread. On a busy core it would be sent by itself, two switches of threads for each,
    which cost more than the answer; so all that were made meanwhile are sent together. A core that is free is taken
    at once.
    """
    if sys.platform != "linux":
        return
    for thread in Path("/proc/self/task").iterdir():
        # A thread may have ended; a sandbox may not allow it.
        with suppress(OSError):
            os.sched_setscheduler(int(thread.name), os.SCHED_BATCH, os.sched_param(0))


class _Loop:
    """What granian takes for the event loop: it calls at once, on granian's one Python thread."""

    # Asked for on Windows alone: elsewhere granian has futures of its own.
    create_future: Callable[[], "Future[Any]"] = Future

    def call_soon(self, call: Callable[..., None], *arguments: Any, context: Any = None) -> None:  # noqa: ARG002
        """Call."""
        call(*arguments)

    call_soon_threadsafe = call_soon
