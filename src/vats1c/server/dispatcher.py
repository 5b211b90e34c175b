"""The request dispatcher: answer a request that cannot wait at once, submit any other to the worker pool.

Rule: `begin` and the functions that it calls run on granian's one Python thread, so they never wait.
"""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol
from wsgiref.types import StartResponse, WSGIEnvironment

import structlog

from vats1c.server.environ import BufferedBody, StreamingBody, base_environ, build_environ
from vats1c.server.pool import WorkerPool
from vats1c.server.shedding import LoadShedder

log = structlog.get_logger("vats1c.server")

ResponseParts = tuple[int, list[tuple[str, str]], bytes]
_TICK_S = 0.25
# Whoever sends no body for so long, seconds, is not waiting for us.
_SLOW_BODY_S = 0.05
# In a storm so many times fewer may wait: more would only wait longer.
_STORM_QUEUE_DIVISOR = 5
# granian takes what is sent on an answer without an end as fast as it is given. A window is told to come again after
# so many bytes: one that does not read keeps no more than these.
_MAX_STREAMED_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """What connections may take: seconds, and connections a process (each may hold one thread).

    `windows` are those of answers that do not end by themselves. At most `waiting` requests wait in line.
    """

    header_timeout: float
    body_timeout: float
    connections: int
    windows: int
    max_queued: int

    @property
    def all_connections(self) -> int:
        """How many there may be with those of windows."""
        return self.connections + self.windows


