"""Run the WSGI application in granian's worker: HTTP in Rust, Python on threads, a deadline on every body.

granian's own WSGI loop would let a body that never comes hold a thread and its client for ever. So this room drives
granian's worker class itself and answers 408 over the stalled read. granian's thread reads a request whose sender is
known and puts it in line for the crew; any other request it carries out itself. Rule: the only module that imports
granian; it knows nothing of what the application does.
"""

import errno
import gc
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Protocol
from wsgiref.types import StartResponse, WSGIEnvironment

from vats1c.crew import Crew

Late = tuple[int, list[tuple[str, str]], bytes]
_TICK = 0.25
_BACKLOG = 1_024
_SHORT_LIFE = 5.0
_IDLE_THREAD_SECONDS = 30


class Served(Protocol):
    """What can be served: a WSGI application that also knows what to say when a body is late."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse, /) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""

    def late(self, environ: WSGIEnvironment) -> Late:
        """Return status, headers and body for a request whose body did not arrive in time."""

    def queues(self, environ: WSGIEnvironment) -> bool:
        """Tell whether a request is to wait in line with others: its sender is known, and its body is short."""

    def overloaded(self, environ: WSGIEnvironment) -> Late:
        """Return status, headers and body for a request that cannot even wait in line."""

    def stopping(self) -> None:
        """Have answers that do not end by themselves come to their end."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What connections may take: seconds, and connections a process (each may hold one thread).

    `windows` are those of answers that do not end by themselves. At most `waiting` requests wait in line.
    """

    header_timeout: float
    body_timeout: float
    connections: int
    windows: int
    waiting: int


class PortInUseError(OSError):
    """Somebody else listens there already."""


def refuse_taken(host: str, port: int) -> None:
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


def serve(application: Served, host: str, port: int, limits: Limits) -> None:
    """Serve until SIGTERM or SIGINT, then finish the requests in flight and return. Call it from the main thread."""
    from asyncio import new_event_loop  # noqa: PLC0415 - with granian: a command that does not serve needs neither

    from granian._futures import _new_cbscheduler  # noqa: PLC0415
    from granian._granian import ListenerSpec, WorkerSignal, WSGIWorker  # noqa: PLC0415
    from granian.http import HTTP1Settings  # noqa: PLC0415

    stop, stopped = WorkerSignal(), threading.Event()

    def end() -> None:
        application.stopping()
        stop.set()

    stop.add_cb(stopped.set)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: end())
    connections = limits.connections + limits.windows
    deadlines = _Deadlines(limits.body_timeout, application.late)
    worker = WSGIWorker(
        1,
        (ListenerSpec(host, port, _BACKLOG), None),
        None,
        threads=1,
        py_threads=connections,
        py_threads_idle_timeout=_IDLE_THREAD_SECONDS,
        backpressure=connections,
        http_mode="1",
        http1_opts=HTTP1Settings(header_read_timeout=int(limits.header_timeout * 1_000)),
        metrics=(None, None),
    )
    scheduler = _new_cbscheduler(new_event_loop(), _caller(application, deadlines, limits), impl_asyncio=True)
    # What is there now, phone books above all, stays to the end: the collector need not walk it again and again.
    gc.collect()
    gc.freeze()
    worker.serve_mtr(scheduler, scheduler._loop, stop)  # noqa: SLF001 - granian gives the loop no other name
    stopped.wait()


class WorkersDyingError(Exception):
    """Worker processes die as soon as they start: starting more would help nobody."""


def supervise(count: int, work: Callable[[Any], None], argument: Any) -> None:
    """Run `work(argument)` in `count` processes until SIGTERM or SIGINT; one that dies is started again.

    Raises WorkersDyingError when one dies within seconds of its start.
    """
    # Forked threads and connections would be half alive; a fresh process has neither.
    context = multiprocessing.get_context("spawn")
    stopping = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopping.set())

    def start() -> tuple[Any, float]:
        process = context.Process(target=work, args=(argument,))
        process.start()
        return process, time.monotonic()

    workers = [start() for _ in range(count)]
    try:
        while not stopping.wait(_TICK):
            for place, (process, since) in enumerate(workers):
                if process.is_alive():
                    continue
                if time.monotonic() - since < _SHORT_LIFE:
                    raise WorkersDyingError
                workers[place] = start()
    finally:
        for process, _ in workers:
            process.terminate()
        for process, _ in workers:
            process.join()


def _caller(application: Served, deadlines: "_Deadlines", limits: Limits) -> Callable[[Any, dict[str, Any]], None]:
    """Return the function that granian calls on a thread for each request, with its protocol and CGI variables."""
    constant: dict[str, Any] = {
        "SCRIPT_NAME": "",
        "wsgi.version": (1, 0),
        "wsgi.errors": sys.stderr,
        "wsgi.input_terminated": True,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }

    def call(protocol: Any, scope: dict[str, Any]) -> None:
        environ = constant | scope
        body = environ["wsgi.input"] = _Body(scope["wsgi.input"], protocol, environ, deadlines)
        if not application.queues(environ):
            answer((protocol, environ))
        elif crew.full():
            protocol.response_bytes(*application.overloaded(environ))
        else:
            # granian gives a body only to the thread that it has called.
            environ["wsgi.input"] = body.whole()
            crew.take((protocol, environ))

    def answer(asked: tuple[Any, WSGIEnvironment]) -> None:
        protocol, environ = asked
        said: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Any:
            said[:] = int(status[:3]), headers

        pieces = application(environ, start_response)
        if getattr(pieces, "endless", False):
            protocol.response_iter(said[0], said[1], _Pieces(pieces))
            return
        try:
            body = b"".join(pieces)
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()
        protocol.response_bytes(said[0], said[1], body)

    crew = Crew(answer, limits.connections, limits.waiting)
    return call


class _Pieces:
    """An answer that granian asks for piece by piece."""

    def __init__(self, answer: Any) -> None:
        self._pieces = iter(answer)
        self._answer = answer

    def __next__(self) -> bytes:
        return next(self._pieces)  # type: ignore[no-any-return]

    def close(self) -> None:
        self._answer.close()


class _Body:
    """A request's body (wsgi.input) whose reader is not left waiting past the deadline."""

    __slots__ = ("_body", "_deadlines", "_environ", "_protocol")

    def __init__(self, body: Any, protocol: Any, environ: WSGIEnvironment, deadlines: "_Deadlines") -> None:
        self._body = body
        self._protocol = protocol
        self._environ = environ
        self._deadlines = deadlines

    def read(self, size: int | None = None) -> bytes:
        """Return up to `size` bytes, all when None. Raises TimeoutError once the client has been told it is late."""
        protocol = self._protocol
        self._deadlines.start(protocol, self._environ)
        try:
            return self._body.read(size)  # type: ignore[no-any-return]
        finally:
            self._deadlines.finish(protocol)

    def whole(self) -> "BytesIO | _LateBody":
        """Return the body, read; one that was late says so to whoever reads it."""
        try:
            return BytesIO(self.read())
        except TimeoutError:
            return _LateBody()


