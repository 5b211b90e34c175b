"""Send one HTTP request to a web service and bring back all of the answer, within a deadline and a size.

Rule: the standard library alone; no redirect is followed, no proxy of the environment is used, and no password is
repeated.
"""

import http.client
import io
import select
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vats1c.messages import Message
from vats1c.simulator.address import ServiceAddress

_MAX_BYTES = 1 << 20
_CONNECT_TIMEOUT_S = 5.0
_CHUNK = 32
_MAX_REASON_CHARS = 120


@dataclass(frozen=True, slots=True)
class HttpReply:
    """What came back: HTTP status, headers by lower-case name, the body whole, and seconds from sending to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def content_type(self) -> str:
        """The Content-Type as it was sent, "" without one."""
        return self.headers.get("content-type", "")


class SendingError(Exception):
    """No answer came: `kind` is "unreachable", "tls", "timeout", "closed" (cut short) or "http" (no HTTP, too much)."""

    def __init__(self, kind: str, ru: str, en: str, seconds: float = 0.0) -> None:
        super().__init__(en)
        self.kind = kind
        self.message = Message(ru, en)
        self.seconds = seconds


class Sender:
    """A connection to one web service, kept open between requests when `keep` is set. For one thread."""

    def __init__(self, to: ServiceAddress, timeout: float, *, keep: bool = False, most_bytes: int = _MAX_BYTES) -> None:
        """Give each request `timeout` seconds, and its answer's body `most_bytes`."""
        self.to = to
        self._timeout = timeout
        self._keep = keep
        self._most_bytes = most_bytes
        self._connection: Any = None

    def post(self, body: bytes, headers: Mapping[str, str], *, chunked: bool = False) -> HttpReply:
        """Return the answer to a POST of `body`, sent in chunks when `chunked`. Raises SendingError."""
        return self._send("POST", self.to.path, body, headers, chunked=chunked)

    def get(self, query: str, headers: Mapping[str, str]) -> HttpReply:
        """Return the answer to a GET with the query string `query`. Raises SendingError."""
        path = f"{self.to.path}?{query}" if query else self.to.path
        return self._send("GET", path, b"", headers, chunked=False)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _send(self, method: str, path: str, body: bytes, headers: Mapping[str, str], *, chunked: bool) -> HttpReply:
        begun = time.perf_counter()
        deadline = time.monotonic() + self._timeout
        done = False
        try:
            connection = self._opened(deadline)
            _write(connection, method, path, body, headers, chunked=chunked)
            answer = self._read(connection, begun)
            done = self._keep and connection.sock is not None
        except (OSError, http.client.HTTPException) as error:
            raise self._said(error, time.perf_counter() - begun) from error
        finally:
            if not done:
                self.close()
        return answer

    def _opened(self, deadline: float) -> Any:
        """Return the connection, a new one where the other side has closed the one there was."""
        kept = self._connection
        if kept is not None and kept.sock is not None:
            if not _is_readable(kept.sock):
                kept.sock.deadline = deadline
                return kept
            kept.close()
        timeout = max(0.001, min(_CONNECT_TIMEOUT_S, deadline - time.monotonic()))
        if self.to.scheme == "https":
            context = ssl.create_default_context()
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                self.to.host, self.to.port, timeout=timeout, context=context
            )
        else:
            connection = http.client.HTTPConnection(self.to.host, self.to.port, timeout=timeout)
        self._connection = connection
        connection.connect()
        connection.sock = _Timed(connection.sock, deadline)
        return connection

    def _read(self, connection: http.client.HTTPConnection, begun: float) -> HttpReply:
        with connection.getresponse() as response:
            body = response.read(self._most_bytes + 1)
            if len(body) > self._most_bytes:
                raise _TooLongError
            declared = response.getheader("Content-Length", "")
            if declared.isdigit() and len(body) < int(declared):
                raise http.client.IncompleteRead(body)
            headers = {name.lower(): value for name, value in response.getheaders()}
            return HttpReply(response.status, headers, body, time.perf_counter() - begun)

    def _said(self, error: Exception, seconds: float) -> SendingError:
        told = getattr(error, "verify_message", None) or getattr(error, "strerror", None) or str(error)
        words = {
            "where": f"{self.to.host}:{self.to.port}",
            "host": self.to.host,
            "reason": str(told or type(error).__name__)[:_MAX_REASON_CHARS],
            "limit": f"{self._timeout:g}",
            "most": self._most_bytes,
        }
        kind, ru, en = next(rest for kinds, *rest in _REASONS if isinstance(error, kinds))
        return SendingError(kind, ru.format_map(words), en.format_map(words), seconds)


