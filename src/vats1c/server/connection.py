"""One TCP connection: its requests are parsed by llhttp, admitted by their heads, answered in their order.

Rule: every method runs on the server's thread, so none may wait.
"""

import asyncio
import time
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from vats1c.http import BodyProblem, Handler, Request, Response
from vats1c.server.parsing import MalformedRequestError, RequestParser
from vats1c.server.rendering import CONTINUE, render, render_stream_head
from vats1c.server.stream_writer import StreamWriter

if TYPE_CHECKING:
    from vats1c.server.http_server import HttpServer

log = structlog.get_logger("vats1c.server")

# The rest of a body that nobody needs any more is read and dropped, up to so many bytes: a connection that is closed
# with unread bytes is reset, and the sender, or the proxy before it, loses the response (RFC 9112, 9.6).
_MAX_DISCARDED_BYTES = 1 << 20
_MAX_REUSED_BYTES = 65_536
_LINGER_S = 2.0
_MAX_PIPELINED = 16


class _Exchange:
    """A request with the state of its body and of its response."""

    __slots__ = ("chunks", "complete", "handled", "handler", "keep_alive", "length", "request", "responded", "size")

    def __init__(self, request: Request, length: int | None, *, keep_alive: bool) -> None:
        self.request = request
        # The declared length of the body, bytes; None for a chunked one.
        self.length = length
        self.keep_alive = keep_alive
        self.chunks: list[bytes] = []
        self.size = 0
        # Set when the head is admitted.
        self.handler: Handler | None = None
        # The body has come whole; the handler was called; the response was sent.
        self.complete = self.handled = self.responded = False


