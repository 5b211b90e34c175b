"""HTTP/1.1 requests from the bytes of a connection: llhttp parses, limits and what it leaves open are checked here."""

import re
import sys
from contextlib import suppress
from typing import Any, Protocol
from urllib.parse import unquote_to_bytes

import httptools

from vats1c.http import Request

# llhttp is given no more at once: what of a piece belongs to which request is not known.
_MAX_PIECE_BYTES = 4_096
_MAX_HEAD_BYTES = 65_536
_MAX_HEADERS = 100
_REQUEST_LINE = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20} (\S{1,2000}) HTTP/1\.[01]\r?\n")
# Names of header fields as they were sent → in lower case.
_header_names: dict[bytes, str] = {}
_MAX_HEADER_NAMES = 256


class MalformedRequestError(Exception):
    """Bytes that are no HTTP request; with the status to answer, and what is known of the head, "" where nothing is."""

    def __init__(self, status: int, path: str = "", content_type: str = "") -> None:
        super().__init__(status)
        self.status = status
        self.path = path
        self.content_type = content_type


class Receiver(Protocol):
    """What is called with the parts of each request, in their order."""

    def head_received(self, request: Request, length: int | None, *, keep_alive: bool) -> None:
        """Take the head; `length` is the declared length of the body, bytes, None for a chunked one."""

    def body_received(self, data: bytes) -> None:
        """Take the next piece of the body."""

    def request_complete(self) -> None:
        """Take note that the body has come whole."""


class RequestParser:
    """Parses what one client sends. Feed it no more once it has raised."""

    def __init__(self, receiver: Receiver, peer: str) -> None:
        """Call `receiver` with the requests of the client at the IP address `peer`."""
        self._receiver = receiver
        self._peer = peer
        self._parser = httptools.HttpRequestParser(self)
        self._in_head = False
        # Bytes that have come since a request, its body or the last piece of it began.
        self._unfinished_bytes = 0
        self._has_progressed = self._has_completed = False
        # How the body is framed that follows an offer of another protocol.
        self._upgrade_framing = b""
        self._is_resuming = False
        # Whether what was fed ends with a request, after which the client may send another one.
        self.is_between_requests = True
        self._url = b""
        self._headers: dict[str, str] = {}

    def feed(self, data: bytes) -> None:
        """Parse `data`. Raises MalformedRequestError, and whatever the receiver raises."""
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
            # llhttp knows the registered methods; of a request with any other it tells nothing but that. Where its
            # line begins the piece, as it does nearly always, the path is known.
            request_line = None if self._has_completed else _REQUEST_LINE.match(data)
            self._url = request_line[1] if request_line else b""
            raise self._malformed(405 if request_line else 400) from None
        except httptools.HttpParserError:
            raise self._malformed(400) from None
        if upgraded_at is not None:
            # Outside of the except clause: it would become the context of the next error.
            self._continue_with_http(data[upgraded_at:])
            return
        self._unfinished_bytes = 0 if self._has_progressed else unfinished_bytes

    def _continue_with_http(self, rest: bytes) -> None:
        """Parse on after an offer of another protocol: the request is answered as HTTP/1.1 (RFC 9110, 7.8).

        llhttp has taken the request for complete, and leaves its body to the other protocol.
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

    # What httptools calls

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
            # A trailer is no part of the head that was admitted (RFC 9110, 6.5.1).
            return
        known = _header_names.get(name)
        if known is None:
            known = _header_name(name)
        headers = self._headers
        text = value.decode("latin-1").rstrip(" \t")
        if known not in headers:
            headers[known] = text
            if len(headers) > _MAX_HEADERS:
                raise self._malformed(431)
        elif known == "host":
            # RFC 9112, 3.2: more than one Host is a malformed request.
            raise self._malformed(400)
        else:
            headers[known] += f"{'; ' if known == 'cookie' else ','}{text}"

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._has_progressed = True
        if self._is_resuming:
            return
        parser, headers = self._parser, self._headers
        # A name with an underscore would pass for the one with a hyphen.
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
    known = name.decode("latin-1").lower()
    known = "" if "_" in known else sys.intern(known)
    if len(_header_names) < _MAX_HEADER_NAMES:
        _header_names[name] = known
    return known


def _target(url: bytes) -> tuple[str, str] | None:
    """Return path and query of a request target (RFC 9112, 3.2); None where it cannot be read."""
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
