"""One TCP connection: it passes received bytes to the parser, and closes in order at its deadline or at the end.

Rule: every method runs on the server's thread, so none may wait.
"""

import asyncio
import time
from typing import TYPE_CHECKING

from vats1c.http import MAX_DISCARDED_BYTES, BodyProblem
from vats1c.server.conversation import Conversation
from vats1c.server.guarding import guarded
from vats1c.server.parsing import MalformedRequestError
from vats1c.server.request_reader import RequestReader

if TYPE_CHECKING:
    from vats1c.server.http_server import HttpServer

# While a connection is being closed, the bytes that still arrive are read and discarded for this time.
_LINGER_S = 2.0


class Connection(Conversation, asyncio.Protocol):
    """The server's side of a TCP connection."""

    def __init__(self, server: "HttpServer") -> None:
        super().__init__(server)
        # Set by `connection_made`.
        self._reader: RequestReader = None  # type: ignore[assignment]
        # The bytes received while the connection is paused; None while it is not paused.
        self._unread: bytes | None = None
        self._discarded_bytes = 0
        self.peer = ""

    @property
    def is_unfinished(self) -> bool:
        """Whether the connection is idle or its request is incomplete: it may be closed in favour of a new one."""
        current = self._current
        return self._writer is None and (self._closing or current is None or not (current.handled or current.complete))

    # Callbacks of asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a transport of a stream
        # By default uvloop collects the responses to all connections that are ready and sends them after the last one,
        # so that the clients wait for each other. Above the limit it sends at once, hence the limit 0.
        self._transport.set_write_buffer_limits(high=0)
        peer = transport.get_extra_info("peername")
        if isinstance(peer, tuple):
            self.peer = peer[0].removeprefix("::ffff:")
        self._reader = RequestReader(self, self.peer)
        self.deadline = time.monotonic() + self._server.limits.header_timeout_s
        self._server.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._closing = True
        self._server.remove(self)
        self._pipelined.clear()
        self._current = self._incoming = None
        if self._writer is not None:
            self._writer.lost()

    @guarded
    def data_received(self, data: bytes) -> None:
        if self._closing or self._malformed is not None:
            self._discard(len(data))
            return
        if self._unread is not None:
            # uvloop starts to read after `connection_made`, even if `pause_reading` was called in it.
            self._unread += data
            self._transport.pause_reading()
            return
        try:
            self._reader.feed(data)
        except MalformedRequestError as error:
            self._refuse_malformed(error)

    def eof_received(self) -> bool:
        """The client has closed its side: return True to keep ours open while responses are due (RFC 9112, 9.6)."""
        self._half_closed = True
        if self._closing or self._writer is not None:
            return False
        if self._unread:
            return True
        incoming = self._incoming
        if incoming is not None:
            self._give_up_body(incoming, BodyProblem.TRUNCATED)
        current = self._current
        return bool(self._pipelined) or (current is not None and not current.responded)

    def pause_writing(self) -> None:
        """The client does not read its response: set a deadline for it, and admit no further request until it reads."""
        self._is_write_blocked = True
        self.deadline = time.monotonic() + self._server.limits.body_timeout_s

    def resume_writing(self) -> None:
        """The client reads again: continue with the next request."""
        self._is_write_blocked = False
        if self._closing:
            self.deadline = time.monotonic() + _LINGER_S
        else:
            self._next()

    # The end of a connection

    @guarded
    def on_deadline(self) -> None:
        """The deadline has passed: give up the incomplete body, or close the connection."""
        self.deadline = None
        current = self._current
        if self._closing or self._is_write_blocked:
            self.evict()
        elif current is not None and current.handler is not None and not current.handled:
            self._give_up_body(current, BodyProblem.LATE)
        else:
            self._close()

    def stop(self) -> None:
        """Close the connection if it has no unanswered requests. Called repeatedly while the service stops."""
        if self._current is None and not self._closing:
            self._close()

    def evict(self) -> None:
        """Close the connection at once."""
        self._closing = True
        self._transport.abort()

    def pause(self) -> None:
        """Stop reading until `resume`, because too many connections are busy."""
        self.deadline = None
        self._unread = b""
        self._transport.pause_reading()

    def resume(self) -> None:
        """Read again, beginning with the bytes received during the pause."""
        unread, self._unread = self._unread, None
        self._restart_deadline()
        self._transport.resume_reading()
        if unread:
            self.data_received(unread)
            if self._half_closed and not self.eof_received():
                self._close()

    def _close(self) -> None:
        self._closing = True
        if not self._is_write_blocked:
            self.deadline = time.monotonic() + _LINGER_S
        self._transport.close()

    def _close_lingering(self) -> None:
        """Close our side of the connection; discard what the client still sends within `_LINGER_S`."""
        self._closing = True
        if self._half_closed or not self._transport.can_write_eof():
            self._close()
            return
        if not self._is_write_blocked:
            self.deadline = time.monotonic() + _LINGER_S
        self._transport.resume_reading()
        self._transport.write_eof()

    def _discard(self, size: int) -> None:
        self._discarded_bytes += size
        if self._discarded_bytes > MAX_DISCARDED_BYTES:
            self.evict()
