"""HTTP client for caller sources, with one deadline for the whole exchange, from connect to the last body byte.

Rule: no error message contains the request, or the path and query of its URL.
"""

import logging
import re
import threading
import time
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from ssl import SSLContext
from typing import Any
from urllib.parse import urlsplit

from vats1c.directory import DirectoryError

try:
    import httpcore
    import httpx
except ImportError as missing:
    raise DirectoryError(
        "не установлена httpx (vats1c[all])", "httpx is not installed (vats1c[all])", "type"
    ) from missing

# httpcore logs every URL, and the URLs of the directories contain phone numbers.
logging.getLogger("httpcore").setLevel(logging.WARNING)

# The connection settings that HttpClient reads.
SETTINGS = ("url", "user", "password", "ca")
MAX_BYTES = 1 << 20
# As many concurrent requests as pending lookups (SourcePolicy.max_pending). Idle connections expire sooner here than on
# servers (Apache: 5 s), so that no request is sent on a connection that the server is closing.
_MAX_REQUESTS, _KEEPALIVE_S = 16, 4.0
# Twice the number of requests: when its pool is full, httpcore 1.0 may treat a connection that it has just assigned to
# a request as idle, and close it.
_CONNECTIONS = 2 * _MAX_REQUESTS
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e]*")


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An HTTP response: status code, Content-Type header ("" when absent), body."""

    status: int
    content_type: str
    body: bytes


class HttpClient:
    """A connection pool for one source. Ignores redirects, cookies, and a proxy or login set in the environment."""

    def __init__(self, settings: Mapping[str, Any], headers: Mapping[str, str], timeout: float) -> None:
        """Read the settings SETTINGS; send `headers` with each request. Raises DirectoryError.

        `timeout` limits the duration of one exchange, seconds.
        """
        self._timeout = timeout
        self._headers: dict[bytes | str, bytes | str] = {
            **_login(settings),
            "Accept-Encoding": "identity",
            "User-Agent": "vats1c",
            **_sendable(headers),
        }
        self._deadline = _Deadline()
        self._slots = threading.BoundedSemaphore(_MAX_REQUESTS)
        # httpcore instead of httpx.Client, for two reasons. The timeout of httpx applies to each read, so a server that
        # sends byte by byte never exceeds it. httpx also stores session cookies and would share them between threads.
        self._pool = httpcore.ConnectionPool(
            ssl_context=_trust(settings.get("ca")) if settings["url"].lower().startswith("https:") else None,
            max_connections=_CONNECTIONS,
            max_keepalive_connections=_CONNECTIONS,
            keepalive_expiry=_KEEPALIVE_S,
            network_backend=_Network(self._deadline),
        )

    def ask(self, url: str, content: bytes | None = None, max_bytes: int = MAX_BYTES) -> HttpAnswer:
        """Send a GET, or a POST of `content`, and return the response.

        Raises DirectoryError on a timeout, a failed exchange, or a body larger than `max_bytes`.
        """
        self._deadline.start(self._timeout)
        if not self._slots.acquire(timeout=self._timeout):
            raise self._timeout_error()
        try:
            return self._request(checked_url(url), content, max_bytes)
        except httpcore.TimeoutException as error:
            raise self._timeout_error() from error
        except httpcore.ConnectError as error:
            reason = next(iter(str(error).splitlines()), "") or type(error).__name__
            raise DirectoryError(f"нет соединения: {reason}", f"cannot connect: {reason}") from error
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            # The message of the exception may contain the request.
            kind = type(error).__name__
            raise DirectoryError(f"обмен по HTTP прервался: {kind}", f"the HTTP exchange broke off: {kind}") from error
        finally:
            self._slots.release()

    def _request(self, url: httpcore.URL, content: bytes | None, max_bytes: int) -> HttpAnswer:
        method = "GET" if content is None else "POST"
        with self._pool.stream(method, url, headers=self._headers, content=content) as response:
            headers = {key.lower(): value.decode("latin-1") for key, value in response.headers}
            if headers.get(b"content-encoding", "identity").lower() != "identity":
                raise DirectoryError("ответ сжат, хотя этого не просили", "the answer is compressed, unasked")
            return HttpAnswer(
                response.status, headers.get(b"content-type", ""), _body(response.iter_stream(), max_bytes)
            )

    def _timeout_error(self) -> DirectoryError:
        limit_s = f"{self._timeout:g}"
        return DirectoryError(f"нет ответа за {limit_s} с", f"no answer within {limit_s} s")

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()


def checked_url(url: str) -> httpcore.URL:
    """Return `url` parsed for httpcore.

    Raises DirectoryError with the key `url` when `url` is not an http or https URL, or has a user name or password.
    """
    try:
        # Each parser rejects input that the other accepts: an unpaired bracket, a line break.
        urlsplit(url)
        parsed = httpx.URL(url)
        # A host that DNS cannot resolve (RFC 1035: labels have 1 to 63 characters) would raise UnicodeError on connect.
        parsed.raw_host.decode("ascii").encode("idna")
        usable = parsed.scheme in ("http", "https") and parsed.host and 0 < (parsed.port or 1) < 65_536  # noqa: PLR2004
    except (httpx.InvalidURL, ValueError):
        usable = False
    if not usable or parsed.userinfo:
        raise DirectoryError(
            "нужен адрес http:// или https:// без имени и пароля в нём",
            "must be an http:// or https:// URL without a user in it",
            "url",
        )
    return httpcore.URL(scheme=parsed.raw_scheme, host=parsed.raw_host, port=parsed.port, target=parsed.raw_path)


def status_error(status: int) -> DirectoryError:
    """Return the error for an HTTP status that is not a success."""
    if status in (401, 403):
        return DirectoryError(f"сервис не пускает ({status}): user, password", f"the login is refused ({status})")
    if 300 <= status < 400:  # noqa: PLR2004
        return DirectoryError(
            f"перенаправление ({status}), по нему не ходим", f"a redirect ({status}), which is not followed"
        )
    return DirectoryError(f"сервис ответил {status}", f"the service answered {status}")


def _login(settings: Mapping[str, Any]) -> dict[bytes | str, bytes | str]:
    """Return the HTTP Basic header, encoded in UTF-8 as 1C expects (RFC 7617 §2 leaves the encoding open)."""
    user = settings.get("user", "")
    if "password" in settings and not user:
        raise DirectoryError("пароль без имени", "a password without a user", "password")
    if ":" in user:
        raise DirectoryError("в имени не может быть двоеточия", "a user name cannot hold a colon", "user")
    pair = f"{user}:{settings.get('password', '')}".encode()
    return {"Authorization": f"Basic {b64encode(pair).decode()}"} if user else {}


def _sendable(headers: Mapping[str, str]) -> dict[bytes | str, bytes | str]:
    for name, value in headers.items():
        if not _HEADER.fullmatch(name) or not _VALUE.fullmatch(value):
            raise DirectoryError("такой заголовок нельзя послать", "such a header cannot be sent", "headers")
    return {name: value for name, value in headers.items()}  # noqa: C416 - a mapping of other types


def _trust(ca: str | None) -> SSLContext:
    context = httpx.create_ssl_context(trust_env=False)
    if ca is not None:
        try:
            context.load_verify_locations(Path(ca))
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise DirectoryError(
                f"сертификаты не читаются: {ca}: {reason}", f"cannot read certificates: {ca}: {reason}", "ca"
            ) from error
    return context


class _Deadline(threading.local):
    """The deadline of the current exchange: kept per thread, because a pooled connection serves many exchanges."""

    _end = 0.0

    def start(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise httpcore.ReadTimeout
        return seconds


class _Network(httpcore.SyncBackend):
    """A network backend whose connections use the time left of the exchange as the timeout of each wait."""

    def __init__(self, deadline: _Deadline) -> None:
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        stream = super().connect_tcp(host, port, self._deadline.remaining(), local_address, socket_options)
        return _Stream(stream, self._deadline)


class _Stream(httpcore.NetworkStream):
    """A connection of `_Network`."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._stream = stream
        self._deadline = deadline
        self._is_awaiting_response = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - httpcore's signature
        received = self._stream.read(max_bytes, self._deadline.remaining())
        self._is_awaiting_response = False
        return received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - likewise
        self._is_awaiting_response = True
        self._stream.write(buffer, self._deadline.remaining())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - likewise
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, self._deadline.remaining()), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        # The pool closes an idle connection that is readable, because the server has closed it. A connection that
        # another thread has just taken is also readable, once the response to its request arrives; it must stay open.
        if info == "is_readable" and self._is_awaiting_response:
            return False
        return self._stream.get_extra_info(info)


def _body(chunks: Iterable[bytes], max_bytes: int) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > max_bytes:
            size = max_bytes >> 20
            raise DirectoryError(f"ответ больше {size} МиБ", f"the answer is larger than {size} MiB")
    return bytes(body)
