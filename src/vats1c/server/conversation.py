"""The requests and responses of one connection: requests are admitted by their heads and answered in their order.

Rule: every method runs on the server's thread, so none may wait.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from vats1c.http import MAX_DISCARDED_BYTES, BodyProblem, Handler, Request, Response, ResponseStream
from vats1c.server.exchange import HttpExchange
from vats1c.server.guarding import guarded
from vats1c.server.parsing import MalformedRequestError
from vats1c.server.rendering import CONTINUE, render, render_stream_head
from vats1c.server.stream_writer import StreamWriter

if TYPE_CHECKING:
    from vats1c.server.http_server import HttpServer

_MAX_PIPELINED = 16


class Conversation(ABC):
    """The part of a connection that handles its requests: the `Receiver` of the parser."""

    def __init__(self, server: "HttpServer") -> None:
        self._server = server
        # Set in `Connection.connection_made`.
        self._transport: asyncio.Transport = None  # type: ignore[assignment]
        # The exchange whose body is being read, the exchange being answered, and the exchanges queued behind it.
        self._incoming: HttpExchange | None = None
        self._current: HttpExchange | None = None
        self._pipelined: deque[HttpExchange] = deque()
        self._writer: StreamWriter | None = None
        # The error of malformed bytes that followed the client's last request.
        self._malformed: MalformedRequestError | None = None
        self._closing = False
        self._half_closed = False
        self._is_write_blocked = False
        self._is_advancing = False
        # Whether a request on this connection was answered; if so, the client probably sends further requests.
        self.has_answered = False
        # The time.monotonic() at which the connection is closed or the incomplete body is given up; None for never.
        self.deadline: float | None = None

    @abstractmethod
    def evict(self) -> None:
        """Close the connection at once."""

    @abstractmethod
    def _close(self) -> None:
        """Close the connection after all responses are sent."""

    @abstractmethod
    def _close_lingering(self) -> None:
        """Close our side of the connection; discard what the client still sends for a short time."""

    # Callbacks of the parser

    def head_received(self, request: Request, length: int | None, *, keep_alive: bool) -> None:
        """Admit the request now, or after the earlier requests are answered."""
        if self._closing:
            return
        exchange = self._incoming = HttpExchange(request, length, keep_alive=keep_alive)
        if self._current is None and not self._is_write_blocked:
            self._admit(exchange)
            return
        self._pipelined.append(exchange)
        if len(self._pipelined) >= _MAX_PIPELINED:
            self._transport.pause_reading()

    def body_received(self, data: bytes) -> None:
        """Store a piece of the body, or discard it if the request was already answered."""
        exchange = self._incoming
        if exchange is None:
            return
        exchange.size += len(data)
        if exchange.responded or exchange.handled:
            if exchange.size > MAX_DISCARDED_BYTES:
                self.evict()
            return
        exchange.chunks.append(data)
        if exchange.size > exchange.request.max_body_bytes:
            if exchange.handler is not None:
                self._give_up_body(exchange, BodyProblem.TOO_LARGE)
            else:
                # The admission is not decided yet; `_accept` then finds that the body is too large.
                self._transport.pause_reading()

    def request_complete(self) -> None:
        """Handle the request, or continue with the next request if this one was already answered."""
        exchange, self._incoming = self._incoming, None
        if exchange is None:
            return
        exchange.complete = True
        if exchange.responded:
            self._next()
        elif exchange.handler is not None and not exchange.handled:
            self._handle(exchange)

    # The course of an exchange

    def _admit(self, exchange: HttpExchange) -> None:
        self._current = exchange
        # There is no deadline for the admission; the time for the body begins after it.
        self.deadline = None
        admission = self._server.application.admit(exchange.request)
        if isinstance(admission, Future):
            admission.add_done_callback(lambda done: self._server.post(self._admitted, exchange, done))
        else:
            self._follow(exchange, admission)

    @guarded
    def _admitted(self, exchange: HttpExchange, done: "Future[Handler | Response]") -> None:
        if self._current is exchange:
            self._resume_reading()
            self._follow(exchange, done.result())

    def _follow(self, exchange: HttpExchange, admission: Handler | Response) -> None:
        if isinstance(admission, Response):
            self._respond(exchange, admission)
        else:
            self._accept(exchange, admission)

    def _accept(self, exchange: HttpExchange, handler: Handler) -> None:
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
            self._restart_deadline()
            if exchange.expects_continue and not exchange.size:
                self._transport.write(CONTINUE)

    @guarded
    def _give_up_body(self, exchange: HttpExchange, problem: BodyProblem) -> None:
        if exchange.handled:
            return
        exchange.request.body_problem = problem
        if exchange.handler is not None:
            self._handle(exchange)

    def _handle(self, exchange: HttpExchange) -> None:
        exchange.handled = True
        self.deadline = None
        request = exchange.request
        chunks = exchange.chunks
        request.body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        chunks.clear()
        assert exchange.handler is not None  # noqa: S101 - set in `_accept`
        answer = exchange.handler.handle(request)
        if isinstance(answer, Future):
            answer.add_done_callback(lambda done: self._server.post(self._answered, exchange, done))
        else:
            self._respond(exchange, answer)

    @guarded
    def _answered(self, exchange: HttpExchange, done: "Future[Response]") -> None:
        if self._current is exchange:
            self._respond(exchange, done.result())
            return
        # The client has disconnected before the answer was ready.
        with suppress(Exception):
            if (stream := done.result().stream) is not None:
                stream.disconnected()

    def _respond(self, exchange: HttpExchange, response: Response) -> None:
        exchange.responded = self.has_answered = True
        request = exchange.request
        if response.stream is not None:
            self._begin_stream(exchange, response, response.stream)
            return
        closes = self._must_close(exchange) or (not exchange.complete and not exchange.can_reuse_connection)
        connection = b""
        if closes:
            connection = b"connection: close\r\n"
        elif request.http_version == "1.0":
            connection = b"connection: keep-alive\r\n"
        self._transport.write(
            render(response, date=self._server.date, head_only=request.method == "HEAD", connection=connection)
        )
        self._end_response(exchange, closes=closes)

    def _must_close(self, exchange: HttpExchange) -> bool:
        """Tell whether the connection must be closed after the response to `exchange`."""
        is_last = self._half_closed and not self._pipelined and self._malformed is None
        return (
            is_last
            or not exchange.keep_alive
            or exchange.request.body_problem is not None
            or self._server.needs_connections_closed
        )

    def _end_response(self, exchange: HttpExchange, *, closes: bool) -> None:
        if not closes:
            self._next()
        elif exchange.complete or self._half_closed:
            self._close()
        else:
            self._close_lingering()

    def _next(self) -> None:
        """Continue with the next request if the current one was answered and its body is complete."""
        if self._is_advancing:
            # Called from the loop below, for a request that was answered at once: the loop continues by itself.
            return
        self._is_advancing = True
        while self._is_ready and self._pipelined and not self._is_write_blocked:
            exchange = self._pipelined.popleft()
            self._resume_reading()
            self._admit(exchange)
        self._is_advancing = False
        if self._is_ready and not self._pipelined:
            self._current = None
            if self._malformed is not None:
                self._answer_malformed(self._malformed)
            elif self._half_closed or self._server.stopping:
                self._close()
        self._restart_deadline()

    @property
    def _is_ready(self) -> bool:
        """Whether the next request may be admitted."""
        current = self._current
        return not self._closing and (
            current is None or (current.responded and current.complete and self._writer is None)
        )

    def _restart_deadline(self) -> None:
        """Set the deadline for the next head or body; no deadline while the service itself must act."""
        if self._closing or self._is_write_blocked:
            return
        limits, current = self._server.limits, self._current
        if current is None:
            self.deadline = time.monotonic() + limits.header_timeout_s
        elif not current.complete and (current.responded or (current.handler is not None and not current.handled)):
            self.deadline = time.monotonic() + limits.body_timeout_s
        else:
            self.deadline = None

    def _resume_reading(self) -> None:
        if len(self._pipelined) < _MAX_PIPELINED:
            self._transport.resume_reading()

    def _begin_stream(self, exchange: HttpExchange, response: Response, stream: ResponseStream) -> None:
        is_head = exchange.request.method == "HEAD"
        sized = any(name.lower() == "content-length" for name, _ in response.headers)
        chunked = exchange.request.http_version == "1.1" and not sized
        closes = self._must_close(exchange) or not exchange.complete or not (chunked or is_head)
        head = render_stream_head(
            response,
            date=self._server.date,
            chunked=chunked,
            connection=b"connection: close\r\n" if closes else b"",
        )
        if is_head:
            self._transport.write(head)
            stream.disconnected()
            self._end_response(exchange, closes=closes)
            return
        # Restore the default limits: StreamWriter itself limits the unsent bytes of a stream.
        self._transport.set_write_buffer_limits()
        on_end = partial(self._end_stream, exchange, closes=closes)
        self._writer = StreamWriter(self._server, self._transport, stream, head=head, chunked=chunked, on_end=on_end)
        stream.begin(self._writer)

    @guarded
    def _end_stream(self, exchange: HttpExchange, *, closes: bool) -> None:
        self._writer = None
        self._end_response(exchange, closes=closes)

    def _refuse_malformed(self, error: MalformedRequestError) -> None:
        """Refuse malformed bytes after the earlier requests are answered, and then close the connection."""
        if self._closing:
            return
        self._malformed = error
        incoming, self._incoming = self._incoming, None
        if incoming is None:
            self._next()
        elif incoming.responded:
            # The malformed bytes belong to a body that was refused already.
            self._close_lingering()
        else:
            # Treat the request as one with a truncated body: its handler then answers in the right SOAP version.
            self._give_up_body(incoming, BodyProblem.TRUNCATED)

    def _answer_malformed(self, error: MalformedRequestError) -> None:
        response = self._server.application.malformed(error.status, error.path, error.content_type)
        self._transport.write(
            render(response, date=self._server.date, head_only=False, connection=b"connection: close\r\n")
        )
        self._close_lingering()
