"""Requests from the bytes of a connection: one with the head of the previous request needs no parser.

A client, or the proxy before it, sends the same head again and again on its connection. Rule: a head is reused only if
the parser read it at the start of a piece that held this one request whole, and stands between two requests now; so
the same bytes are the same request.
"""

from dataclasses import replace
from typing import NamedTuple

from vats1c.http import Request
from vats1c.server.parsing import Receiver, RequestParser

# Bounds what an idle connection holds in memory.
_MAX_HEAD_BYTES = 1_024


class _PreviousHead(NamedTuple):
    """The bytes of a head, the length of head and body in bytes, and the request that the parser made of it."""

    head: bytes
    request_bytes: int
    request: Request


class RequestReader:
    """Reads what one client sends. Feed it no more once it has raised."""

    def __init__(self, receiver: Receiver, peer: str) -> None:
        """Call `receiver` with the requests of the client at the IP address `peer`."""
        self._receiver = receiver
        self._parser = RequestParser(self, peer)
        self._previous: _PreviousHead | None = None
        # The last request that the parser read, if its head may be reused, with the declared length of its body in
        # bytes; and how many requests began in the present piece.
        self._parsed: tuple[Request, int] | None = None
        self._begun = 0

    def feed(self, data: bytes) -> None:
        """Read `data`. Raises MalformedRequestError, and whatever the receiver raises."""
        previous, is_between_requests = self._previous, self._parser.is_between_requests
        if (
            previous is not None
            and is_between_requests
            and len(data) == previous.request_bytes
            and data.startswith(previous.head)
        ):
            self._receive(previous.request, data[len(previous.head) :])
            return
        self._begun = 0
        self._parser.feed(data)
        if is_between_requests:
            self._remember(data)

    def _receive(self, previous: Request, body: bytes) -> None:
        request = Request(
            previous.method,
            previous.path,
            previous.query,
            previous.headers,
            previous.peer,
            http_version=previous.http_version,
            host=previous.headers.get("host", ""),
            peer=previous.peer,
        )
        receiver = self._receiver
        receiver.head_received(request, len(body), keep_alive=True)
        if body:
            receiver.body_received(body)
        receiver.request_complete()

    def _remember(self, data: bytes) -> None:
        """Keep the head in `data`, which began between two requests, if it holds one request and nothing else."""
        if self._parsed is None or self._begun != 1 or not self._parser.is_between_requests:
            return
        request, length = self._parsed
        head = data[: len(data) - length]
        if len(head) <= _MAX_HEAD_BYTES and head.endswith(b"\r\n\r\n"):
            # Without the body, which the request may hold by now.
            self._previous = _PreviousHead(head, len(data), replace(request, body=b""))

    # What the parser calls

    def head_received(self, request: Request, length: int | None, *, keep_alive: bool) -> None:
        """Hand the head on."""
        self._begun += 1
        is_reusable = keep_alive and length is not None and "upgrade" not in request.headers
        self._parsed = (request, length or 0) if is_reusable else None
        self._receiver.head_received(request, length, keep_alive=keep_alive)

    def body_received(self, data: bytes) -> None:
        """Hand a piece of the body on."""
        self._receiver.body_received(data)

    def request_complete(self) -> None:
        """Hand the end of the request on."""
        self._receiver.request_complete()
