"""Parse the HTTP/1.1 requests on a connection by llhttp, and check the limits and rules that llhttp does not check."""

import re
import sys
from contextlib import suppress
from typing import Any, Protocol
from urllib.parse import unquote_to_bytes

import httptools

from vats1c.http import Request

# Longer data is passed to llhttp in pieces of this size: llhttp does not tell which bytes of a piece belong to which
# request, so the size of a head can be checked only once per piece.
_MAX_PIECE_BYTES = 4_096
_MAX_HEAD_BYTES = 65_536
_MAX_HEADERS = 100
_REQUEST_LINE = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20} (\S{1,2000}) HTTP/1\.[01]\r?\n")
# A cache: the name of a header field as sent → the name in lower case.
_header_names: dict[bytes, str] = {}
_MAX_HEADER_NAMES = 256


class MalformedRequestError(Exception):
    """Bytes that are not an HTTP request: the status of the response, and the path and Content-Type, "" if unknown."""

    def __init__(self, status: int, path: str = "", content_type: str = "") -> None:
        super().__init__(status)
        self.status = status
        self.path = path
        self.content_type = content_type


class Receiver(Protocol):
    """Receives the parts of each request from the parser, in their order."""

    def head_received(self, request: Request, length: int | None, *, keep_alive: bool) -> None:
        """Receive the head; `length` is the declared length of the body in bytes, None for a chunked body."""

    def body_received(self, data: bytes) -> None:
        """Receive the next piece of the body."""

    def request_complete(self) -> None:
        """Receive the end of the request: the body is complete."""