class _TooLongError(http.client.HTTPException):
    """The body is longer than is read."""


# The first that fits is said.
_REASONS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str, str, str], ...] = (
    (_TooLongError, "http", "ответ длиннее {most} байт", "the answer is longer than {most} bytes"),
    (
        ssl.SSLCertVerificationError,
        "tls",
        "сертификату не верим: {where}: {reason}",
        "the certificate is not trusted: {where}: {reason}",
    ),
    (ssl.SSLError, "tls", "TLS не удался: {where}: {reason}", "TLS failed: {where}: {reason}"),
    (TimeoutError, "timeout", "нет ответа за {limit} с: {where}", "no answer within {limit} s: {where}"),
    (socket.gaierror, "unreachable", "нет такого имени: {host}", "no such name: {host}"),
    (
        ConnectionRefusedError,
        "unreachable",
        "в соединении отказано, там никто не слушает: {where}",
        "the connection is refused, nobody listens there: {where}",
    ),
    (
        (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError),
        "closed",
        "соединение закрыто без ответа: {where}",
        "hung up without an answer: {where}",
    ),
    (http.client.IncompleteRead, "closed", "ответ оборван: {where}", "the answer is cut short: {where}"),
    (http.client.HTTPException, "http", "ответ — не HTTP: {where}", "what answers is not HTTP: {where}"),
    (Exception, "unreachable", "не соединиться: {where}: {reason}", "cannot connect: {where}: {reason}"),
)


class _Timed:
    """A socket all of whose reads and writes end by one `deadline` (monotonic seconds).

    http.client's timeout is for one read: whoever sends a byte now and then would hold it for ever.
    """

    def __init__(self, wrapped: Any, deadline: float) -> None:
        self.wrapped = wrapped
        self.deadline = deadline

    def arm(self) -> None:
        """Give the next read or write what is left. Raises TimeoutError."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.wrapped.settimeout(left)

    def sendall(self, data: bytes) -> None:
        self.arm()
        self.wrapped.sendall(data)

    def makefile(self, mode: str, *_: Any) -> io.BufferedReader:  # noqa: ARG002 - a socket's signature
        return io.BufferedReader(_Reading(self))

    def fileno(self) -> int:
        return int(self.wrapped.fileno())

    def close(self) -> None:
        self.wrapped.close()


class _Reading(io.RawIOBase):
    def __init__(self, timed: _Timed) -> None:
        self._timed = timed
        # Holds the socket open until it is read, as http.client wants it.
        self._file = timed.wrapped.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._timed.arm()
        read: int | None = self._file.readinto(buffer)
        return read

    def close(self) -> None:
        self._file.close()
        super().close()


def _write(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    chunked: bool,
) -> None:
    """Write the request; the headers go in the order they are given."""
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    if chunked:
        connection.putheader("Transfer-Encoding", "chunked")
    elif method == "POST":
        connection.putheader("Content-Length", str(len(body)))
    pieces = [body[start : start + _CHUNK] for start in range(0, len(body), _CHUNK)] if chunked else body or None
    try:
        connection.endheaders(pieces, encode_chunked=chunked)
    except (BrokenPipeError, ConnectionResetError):
        # Whoever refuses before it has read everything may have said why.
        if connection.sock is None:
            raise


def _is_readable(sock: Any) -> bool:
    """Tell whether something waits on a connection that should be silent: the other side has closed it."""
    if hasattr(select, "poll"):
        waiting = select.poll()
        waiting.register(sock.fileno(), select.POLLIN)
        return bool(waiting.poll(0))
    return bool(select.select([sock], [], [], 0)[0])