class ServerApplication(Protocol):
    """What can be served: a WSGI application that also knows what to say when a body is late."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse, /) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""

    def timeout_response(self, environ: WSGIEnvironment) -> ResponseParts:
        """Return status, headers and body for a request whose body did not arrive in time."""

    def may_queue(self, environ: WSGIEnvironment) -> bool:
        """Tell whether a request is to wait in line with others: its sender is known, and its body is short."""

    def is_nonblocking(self, environ: WSGIEnvironment, body: bytes) -> bool:
        """Tell whether such a request, with this body, is answered without waiting for anything."""

    def submit(
        self, environ: WSGIEnvironment, body: bytes, send: Callable[[int, list[tuple[str, str]], bytes], None]
    ) -> bool:
        """Take such a request without waiting, to answer it through `send` from another thread; tell whether it did."""

    def overload_response(self, environ: WSGIEnvironment) -> ResponseParts:
        """Return status, headers and body for a request that cannot even wait in line."""

    def begin_shutdown(self) -> None:
        """Have answers that do not end by themselves come to their end."""


class RequestDispatcher:
    """Where all requests come in."""

    def __init__(self, application: ServerApplication, host: str, port: int, limits: ServerLimits) -> None:
        """Have `application` answer what comes to `host`:`port`, within `limits`."""
        self._application = application
        self._body_timeout = limits.body_timeout
        self._base_environ = base_environ(host, port)
        self._body_deadlines = _BodyDeadlines(limits.body_timeout, application.timeout_response)
        self._pool = WorkerPool(self.answer, limits.connections)
        # Whoever does not stand in line: strangers, pages, windows.
        self._unqueued_pool = WorkerPool(self.answer, limits.all_connections)
        self._shedder = LoadShedder(self._refuse)
        self._max_queued = limits.max_queued
        self._max_queued_when_shedding = max(1, limits.max_queued // _STORM_QUEUE_DIVISOR)

    def begin(self, watcher: Any) -> None:
        """Take a request whose head has come. Called by granian; whatever goes wrong must not come back to it."""
        try:
            self._begin(watcher, build_environ(watcher.scope, self._base_environ))
        except Exception:  # a defect of ours
            log.exception("request_failed")
            watcher.done()

    def _begin(self, watcher: Any, environ: WSGIEnvironment) -> None:
        if not self._application.may_queue(environ):
            if watcher.scope.http_version == "1":
                # granian's name of HTTP/1.0.
                environ["SERVER_PROTOCOL"] = "HTTP/1.0"
            environ["wsgi.input"] = StreamingBody(watcher.proto, self._body_timeout)
            self._unqueued_pool.submit((watcher, environ))
        elif self._is_full():
            self._shedder.submit((watcher.proto, environ))
        else:
            protocol = watcher.proto
            self._body_deadlines.start(protocol, environ)
            protocol().add_done_callback(lambda read: self._on_body(watcher, protocol, environ, read))

    def _is_full(self) -> bool:
        """Tell whether no more may wait. In a storm the line is short, as it never gets shorter by itself."""
        most = self._max_queued_when_shedding if self._shedder.is_shedding else self._max_queued
        return self._pool.queued + self._body_deadlines.queued() >= most

    def _refuse(self, asked: tuple[Any, WSGIEnvironment]) -> None:
        protocol, environ = asked
        protocol.response_bytes(*self._application.overload_response(environ))

    def _on_body(self, watcher: Any, protocol: Any, environ: WSGIEnvironment, read: Any) -> None:
        """Take the same request once its body has come."""
        if not self._body_deadlines.finish(protocol):
            return
        try:
            body = bytes(read.result())
        except Exception:  # noqa: BLE001 - granian's own class: the sender has gone, and what it sent is cut short
            body = b""
        environ["wsgi.input"] = BufferedBody(body)
        try:
            if self._application.is_nonblocking(environ, body):
                self.answer((watcher, environ))
            elif not self._application.submit(environ, body, protocol.response_bytes):
                environ["wsgi.input"] = BufferedBody(body)
                self._pool.submit((watcher, environ))
        except Exception:  # a defect of ours
            log.exception("request_failed")
            watcher.done()

    def answer(self, asked: tuple[Any, WSGIEnvironment]) -> None:
        """Answer a request."""
        watcher, environ = asked
        said: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Any:
            said[:] = int(status[:3]), headers

        try:
            pieces = self._application(environ, start_response)
            if getattr(pieces, "endless", False):
                send = _sender(watcher.proto.response_stream(said[0], said[1]))
                begin = getattr(pieces, "begin", None)
                if begin is None:
                    _stream(send, pieces)
                else:
                    begin(send)
                return
            try:
                body = b"".join(pieces)
            finally:
                close = getattr(pieces, "close", None)
                if close is not None:
                    close()
            if not environ["wsgi.input"].late:
                watcher.proto.response_bytes(said[0], said[1], body)
        finally:
            if environ["wsgi.input"].late:
                watcher.proto.response_bytes(*self._application.timeout_response(environ))
            # Whoever keeps the variables is not to keep the connection.
            environ["wsgi.input"] = None
            # granian lets go of the body; what was not answered is answered 500.
            watcher.done()


def _sender(transport: Any) -> Callable[[bytes], bool]:
    """Return what sends one piece more of an answer, without waiting, and tells whether another may follow.

    None may when the client has gone, or has had enough for one answer. The answer ends when nobody holds its sender.
    """
    sent = 0

    def send(piece: bytes) -> bool:
        nonlocal sent
        sent += len(piece)
        try:
            # Nothing is awaited: granian tells at once whether the client is still there.
            next(transport.send_bytes(piece), None)
        except Exception:  # noqa: BLE001 - granian's own class: the client has gone
            return False
        return sent <= _MAX_STREAMED_BYTES

    return send


def _stream(send: Callable[[bytes], bool], pieces: Any) -> None:
    """Send an answer piece by piece, on a thread that may wait for the next one."""
    try:
        for piece in pieces:
            if not send(piece):
                return
    finally:
        pieces.close()


class _BodyDeadlines:
    """Bodies that are being read, and when each is late: a watcher answers for the late ones."""

    def __init__(self, seconds: float, late: Callable[[WSGIEnvironment], ResponseParts]) -> None:
        self._seconds = seconds
        self._late = late
        self._begun: dict[Any, tuple[float, WSGIEnvironment]] = {}
        # How many stand in line of those begun since `_since`, and of those begun before, since `_earlier`.
        self._new = self._before = 0
        self._since = self._earlier = 0.0
        threading.Thread(target=self._watch, name="body-deadlines", daemon=True).start()

    def queued(self) -> int:
        """Return how many stand in line to be read; whose body is slow to come keeps nobody waiting."""
        now = time.monotonic()
        if now - self._since >= _SLOW_BODY_S:
            recent = now - self._since < 2 * _SLOW_BODY_S
            self._before, self._earlier = (self._new, self._since) if recent else (0, now)
            self._new, self._since = 0, now
        return self._new + self._before

    def start(self, protocol: Any, environ: WSGIEnvironment) -> None:
        self._begun[protocol] = (time.monotonic(), environ)
        self._new += 1

    def finish(self, protocol: Any) -> bool:
        """Tell whether the request is to be carried out: the watcher may have answered already."""
        begun, _ = self._begun.pop(protocol, (0.0, None))
        if begun >= self._since:
            self._new -= 1
        elif begun >= self._earlier:
            self._before -= 1
        return begun > 0

    def _watch(self) -> None:
        while True:
            time.sleep(_TICK_S)
            now = time.monotonic()
            for protocol, (begun, environ) in list(self._begun.items()):
                # Whoever takes the entry out answers: this watcher, or whoever reads.
                if now - begun >= self._seconds and self.finish(protocol):
                    protocol.response_bytes(*self._late(environ))
