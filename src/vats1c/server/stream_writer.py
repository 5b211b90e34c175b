"""Sends a response in pieces from any thread, on a connection that belongs to the server's thread."""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

from vats1c.http import ResponseStream
from vats1c.server.rendering import chunk

if TYPE_CHECKING:
    from vats1c.server.http_server import HttpServer

# A client that reads too slowly is disconnected when more than this many bytes are unsent.
_MAX_UNSENT_BYTES = 1 << 20
_LINGER_NOT_AT_ALL = struct.pack("ii", 1, 0)


class StreamWriter:
    """The `ResponseWriter` of one connection."""

    def __init__(
        self,
        server: "HttpServer",
        transport: asyncio.Transport,
        stream: ResponseStream,
        *,
        head: bytes,
        chunked: bool,
        on_end: Callable[[], None],
    ) -> None:
        """Write to `transport`, in chunks if the response is `chunked`; call `on_end` after the last piece.

        `head` is sent together with the first piece, so a response that is reset before its first piece sends nothing.
        A chunked response that is closed before its first piece has an empty body.
        """
        self._head = head
        self._server = server
        self._transport = transport
        self._stream = stream
        self._chunked = chunked
        self._on_end = on_end
        # Any thread reads it; only the server's thread changes it.
        self._open = True

    def send(self, data: bytes) -> bool:
        """Send `data`; return False when no more can be sent."""
        if self._open:
            self._server.post(self._write, data)
        return self._open

    def close(self) -> None:
        """End the response."""
        self._server.post(self._end)

    def reset(self) -> None:
        """Break the connection off with a TCP reset."""
        self._server.post(self._reset)

    def lost(self) -> None:
        """Tell the stream that its client has disconnected. Called on the server's thread."""
        if self._open:
            self._open = False
            self._stream.disconnected()

    def _write(self, data: bytes) -> None:
        if not self._open or not data:
            return
        head, self._head = self._head, b""
        self._transport.write(head + (chunk(data) if self._chunked else data))
        if self._transport.get_write_buffer_size() > _MAX_UNSENT_BYTES:
            self._transport.abort()

    def _end(self) -> None:
        if not self._open:
            return
        self._open = False
        if self._chunked:
            self._transport.write(self._head + b"0\r\n\r\n")
        self._on_end()

    def _reset(self) -> None:
        if not self._open:
            return
        self._open = False
        # With SO_LINGER and a time of 0, closing the socket sends RST (socket(7)).
        connection = self._transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT_AT_ALL)
        self._transport.abort()