class Connection(asyncio.Protocol):
    """The server's side of a TCP connection."""

    def __init__(self, server: "HttpServer") -> None:
        self._server = server
        # Both set by connection_made.
        self._parser: RequestParser = None  # type: ignore[assignment]
        self._transport: asyncio.Transport = None  # type: ignore[assignment]
        # The exchange whose body is being read, the one that is being answered, and those that wait behind it.
        self._incoming: _Exchange | None = None
        self._current: _Exchange | None = None
        self._pipelined: deque[_Exchange] = deque()
        self._writer: StreamWriter | None = None
        self._closing = False
        self._half_closed = False
        self._discarded_bytes = 0
        # Whether a request on this connection was answered: its sender is known to be one.
        self.has_answered = False
        self.peer = ""
        # When the connection is to be closed, or its body given up; time.monotonic(), None for never.
        self.deadline: float | None = None

    @property
    def is_unfinished(self) -> bool:
        """Whether the connection is idle, or its request has not come whole: it may be closed for another one."""
        current = self._current
        return self._writer is None and (self._closing or current is None or not (current.handled or current.complete))

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a stream's
        peer = transport.get_extra_info("peername")
        if isinstance(peer, tuple):
            self.peer = peer[0].removeprefix("::ffff:")
        self._parser = RequestParser(self, self.peer)
        self.deadline = time.monotonic() + self._server.limits.header_timeout_s
        self._server.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's own
        self._closing = True
        self._server.remove(self)
        self._pipelined.clear()
        self._current = self._incoming = None
        if self._writer is not None:
            self._writer.lost()

    def data_received(self, data: bytes) -> None:
        if self._closing:
            self._discard(len(data))
            return
        try:
            self._parser.feed(data)
        except MalformedRequestError as error:
            self._refuse_malformed(error)
        except Exception:  # a defect of ours
            log.exception("request_failed")
            self._transport.abort()

    def eof_received(self) -> bool:
        """Keep the connection for the response of a sender that has closed its side (RFC 9112, 9.6)."""
        self._half_closed = True
        if self._closing:
            return False
        incoming = self._incoming
        if incoming is not None and not incoming.complete:
            self._give_up_body(incoming, BodyProblem.TRUNCATED)
        if self._writer is not None:
            return False
        return self._current is not None

    def pause_writing(self) -> None:
        """Give a client that does not read its response so long, and no longer."""
        self.deadline = time.monotonic() + self._server.limits.body_timeout_s

    def resume_writing(self) -> None:
        """Wait for the next request again."""
        self.deadline = None
        if self._current is None:
            self.deadline = time.monotonic() + self._server.limits.header_timeout_s

    # The parser's side

    def head_received(self, request: Request, length: int | None, *, keep_alive: bool) -> None:
        """Admit the request, after those before it are answered."""
        if self._closing:
            return
        exchange = self._incoming = _Exchange(request, length, keep_alive=keep_alive)
        if self._current is None:
            self._admit(exchange)
            return
        self._pipelined.append(exchange)
        if len(self._pipelined) >= _MAX_PIPELINED:
            self._transport.pause_reading()

    def body_received(self, data: bytes) -> None:
        """Keep a piece of the body, or drop it where the request is answered already."""
        exchange = self._incoming
        if exchange is None:
            return
        exchange.size += len(data)
        if exchange.responded or exchange.handled:
            if exchange.size > _MAX_DISCARDED_BYTES:
                self._transport.abort()
            return
        exchange.chunks.append(data)
        if exchange.size > exchange.request.max_body_bytes:
            if exchange.handler is not None:
                self._give_up_body(exchange, BodyProblem.TOO_LARGE)
            else:
                # Its head is still being looked at.
                self._transport.pause_reading()

    def request_complete(self) -> None:
        """Handle the request, or turn to the next one where it is answered already."""
        exchange, self._incoming = self._incoming, None
        if exchange is None:
            return
        exchange.complete = True
        if exchange.responded:
            self._next()
        elif exchange.handler is not None and not exchange.handled:
            self._handle(exchange)

    # The life of an exchange

    def _admit(self, exchange: _Exchange) -> None:
        self._current = exchange
        # Its body is waited for once the head is admitted.
        self.deadline = None
        try:
            admission = self._server.application.admit(exchange.request)
        except Exception:  # a defect of ours: the application answers its own
            log.exception("request_failed")
            self._transport.abort()
            return
        if isinstance(admission, Future):
            admission.add_done_callback(lambda done: self._server.post(self._admitted, exchange, done))
        elif isinstance(admission, Response):
            self._respond(exchange, admission)
        else:
            self._accept(exchange, admission)

    def _admitted(self, exchange: _Exchange, done: "Future[Handler | Response]") -> None:
        if self._current is not exchange:
            return
        try:
            admission = done.result()
        except Exception:  # a defect of ours, likewise
            log.exception("request_failed")
            self._transport.abort()
            return
        self._transport.resume_reading()
        if isinstance(admission, Response):
            self._respond(exchange, admission)
        else:
            self._accept(exchange, admission)

    def _accept(self, exchange: _Exchange, handler: Handler) -> None:
        exchange.handler = handler
        request = exchange.request
        if exchange.complete:
            problem = BodyProblem.TOO_LARGE if exchange.size > request.max_body_bytes else request.body_problem
            request.body_problem = problem
            self._handle(exchange)
        elif request.body_problem is not None:
            self._give_up_body(exchange, request.body_problem)
        elif max(exchange.length or 0, exchange.size) > request.max_body_bytes:
            self._give_up_body(exchange, BodyProblem.TOO_LARGE)
        else:
            self.deadline = time.monotonic() + self._server.limits.body_timeout_s
            if request.headers.get("expect", "").lower() == "100-continue" and not exchange.size:
                self._transport.write(CONTINUE)

    def _give_up_body(self, exchange: _Exchange, problem: BodyProblem) -> None:
        exchange.request.body_problem = problem
        if exchange.handler is not None and not exchange.handled:
            self._handle(exchange)

    def _handle(self, exchange: _Exchange) -> None:
        exchange.handled = True
        self.deadline = None
        request = exchange.request
        chunks = exchange.chunks
        request.body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        chunks.clear()
        try:
            assert exchange.handler is not None  # noqa: S101 - it was accepted
            answer = exchange.handler.handle(request)
        except Exception:  # a defect of ours, likewise
            log.exception("request_failed")
            self._transport.abort()
            return
        if isinstance(answer, Future):
            answer.add_done_callback(lambda done: self._server.post(self._answered, exchange, done))
        else:
            self._respond(exchange, answer)

    def _answered(self, exchange: _Exchange, done: "Future[Response]") -> None:
        if self._current is not exchange:
            # The client has gone.
            with suppress(Exception):
                if (stream := done.result().stream) is not None:
                    stream.disconnected()
            return
        try:
            response = done.result()
        except Exception:  # a defect of ours, likewise
            log.exception("request_failed")
            self._transport.abort()
        else:
            self._respond(exchange, response)

    def _respond(self, exchange: _Exchange, response: Response) -> None:
        exchange.responded = self.has_answered = True
        request = exchange.request
        if response.stream is not None:
            self._begin_stream(exchange, response)
            return
        lingers = not exchange.complete and not self._can_reuse(exchange)
        closes = lingers or self._half_closed or not exchange.keep_alive or self._server.stopping
        closes = closes or request.body_problem is not None
        connection = b""
        if closes:
            connection = b"connection: close\r\n"
        elif request.http_version == "1.0":
            connection = b"connection: keep-alive\r\n"
        self._transport.write(
            render(response, date=self._server.date, head_only=request.method == "HEAD", connection=connection)
        )
        if not closes:
            self._next()
        elif exchange.complete or self._half_closed:
            self._close()
        else:
            self._close_lingering()

    def _can_reuse(self, exchange: _Exchange) -> bool:
        """Tell whether the rest of a body that was refused is worth reading, to keep the connection."""
        return exchange.length is not None and exchange.length <= _MAX_REUSED_BYTES

    def _next(self) -> None:
        """Turn to the next request, once the response was sent and the body has come."""
        current = self._current
        if current is None or not current.responded:
            return
        if not current.complete:
            self.deadline = time.monotonic() + self._server.limits.body_timeout_s
            return
        self._current = None
        if self._pipelined:
            self._transport.resume_reading()
            self._admit(self._pipelined.popleft())
        elif self._half_closed or self._server.stopping:
            self._close()
        else:
            self.deadline = time.monotonic() + self._server.limits.header_timeout_s

    def _begin_stream(self, exchange: _Exchange, response: Response) -> None:
        stream = response.stream
        assert stream is not None  # noqa: S101 - the caller's condition
        sized = any(name.lower() == "content-length" for name, _ in response.headers)
        chunked = exchange.request.http_version == "1.1" and not sized
        closes = not chunked or not exchange.keep_alive or not exchange.complete
        head = render_stream_head(
            response,
            date=self._server.date,
            chunked=chunked,
            connection=b"connection: close\r\n" if closes else b"",
        )
        on_end = self._close if closes else self._end_stream
        self._writer = StreamWriter(self._server, self._transport, stream, head=head, chunked=chunked, on_end=on_end)
        self._pipelined.clear()
        stream.begin(self._writer)

    def _end_stream(self) -> None:
        self._writer = None
        self._next()

    def _refuse_malformed(self, error: MalformedRequestError) -> None:
        """Answer bytes that are no request, after the responses before it; the connection cannot be used any more."""
        if self._current is not None and self._current.responded:
            # The rest of a body that was refused.
            self._close()
            return
        if self._current is not None:
            incoming = self._incoming
            if incoming is not None and incoming is self._current and not incoming.handled:
                # Its body is framed wrongly: refused as a body, in the sender's SOAP version.
                incoming.keep_alive = False
                self._give_up_body(incoming, BodyProblem.TRUNCATED)
            else:
                self._current.keep_alive = False
            self._pipelined.clear()
            return
        self._incoming = None
        response = self._server.application.malformed(error.status, error.path, error.content_type)
        self._transport.write(
            render(response, date=self._server.date, head_only=False, connection=b"connection: close\r\n")
        )
        self._close_lingering()

    # The end of a connection

    def on_deadline(self) -> None:
        """Give up what has not come in time."""
        self.deadline = None
        current = self._current
        if current is not None and current.handler is not None and not current.handled:
            self._give_up_body(current, BodyProblem.LATE)
        else:
            self._transport.abort() if self._closing else self._close()

    def stop(self) -> None:
        """Close the connection as soon as its requests are answered: the service stops."""
        if self._current is None and not self._closing:
            self._close()

    def evict(self) -> None:
        """Close an unfinished connection at once: its place is needed."""
        self._closing = True
        self._transport.abort()

    def pause(self) -> None:
        """Read no more until `resume`: too many connections are busy."""
        self.deadline = None
        self._transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        self.deadline = time.monotonic() + self._server.limits.header_timeout_s
        self._transport.resume_reading()

    def _close(self) -> None:
        self._closing = True
        # A client that does not read what was sent is not waited for.
        self.deadline = time.monotonic() + _LINGER_S
        self._transport.close()

    def _close_lingering(self) -> None:
        """Close our side, and read and drop what still comes for a moment."""
        self._closing = True
        if self._half_closed or not self._transport.can_write_eof():
            self._transport.close()
            return
        self.deadline = time.monotonic() + _LINGER_S
        self._transport.resume_reading()
        self._transport.write_eof()

    def _discard(self, size: int) -> None:
        self._discarded_bytes += size
        if self._discarded_bytes > _MAX_DISCARDED_BYTES:
            self._transport.abort()
