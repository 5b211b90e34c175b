"""An HTTP client for one web service: sends a request and reads the whole answer within a deadline and a size limit.

Rule: only the standard library; redirects and the environment's proxies are ignored, so that every answer comes from
the given address; no message holds a password.
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
    """An HTTP answer: status, headers by lower-case name, body, and seconds from the request to the body's end."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def content_type(self) -> str:
        """The Content-Type header, "" when it is absent."""
        return self.headers.get("content-type", "")


class SendingError(Exception):
    """The request got no complete answer, after `seconds`.

    `kind` is "unreachable", "tls", "timeout", "closed" (no answer or a truncated one) or "http" (not HTTP, or a body
    over the size limit); `message` is for people.
    """

    def __init__(self, kind: str, ru: str, en: str, seconds: float = 0.0) -> None:
        super().__init__(en)
        self.kind = kind
        self.message = Message(ru, en)
        self.seconds = seconds


class Sender:
    """A connection to one web service, reused for the next request when `keep` is set. Not thread-safe."""

    def __init__(
        self, address: ServiceAddress, timeout: float, *, keep: bool = False, most_bytes: int = _MAX_BYTES
    ) -> None:
        """Allow each request `timeout` seconds, and each answer's body `most_bytes` bytes."""
        self.address = address
        self._timeout = timeout
        self._keep = keep
        self._most_bytes = most_bytes
        self._connection: Any = None

    def post(self, body: bytes, headers: Mapping[str, str], *, chunked: bool = False) -> HttpReply:
        """Return the answer to a POST of `body`, in chunked transfer coding when `chunked`. Raises SendingError."""
        return self._send("POST", self.address.path, body, headers, chunked=chunked)

    def get(self, query: str, headers: Mapping[str, str]) -> HttpReply:
        """Return the answer to a GET with the query string `query`. Raises SendingError."""
        path = f"{self.address.path}?{query}" if query else self.address.path
        return self._send("GET", path, b"", headers, chunked=False)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _send(self, method: str, path: str, body: bytes, headers: Mapping[str, str], *, chunked: bool) -> HttpReply:
        started = time.perf_counter()
        deadline = time.monotonic() + self._timeout
        reusable = False
        try:
            connection = self._connect(deadline)
            _write(connection, method, path, body, headers, chunked=chunked)
            answer = self._read(connection, started)
            reusable = self._keep and connection.sock is not None
        except (OSError, http.client.HTTPException) as error:
            raise self._as_sending_error(error, time.perf_counter() - started) from error
        finally:
            if not reusable:
                self.close()
        return answer

    def _connect(self, deadline: float) -> Any:
        """Return the open connection if the server has not closed it, otherwise a new connection."""
        open_connection = self._connection
        if open_connection is not None and open_connection.sock is not None:
            if not _is_readable(open_connection.sock):
                open_connection.sock.deadline = deadline
                return open_connection
            open_connection.close()
        timeout = max(0.001, min(_CONNECT_TIMEOUT_S, deadline - time.monotonic()))
        if self.address.scheme == "https":
            context = ssl.create_default_context()
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                self.address.host, self.address.port, timeout=timeout, context=context
            )
        else:
            connection = http.client.HTTPConnection(self.address.host, self.address.port, timeout=timeout)
        self._connection = connection
        connection.connect()
        connection.sock = _DeadlineSocket(connection.sock, deadline)
        return connection

    def _read(self, connection: http.client.HTTPConnection, started: float) -> HttpReply:
        with connection.getresponse() as response:
            body = response.read(self._most_bytes + 1)
            if len(body) > self._most_bytes:
                raise _TooLongError
            declared_length = response.getheader("Content-Length", "")
            if declared_length.isdigit() and len(body) < int(declared_length):
                raise http.client.IncompleteRead(body)
            headers = {name.lower(): value for name, value in response.getheaders()}
            return HttpReply(response.status, headers, body, time.perf_counter() - started)

    def _as_sending_error(self, error: Exception, seconds: float) -> SendingError:
        reason = getattr(error, "verify_message", None) or getattr(error, "strerror", None) or str(error)
        values = {
            "where": f"{self.address.host}:{self.address.port}",
            "host": self.address.host,
            "reason": str(reason or type(error).__name__)[:_MAX_REASON_CHARS],
            "limit": f"{self._timeout:g}",
            "most": self._most_bytes,
        }
        kind, ru, en = next(rest for types, *rest in _REASONS if isinstance(error, types))
        return SendingError(kind, ru.format_map(values), en.format_map(values), seconds)


class _TooLongError(http.client.HTTPException):
    """The body exceeds the size limit."""


# The first row whose exception type matches gives the kind and the message.
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


class _DeadlineSocket:
    """A socket whose reads and writes all end by one `deadline` (monotonic seconds).

    http.client applies its timeout to each read separately. Without a deadline, a server that sends single bytes slowly
    could block the client for ever.
    """

    def __init__(self, wrapped: Any, deadline: float) -> None:
        self.wrapped = wrapped
        self.deadline = deadline

    def arm(self) -> None:
        """Set the time until the deadline as the timeout of a read or write. Raises TimeoutError after the deadline."""
        remaining = self.deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        self.wrapped.settimeout(remaining)

    def sendall(self, data: bytes) -> None:
        self.arm()
        self.wrapped.sendall(data)

    def makefile(self, mode: str, *_: Any) -> io.BufferedReader:  # noqa: ARG002 - a socket's signature
        return io.BufferedReader(_DeadlineReader(self))

    def fileno(self) -> int:
        return int(self.wrapped.fileno())

    def close(self) -> None:
        self.wrapped.close()


class _DeadlineReader(io.RawIOBase):
    def __init__(self, sock: _DeadlineSocket) -> None:
        self._sock = sock
        # http.client may close its socket object before the answer is read. This file keeps the connection open.
        self._file = sock.wrapped.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.arm()
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
    """Write the request, with the headers in the order of `headers`."""
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    if chunked:
        connection.putheader("Transfer-Encoding", "chunked")
    elif method == "POST":
        connection.putheader("Content-Length", str(len(body)))
    content = [body[start : start + _CHUNK] for start in range(0, len(body), _CHUNK)] if chunked else body or None
    try:
        connection.endheaders(content, encode_chunked=chunked)
    except (BrokenPipeError, ConnectionResetError):
        # A server may answer and close the connection before it has read the whole body. Its answer is still readable.
        if connection.sock is None:
            raise


def _is_readable(sock: Any) -> bool:
    """Tell whether an idle connection has data to read, which means that the server has closed it."""
    if hasattr(select, "poll"):
        poller = select.poll()
        poller.register(sock.fileno(), select.POLLIN)
        return bool(poller.poll(0))
    return bool(select.select([sock], [], [], 0)[0])
