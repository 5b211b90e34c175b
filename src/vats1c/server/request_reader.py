"""Read requests from the bytes of a connection; a request whose head equals that of the previous one needs no parser.

A client, or the proxy in front of the service, usually sends the same head with every request on a connection. Rule:
the parsed head of a request is reused only if

1. the bytes in which it came held exactly this request, from its beginning to its end, and
2. the new bytes begin after the end of a request, begin with the same head, and are equally long.

Then the parser would read the same head again, and a body of the same length.
"""

from dataclasses import replace
from typing import NamedTuple

from vats1c.http import Request
from vats1c.server.parsing import Receiver, RequestParser

# Limits the memory that an idle connection occupies.
_MAX_HEAD_BYTES = 1_024
_HEAD_END = b"\r\n\r\n"


class _PreviousHead(NamedTuple):
    """The bytes of a head, the length of the head and its body in bytes, and the request that the parser returned."""

    head: bytes
    request_bytes: int
    request: Request


class RequestReader:
    """Reads the requests of one connection. `feed` MUST NOT be called again after it has raised an error."""

    def __init__(self, receiver: Receiver, peer: str) -> None:
        """Pass the requests to `receiver`; `peer` is the IP address of the client."""
        self._receiver = receiver
        self._parser = RequestParser(self, peer)
        self._previous: _PreviousHead | None = None
        # The last request that the parser read, and the declared length of its body in bytes; None if its head must
        # not be reused.
        self._parsed: tuple[Request, int] | None = None
        # The number of requests that began in the bytes of the current `feed`.
        self._begun = 0

    def feed(self, data: bytes) -> None:
        """Read `data`. Raises MalformedRequestError, and the errors of the receiver."""
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
        """Store the head of the request in `data`, if `data` holds one complete request and nothing else."""
        if self._parsed is None or self._begun != 1 or not self._parser.is_between_requests:
            return
        request, length = self._parsed
        head = data[: len(data) - length]
        # A head ends with its first empty line; `head` does not if line ends precede the request or follow its body.
        if len(head) <= _MAX_HEAD_BYTES and data.find(_HEAD_END) + len(_HEAD_END) == len(head):
            # Store the request without its body, which a handler may already have put into it.
            self._previous = _PreviousHead(head, len(data), replace(request, body=b""))

    # The receiver's methods, which the parser calls

    def head_received(self, request: Request, length: int | None, *, keep_alive: bool) -> None:
        """Pass the head on to the receiver, and note whether it may be reused."""
        self._begun += 1
        is_reusable = keep_alive and length is not None and "upgrade" not in request.headers
        self._parsed = (request, length or 0) if is_reusable else None
        self._receiver.head_received(request, length, keep_alive=keep_alive)

    def body_received(self, data: bytes) -> None:
        """Pass a piece of the body on to the receiver."""
        self._receiver.body_received(data)

    def request_complete(self) -> None:
        """Pass the end of the request on to the receiver."""
        self._receiver.request_complete()
