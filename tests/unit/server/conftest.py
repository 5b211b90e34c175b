"""A real server on a loopback port for each test, with an application whose answers the test sets."""

import importlib.util
import queue
import socket
import struct
import threading
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from tests.support.live import free_port
from tests.support.waiting import until
from vats1c.http import Response
from vats1c.server import http_server
from vats1c.server.http_server import HttpServer, ServerLimits

# Nothing here takes long; a busy machine may.
TIMEOUT_S = 60
LOOPS = ["asyncio", "uvloop"] if importlib.util.find_spec("uvloop") else ["asyncio"]


@dataclass
class Answer:
    """One response as a client has read it."""

    status: int
    headers: dict[str, str]
    body: bytes = b""


class Client:
    """A TCP client that sends bytes and reads responses one after another."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)
        self._file = self.socket.makefile("rb")

    def send(self, data):
        self.socket.sendall(data)

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def close(self):
        self._file.close()
        self.socket.close()

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def response(self, *, has_body=True):
        """Read one response whole."""
        answer = self.head()
        if not has_body or answer.status in {100, 204, 304}:
            return answer
        if answer.headers.get("transfer-encoding") == "chunked":
            while piece := self.chunk():
                answer.body += piece
        elif "content-length" in answer.headers:
            answer.body = self.read(int(answer.headers["content-length"]))
        else:
            answer.body = self.rest()
        return answer

    def head(self):
        """Read one head."""
        line = self._file.readline()
        assert line.startswith(b"HTTP/1.1 "), line
        headers = {}
        while (field_line := self._file.readline()) != b"\r\n":
            name, _, value = field_line.decode("latin-1").rstrip("\r\n").partition(": ")
            assert name not in headers
            headers[name] = value
        return Answer(int(line.split()[1]), headers)

    def chunk(self):
        """Read one chunk; b"" for the last one."""
        size = int(self._file.readline(), 16)
        piece = self.read(size)
        assert self._file.readline() == b"\r\n"
        return piece

    def read(self, size):
        piece = self._file.read(size)
        assert len(piece) == size
        return piece

    def rest(self):
        """Read until the server closes the connection."""
        return self._file.read()

    def rest_or_reset(self):
        """Read until the server closes or resets the connection."""
        with suppress(ConnectionError):
            return self._file.read()
        return b""


class FakeStream:
    """A streamed body that the test sends by `writer`; notes how often the server says that the client has gone."""

    def __init__(self):
        self._writer = Future()
        self.disconnections = queue.Queue()

    def begin(self, writer):
        self._writer.set_result(writer)

    def disconnected(self):
        self.disconnections.put(threading.current_thread())

    @property
    def writer(self):
        return self._writer.result(TIMEOUT_S)


@dataclass
class FakeApplication:
    """Admits and answers each path as the test has set, and notes the calls.

    A value is an answer, an exception to raise, or a function of the request that returns an answer. A path without
    one is admitted, and answered with method, path and body.
    """

    admissions: dict[str, object] = field(default_factory=dict)
    answers: dict[str, object] = field(default_factory=dict)
    admitted: queue.Queue = field(default_factory=queue.Queue)
    handled: queue.Queue = field(default_factory=queue.Queue)
    malformed_heads: list[tuple[int, str, str]] = field(default_factory=list)
    shutdowns: int = 0
    futures: list[Future] = field(default_factory=list)

    def admit(self, request):
        self.admitted.put(request)
        return self._outcome(self.admissions.get(request.path, self), request)

    def handle(self, request):
        self.handled.put(request)
        return self._outcome(self.answers.get(request.path, echo), request)

    def malformed(self, status, path, content_type):
        self.malformed_heads.append((status, path, content_type))
        return Response(status, [("Content-Type", "text/plain")], b"malformed")

    def begin_shutdown(self):
        self.shutdowns += 1

    def future(self):
        """Return a future that the test finishes, and else the end of the test."""
        self.futures.append(Future())
        return self.futures[-1]

    @staticmethod
    def _outcome(set_by_test, request):
        if isinstance(set_by_test, Exception):
            raise set_by_test
        return set_by_test(request) if callable(set_by_test) else set_by_test


def echo(request):
    """Answer with the request."""
    body = f"{request.method} {request.path} ".encode() + request.body
    return Response(200, [("Content-Type", "text/plain")], body)


class RunningServer:
    """A server in a thread of its own."""

    def __init__(self, loop, limits):
        self.application = FakeApplication()
        self.port = free_port()
        self.server = HttpServer(self.application, limits, loop)
        self._loop = loop
        self._clients = []
        self._thread = threading.Thread(target=self._run, name="server under test", daemon=True)
        self._thread.start()
        until(self._is_answering, TIMEOUT_S)
        self.wait_for_no_connections()
        self.application.admitted.get()
        self.application.handled.get()

    def _run(self):
        try:
            self._loop.run_until_complete(self.server.run("127.0.0.1", self.port, reuse_port=False))
        finally:
            self._loop.close()

    def _is_answering(self):
        with suppress(ConnectionError), socket.create_connection(("127.0.0.1", self.port)) as probe:
            probe.sendall(b"GET /probe HTTP/1.0\r\n\r\n")
            return probe.makefile("rb").read()
        return b""

    @property
    def thread(self):
        return self._thread

    def connect(self, data=b""):
        client = Client(self.port)
        self._clients.append(client)
        client.send(data)
        return client

    def connect_accepted(self, data=b""):
        """Connect, and wait until the server has the connection."""
        before = set(self.server._connections)
        client = self.connect(data)
        until(lambda: set(self.server._connections) - before, TIMEOUT_S)
        return client

    def wait_for_no_connections(self):
        until(lambda: not self.server._connections, TIMEOUT_S)

    def wait_until_stopped(self):
        self._thread.join(TIMEOUT_S)
        assert not self._thread.is_alive()

    def close(self):
        for client in self._clients:
            client.close()
        for future in self.application.futures:
            if not future.done():
                future.set_result(Response(200, []))
        self.server.stop()
        self.wait_until_stopped()


@pytest.fixture(params=LOOPS)
def new_loop(request):
    """Return what makes an event loop: there is no uvloop for Windows."""
    return importlib.import_module(request.param).new_event_loop


@pytest.fixture
def start_server(new_loop):
    """Start servers with limits that the test sets; each is stopped at the end."""
    running = []

    def start(*, header_timeout_s=600, body_timeout_s=600, max_connections=100, max_streams=0):
        limits = ServerLimits(header_timeout_s, body_timeout_s, max_connections, max_streams)
        running.append(RunningServer(new_loop(), limits))
        return running[-1]

    yield start
    for server in running:
        server.close()


@pytest.fixture
def server(start_server):
    """Return a server that has time."""
    return start_server()


@pytest.fixture
def short_grace(monkeypatch):
    """Have a stopping server wait for no request beyond the time for a body."""
    monkeypatch.setattr(http_server, "_STOP_GRACE_S", 0.0)


@pytest.fixture
def new_stream():
    """Return a stream that the test sends."""
    return FakeStream()