class _LateBody:
    """A body that did not arrive in time."""

    def read(self, _size: int | None = None) -> bytes:
        raise TimeoutError


class _Deadlines:
    """Bodies being read, and when each is late; a watcher answers for the late ones.

    A blocked read cannot be broken off: its thread is free again when the client, told 408 and Connection: close,
    goes away. There is a thread for every connection, so nobody else waits for it.
    """

    def __init__(self, seconds: float, late: Callable[[WSGIEnvironment], Late]) -> None:
        self._seconds = seconds
        self._late = late
        self._reading: dict[Any, tuple[float, WSGIEnvironment]] = {}
        threading.Thread(target=self._watch, name="body-deadlines", daemon=True).start()

    def start(self, protocol: Any, environ: WSGIEnvironment) -> None:
        self._reading[protocol] = (time.monotonic() + self._seconds, environ)

    def finish(self, protocol: Any) -> None:
        """Raise TimeoutError when the watcher has answered already: the request must not be carried out as well."""
        if self._reading.pop(protocol, None) is None:
            raise TimeoutError

    def _watch(self) -> None:
        while True:
            time.sleep(_TICK)
            now = time.monotonic()
            for protocol, (deadline, environ) in list(self._reading.items()):
                # Whoever takes the entry out answers: this watcher or the reader.
                if now >= deadline and self._reading.pop(protocol, None) is not None:
                    protocol.response_bytes(*self._late(environ))