class RequestParser:
    """Parses the requests of one connection. `feed` MUST NOT be called again after it has raised an error."""

    def __init__(self, receiver: Receiver, peer: str) -> None:
        """Pass the requests to `receiver`; `peer` is the IP address of the client."""
        self._receiver = receiver
        self._peer = peer
        self._parser = httptools.HttpRequestParser(self)
        self._in_head = False
        # The number of bytes received since the parser last reported progress: the begin or the end of a head, a piece
        # of a body, or the end of a request.
        self._unfinished_bytes = 0
        self._has_progressed = self._has_completed = False
        # For a request that offers another protocol (Upgrade) and has a body: the header lines that frame the body.
        self._upgrade_framing = b""
        self._is_resuming = False
        # Whether the bytes so far end with the end of a request, and the client may send another one.
        self.is_between_requests = True
        self._url = b""
        self._headers: dict[str, str] = {}

    def feed(self, data: bytes) -> None:
        """Parse `data`. Raises MalformedRequestError, and the errors of the receiver."""
        if len(data) <= _MAX_PIECE_BYTES:
            self._feed(data)
            return
        for start in range(0, len(data), _MAX_PIECE_BYTES):
            self._feed(data[start : start + _MAX_PIECE_BYTES])

    def _feed(self, data: bytes) -> None:
        unfinished_bytes = self._unfinished_bytes + len(data)
        if unfinished_bytes > _MAX_HEAD_BYTES - _MAX_PIECE_BYTES:
            raise self._malformed(431)
        self._has_progressed = self._has_completed = False
        upgraded_at = None
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            upgraded_at = upgrade.args[0]
        except httptools.HttpParserCallbackError as error:
            raise (error.__context__ or error) from None
        except httptools.HttpParserInvalidMethodError:
            # llhttp knows only the registered methods; for any other method it reports an error without the path. The
            # path is read here if the request line is at the beginning of the data, as it nearly always is.
            request_line = None if self._has_completed else _REQUEST_LINE.match(data)
            self._url = request_line[1] if request_line else b""
            raise self._malformed(405 if request_line else 400) from None
        except httptools.HttpParserError:
            raise self._malformed(400) from None
        if upgraded_at is not None:
            # Outside of the except clause, so that `upgrade` does not become the context of a later error.
            self._continue_with_http(data[upgraded_at:])
            return
        self._unfinished_bytes = 0 if self._has_progressed else unfinished_bytes

    def _continue_with_http(self, rest: bytes) -> None:
        """Continue to parse HTTP/1.1 after a request that offered another protocol (Upgrade; RFC 9110, 7.8).

        llhttp stops after the head of such a request and leaves the rest to the other protocol. So a new parser gets
        `rest`; if the request has a body, the parser gets a head with the framing of that body first.
        """
        self._parser = httptools.HttpRequestParser(self)
        self._unfinished_bytes = 0
        if self._upgrade_framing:
            framing, self._upgrade_framing = self._upgrade_framing, b""
            self._is_resuming = True
            self._parser.feed_data(b"POST / HTTP/1.1\r\n" + framing + b"\r\n\r\n")
            self._is_resuming = False
        if rest:
            self._feed(rest)

    # Callbacks of httptools

    def on_message_begin(self) -> None:
        self._in_head = self._has_progressed = True
        self.is_between_requests = False
        self._url = b""
        self._headers = {}

    def on_body(self, data: bytes) -> None:
        self._has_progressed = True
        self._receiver.body_received(data)

    def on_message_complete(self) -> None:
        self._has_progressed = self._has_completed = True
        self.is_between_requests = self._parser.should_keep_alive()
        if not self._upgrade_framing:
            self._receiver.request_complete()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            # A trailer field comes after the admission and is not part of the head (RFC 9110, 6.5.1).
            return
        field_name = _header_names.get(name)
        if field_name is None:
            field_name = _header_name(name)
        headers = self._headers
        text = value.decode("latin-1").rstrip(" \t")
        if field_name not in headers:
            headers[field_name] = text
            if len(headers) > _MAX_HEADERS:
                raise self._malformed(431)
        elif field_name == "host":
            # RFC 9112, 3.2: more than one Host is a malformed request.
            raise self._malformed(400)
        else:
            headers[field_name] += f"{'; ' if field_name == 'cookie' else ','}{text}"

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._has_progressed = True
        if self._is_resuming:
            return
        parser, headers = self._parser, self._headers
        # Drop names with an underscore (stored under ""): WSGI cannot distinguish them from names with a hyphen.
        headers.pop("", None)
        version = parser.get_http_version()
        if version not in ("1.1", "1.0"):
            raise self._malformed(505)
        if version == "1.1" and "host" not in headers:
            raise self._malformed(400)
        target = _target(self._url)
        if target is None:
            raise self._malformed(400)
        request = Request(
            parser.get_method().decode("ascii"),
            *target,
            headers,
            self._peer,
            http_version=version,
            host=headers.get("host", ""),
            peer=self._peer,
        )
        length = None if "transfer-encoding" in headers else int(headers.get("content-length", "0"))
        keep_alive = parser.should_keep_alive()
        if "upgrade" in headers and parser.should_upgrade() and length != 0:
            framing = b"transfer-encoding: chunked" if length is None else b"content-length: %d" % length
            self._upgrade_framing = framing if keep_alive else framing + b"\r\nconnection: close"
        self._receiver.head_received(request, length, keep_alive=keep_alive)

    def _malformed(self, status: int) -> MalformedRequestError:
        path, _ = _target(self._url) or ("", "")
        return MalformedRequestError(status, path, self._headers.get("content-type", ""))


def _header_name(name: bytes) -> str:
    field_name = name.decode("latin-1").lower()
    field_name = "" if "_" in field_name else sys.intern(field_name)
    if len(_header_names) < _MAX_HEADER_NAMES:
        _header_names[name] = field_name
    return field_name


def _target(url: bytes) -> tuple[str, str] | None:
    """Return path and query of a request target (RFC 9112, 3.2); None if the target is malformed."""
    if not url.startswith(b"/"):
        if url == b"*":
            return "*", ""
        parsed: Any = None
        with suppress(httptools.HttpParserInvalidURLError):
            parsed = httptools.parse_url(url)
        if parsed is None:
            return None
        url = (parsed.path or b"/") + (b"?" + parsed.query if parsed.query else b"")
    path, _, query = url.partition(b"#")[0].partition(b"?")
    if b"%" in path:
        path = unquote_to_bytes(path)
    return path.decode("latin-1"), query.decode("latin-1")
