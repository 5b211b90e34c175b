"""The HTTP server of one process: it listens, limits the number of connections, and shuts down in order."""

import asyncio
import errno
import gc
import os
import signal
import socket
import sys
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any, Protocol

import structlog

from vats1c.http import Admission, Request, Response
from vats1c.server.connection import Connection

log = structlog.get_logger("vats1c.server")

_BACKLOG = 1_024
_TICK_S = 0.25
# When the service stops, requests in flight get this time in addition to the timeout of a body.
_STOP_GRACE_S = 5.0
_GC_THRESHOLD = 20_000


class PortInUseError(OSError):
    """Another program already listens on the address and port."""


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """The timeouts of a request's head and body in seconds, and the maximum numbers of connections and streams."""

    header_timeout_s: float
    body_timeout_s: float
    max_connections: int
    max_streams: int = 0


class ServerApplication(Protocol):
    """The application that the server calls on its only thread, so none of the methods may wait."""

    def admit(self, request: Request) -> Admission:
        """Decide whether to admit a request, by its head alone: see `vats1c.http.Handler.admit`."""

    def malformed(self, status: int, path: str, content_type: str) -> Response:
        """Return the response to a malformed request; `path` and `content_type` are "" if they could not be read."""

    def begin_shutdown(self) -> None:
        """End the responses that otherwise never end, such as event streams."""


class HttpServer:
    """The connections of one process."""

    def __init__(self, application: ServerApplication, limits: ServerLimits, loop: asyncio.AbstractEventLoop) -> None:
        self.application = application
        self.limits = limits
        self.stopping = False
        self.date = b""
        self._loop = loop
        self._max_connections = limits.max_connections + limits.max_streams
        # The open connections, oldest first.
        self._connections: OrderedDict[Connection, None] = OrderedDict()
        # Connections above the limit, which are not read until another connection is closed.
        self._paused: OrderedDict[Connection, None] = OrderedDict()
        self._posted: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._wake_requested = False
        self._stop_requested = asyncio.Event()

    def post(self, function: Callable[..., None], *args: Any) -> None:
        """Call `function(*args)` on the server's thread, soon. Any thread may post; one wake-up serves many calls."""
        self._posted.append((function, args))
        if not self._wake_requested:
            self._wake_requested = True
            # RuntimeError: the loop is closed, because the service has stopped.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._run_posted)

    def _run_posted(self) -> None:
        # Reset before the calls, so that a function posted during them requests another wake-up.
        self._wake_requested = False
        for _ in range(len(self._posted)):
            function, args = self._posted.popleft()
            try:
                function(*args)
            except Exception:  # a defect of ours must not stop the other calls
                log.exception("request_failed")

    def add(self, connection: Connection) -> None:
        """Add a new connection.

        At the limit, close the oldest connection without a complete request; if there is none, pause the new one.
        """
        if self.stopping:
            connection.stop()
            return
        if len(self._connections) >= self._max_connections and not self._close_oldest_unfinished():
            self._paused[connection] = None
            connection.pause()
            return
        self._connections[connection] = None

    @property
    def needs_connections_closed(self) -> bool:
        """Whether connections must be closed after their responses: the service stops, or paused connections wait."""
        return self.stopping or bool(self._paused)

    def remove(self, connection: Connection) -> None:
        """Remove a closed connection, and resume the oldest paused one in its place."""
        self._paused.pop(connection, None)
        if self._connections.pop(connection, connection) is None and self._paused:
            following, _ = self._paused.popitem(last=False)
            self._connections[following] = None
            following.resume()

    def _close_oldest_unfinished(self) -> bool:
        unfinished = [connection for connection in self._connections if connection.is_unfinished]
        # Prefer connections without an answered request: other clients may be about to send their next request.
        oldest = min(unfinished, key=lambda connection: connection.has_answered, default=None)
        if oldest is None:
            return False
        del self._connections[oldest]
        oldest.evict()
        return True

    async def run(self, host: str, port: int, *, reuse_port: bool) -> None:
        """Serve until `stop`, then finish the requests in flight."""
        self._tick()
        listener = await self._loop.create_server(
            lambda: Connection(self), host, port, backlog=_BACKLOG, reuse_port=reuse_port or None
        )
        await self._stop_requested.wait()
        self.stopping = True
        listener.close()
        self.application.begin_shutdown()
        for connection in [*self._connections, *self._paused]:
            connection.stop()
        deadline = time.monotonic() + self.limits.body_timeout_s + _STOP_GRACE_S
        while self._connections and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
            for connection in list(self._connections):
                connection.stop()
        for connection in [*self._connections, *self._paused]:
            connection.evict()
        # One more iteration of the loop, so that the streams learn that they were disconnected.
        await asyncio.sleep(0)

    def stop(self) -> None:
        """Make `run` finish the requests in flight and return. Any thread may call it."""
        self.post(self._stop_requested.set)

    def stop_on_signals(self) -> None:
        """Stop at SIGTERM or SIGINT. Call it from the main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            if sys.platform == "win32":
                signal.signal(number, lambda *_: self.stop())
            else:
                self._loop.add_signal_handler(number, self.stop)

    def _tick(self) -> None:
        self.date = f"date: {formatdate(usegmt=True)}\r\n".encode()
        now = time.monotonic()
        for connection in list(self._connections):
            if connection.deadline is not None and connection.deadline <= now:
                connection.on_deadline()
        self._loop.call_later(_TICK_S, self._tick)


def ensure_port_free(host: str, port: int) -> None:
    """Raise PortInUseError, or OSError, when `host`:`port` cannot be listened on.

    Workers share their port (SO_REUSEPORT), so they would not notice another service that shares the same port.
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


def serve(
    application: ServerApplication, host: str, port: int, limits: ServerLimits, *, reuse_port: bool = False
) -> None:
    """Serve until SIGTERM or SIGINT, then finish the requests in flight and return. Call it from the main thread.

    With `reuse_port` several processes may listen on the same port.
    """
    loop = _new_event_loop()
    try:
        asyncio.set_event_loop(loop)
        _raise_descriptor_limit()
        # The present objects, mostly callers, live until the end, so the garbage collector need not examine them.
        gc.freeze()
        # Under load thousands of exchanges wait to be written, and none of them is garbage. With Python's default
        # threshold of 700 new objects, examining them takes a sixth of the processor time.
        gc.set_threshold(_GC_THRESHOLD)
        gc.enable()
        server = HttpServer(application, limits, loop)
        server.stop_on_signals()
        loop.run_until_complete(server.run(host, port, reuse_port=reuse_port))
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def _new_event_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop  # noqa: PLC0415 - not available on Windows
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _raise_descriptor_limit() -> None:
    """Raise the soft limit of open files, which is often 1,024, to the hard limit (setrlimit(2))."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not available on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
