"""HTTP with a source of callers: one deadline for the whole exchange, whatever the other side does with its bytes.

Rule: no error repeats what was asked or what stands in the URL behind the host.
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

# They log every URL, and numbers stand in ours.
logging.getLogger("httpcore").setLevel(logging.WARNING)

# The settings that `address` and `login` read.
SETTINGS = ("url", "user", "password", "ca")
MAX_BYTES = 1 << 20
# As many requests as lookups may be pending at once (resilience.py). Connections are kept for less time than servers
# keep them (Apache: 5 s), so that no request is sent on a connection that is just being closed.
_QUESTIONS, _KEPT = 16, 4.0
# More than are ever needed: a pool that has no more to give away closes one that seems idle, though a thread was just
# told to use it (httpcore 1.0).
_CONNECTIONS = 2 * _QUESTIONS
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e]*")


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What came back."""

    status: int
    content_type: str
    body: bytes


class HttpClient:
    """Connections to one source. Redirects, cookies, proxies and passwords of the environment are not used."""

    def __init__(self, settings: Mapping[str, Any], headers: Mapping[str, str], timeout: float) -> None:
        """Take the settings SETTINGS and the headers of each request. Raises DirectoryError."""
        self._timeout = timeout
        self._headers: dict[bytes | str, bytes | str] = {
            **_login(settings),
            "Accept-Encoding": "identity",
            "User-Agent": "vats1c",
            **_sendable(headers),
        }
        self._clock = _Deadline()
        self._room = threading.BoundedSemaphore(_QUESTIONS)
        # Not httpx's client but the engine in it: the client's time limit is for each read, which a server that drips
        # never meets, and it would send session cookies back, from sixteen threads at once.
        self._pool = httpcore.ConnectionPool(
            ssl_context=_trust(settings.get("ca")) if settings["url"].lower().startswith("https:") else None,
            max_connections=_CONNECTIONS,
            max_keepalive_connections=_CONNECTIONS,
            keepalive_expiry=_KEPT,
            network_backend=_Network(self._clock),
        )

    def ask(self, url: str, content: bytes | None = None, most: int = MAX_BYTES) -> HttpAnswer:
        """Return the answer, of at most `most` bytes, to a GET, or to a POST of `content`. Raises DirectoryError."""
        self._clock.start(self._timeout)
        if not self._room.acquire(timeout=self._timeout):
            raise self._timeout_error()
        try:
            return self._request(checked_url(url), content, most)
        except httpcore.TimeoutException as error:
            raise self._timeout_error() from error
        except httpcore.ConnectError as error:
            reason = next(iter(str(error).splitlines()), "") or type(error).__name__
            raise DirectoryError(f"нет соединения: {reason}", f"cannot connect: {reason}") from error
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            # Its words may repeat what was sent.
            kind = type(error).__name__
            raise DirectoryError(f"обмен по HTTP прервался: {kind}", f"the HTTP exchange broke off: {kind}") from error
        finally:
            self._room.release()

    def _request(self, url: httpcore.URL, content: bytes | None, most: int) -> HttpAnswer:
        method = "GET" if content is None else "POST"
        with self._pool.stream(method, url, headers=self._headers, content=content) as response:
            headers = {key.lower(): value.decode("latin-1") for key, value in response.headers}
            if headers.get(b"content-encoding", "identity").lower() != "identity":
                raise DirectoryError("ответ сжат, хотя этого не просили", "the answer is compressed, unasked")
            return HttpAnswer(response.status, headers.get(b"content-type", ""), _body(response.iter_stream(), most))

    def _timeout_error(self) -> DirectoryError:
        late = f"{self._timeout:g}"
        return DirectoryError(f"нет ответа за {late} с", f"no answer within {late} s")

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()


def checked_url(url: str) -> httpcore.URL:
    """Return `url` as it is asked. Raises DirectoryError, with the key `url`, when it is none for HTTP."""
    try:
        # Each of the two refuses what the other lets through: a half bracket, a line end.
        urlsplit(url)
        parsed = httpx.URL(url)
        # What the system cannot look up (RFC 1035: a label has 1 to 63 letters) it refuses with an error of its own.
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
    """Return the error that stands for a status of no use."""
    if status in (401, 403):
        return DirectoryError(f"сервис не пускает ({status}): user, password", f"the login is refused ({status})")
    if 300 <= status < 400:  # noqa: PLR2004
        return DirectoryError(
            f"перенаправление ({status}), по нему не ходим", f"a redirect ({status}), which is not followed"
        )
    return DirectoryError(f"сервис ответил {status}", f"the service answered {status}")


def _login(settings: Mapping[str, Any]) -> dict[bytes | str, bytes | str]:
    """Return the header of HTTP Basic, in UTF-8 as 1C reads it (RFC 7617 §2 leaves the choice)."""
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
    """When the exchange on this thread has to be over: a connection outlives the exchanges on it."""

    _over = 0.0

    def start(self, seconds: float) -> None:
        self._over = time.monotonic() + seconds

    def left(self) -> float:
        seconds = self._over - time.monotonic()
        if seconds <= 0:
            raise httpcore.ReadTimeout
        return seconds


class _Network(httpcore.SyncBackend):
    """Connections on which every wait ends with the exchange."""

    def __init__(self, clock: _Deadline) -> None:
        self._clock = clock

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        stream = super().connect_tcp(host, port, self._clock.left(), local_address, socket_options)
        return _Stream(stream, self._clock)


class _Stream(httpcore.NetworkStream):
    """One such connection."""

    def __init__(self, stream: httpcore.NetworkStream, clock: _Deadline) -> None:
        self._stream = stream
        self._clock = clock
        self._is_asked = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - httpcore's signature
        came = self._stream.read(max_bytes, self._clock.left())
        self._is_asked = False
        return came

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - likewise
        self._is_asked = True
        self._stream.write(buffer, self._clock.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - likewise
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, self._clock.left()), self._clock)

    def get_extra_info(self, info: str) -> Any:
        # An idle connection that can be read was closed by the server, so the pool closes it. One that another thread
        # takes in that moment can be read, too: by the answer to its question.
        if info == "is_readable" and self._is_asked:
            return False
        return self._stream.get_extra_info(info)


def _body(chunks: Iterable[bytes], most: int) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > most:
            size = most >> 20
            raise DirectoryError(f"ответ больше {size} МиБ", f"the answer is larger than {size} MiB")
    return bytes(body)
