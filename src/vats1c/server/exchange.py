"""One request on its connection, with the state of its body and of its response."""

from vats1c.http import Handler, Request

_MAX_REUSED_BYTES = 65_536


class HttpExchange:
    """A request with the state of its body and of its response."""

    __slots__ = ("chunks", "complete", "handled", "handler", "keep_alive", "length", "request", "responded", "size")

    def __init__(self, request: Request, length: int | None, *, keep_alive: bool) -> None:
        self.request = request
        # The declared length of the body in bytes; None for a chunked body.
        self.length = length
        self.keep_alive = keep_alive
        self.chunks: list[bytes] = []
        self.size = 0
        # Set when the head is admitted.
        self.handler: Handler | None = None
        # Whether the body is complete, whether the handler was called, and whether the response was sent.
        self.complete = self.handled = self.responded = False

    @property
    def expects_continue(self) -> bool:
        """Whether the sender waits for 100 Continue before it sends the body (RFC 9110, 10.1.1)."""
        return self.request.headers.get("expect", "").lower() == "100-continue" and self.request.http_version == "1.1"

    @property
    def can_reuse_connection(self) -> bool:
        """Whether the connection can be used again after the rest of a refused body was read and discarded.

        A sender that waits for 100 Continue may send the body or the next request: the server cannot distinguish them.
        """
        if self.expects_continue:
            return False
        return self.length is not None and self.length <= _MAX_REUSED_BYTES
