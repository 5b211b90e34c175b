"""Responses as bytes on the wire (RFC 9112)."""

from functools import lru_cache
from http import HTTPStatus

from vats1c.http import Headers, Response

_NO_BODY = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def render(response: Response, *, date: bytes, head_only: bool, connection: bytes) -> bytes:
    """Return head and body of `response`; only the head if `head_only`, as for HEAD (RFC 9110, 9.3.2).

    `date` and `connection` are header lines, complete with CRLF; `connection` may be empty.
    """
    length = b"" if response.status in _NO_BODY else b"content-length: %d\r\n" % len(response.body)
    head = _status_line(response.status) + _header_lines(response.headers, length) + date + connection + b"\r\n"
    return head if head_only or response.status in _NO_BODY else head + response.body


def render_stream_head(response: Response, *, date: bytes, chunked: bool, connection: bytes) -> bytes:
    """Return the head of a response whose body follows in pieces: see `render`."""
    framing = b"transfer-encoding: chunked\r\n" if chunked else b""
    return _status_line(response.status) + _header_lines(response.headers, framing) + date + connection + b"\r\n"


def chunk(data: bytes) -> bytes:
    """Return `data` as one chunk (RFC 9112, 7.1)."""
    return b"%x\r\n%s\r\n" % (len(data), data)


@lru_cache(maxsize=64)
def _status_line(status: int) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode()


def _header_lines(headers: Headers, length: bytes) -> bytes:
    lines = b"".join([_header_line(name, value) for name, value in headers])
    return lines + b"server: vats1c\r\n" + length


@lru_cache(maxsize=512)
def _header_line(name: str, value: str) -> bytes:
    if "\r" in value or "\n" in value:
        raise ValueError("a header value holds a line break")
    return f"{name.lower()}: {value}\r\n".encode("latin-1")
