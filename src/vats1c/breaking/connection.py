"""Find a request's connection among the sockets of the process, and reset it: the server does not hand it out.

Rule: what is not certainly the one is left alone; Linux alone tells enough of its sockets for that.
"""

import ctypes
import os
import socket
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path
from wsgiref.types import WSGIEnvironment

_DESCRIPTORS = Path("/proc/self/fd")
_LONGEST_SEARCH = 1.0
_TICK = 0.005
# The kernel's own clock ticks every few milliseconds, and a request is a moment on its way to its thread; seconds.
_APART = 0.02
# struct tcp_info (linux/tcp.h), 32-bit figures after eight bytes: milliseconds since something was sent, was received.
_HEAD, _FIGURES, _LAST_SENT, _LAST_RECEIVED = 8, 12, 9, 11
# struct sockaddr of the family AF_UNSPEC: connecting there ends a TCP connection by a reset (connect(2), Linux).
_NOWHERE = struct.pack("H14x", socket.AF_UNSPEC)


def find(environ: WSGIEnvironment, begun: float) -> socket.socket | None:
    """Return the connection of the request that came at `begun` (monotonic seconds); None where that is not certain.

    Clients at one address may ask in the same milliseconds: then it is waited until the others are answered. Whoever
    gets the socket closes it, which leaves the connection itself as it is.
    """
    if sys.platform != "linux":
        return None
    address = str(environ.get("werkzeug.proxy_fix.orig", environ).get("REMOTE_ADDR", ""))
    deadline = time.monotonic() + _LONGEST_SEARCH
    while time.monotonic() < deadline:
        found = _unanswered(address, begun)
        if len(found) == 1:
            return found[0]
        for one in found:
            one.close()
        time.sleep(_TICK)
    return None


def end(connection: socket.socket) -> None:
    """End `connection` in order, without another byte."""
    # Whoever was asked may have gone.
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def reset(connection: socket.socket) -> None:
    """End `connection` by a TCP reset, whatever was sent on it."""
    ctypes.CDLL(None, use_errno=True).connect(connection.fileno(), _NOWHERE, len(_NOWHERE))


def _unanswered(address: str, begun: float) -> list[socket.socket]:
    """Return the connections from `address` on which something came at `begun` and nothing was sent since."""
    found: list[tuple[bool, socket.socket]] = []
    seen = set()
    for entry in list(_DESCRIPTORS.iterdir()):
        one = _connection(int(entry.name), address)
        if one is None:
            continue
        sent, received = _ago(one)
        is_it = one.getpeername() not in seen and sent >= received
        # Our own copies of a connection have the numbers of what was closed since the folder was read.
        seen.add(one.getpeername())
        if is_it and abs(time.monotonic() - begun - received) < _APART:
            found.append((sent > received, one))
        else:
            one.close()
    # Answered within one tick of the clock looks like not answered yet: such a one counts where there is no better.
    certain = any(is_certain for is_certain, _ in found)
    for is_certain, one in found:
        if certain and not is_certain:
            one.close()
    return [one for is_certain, one in found if is_certain or not certain]


def _connection(descriptor: int, address: str) -> socket.socket | None:
    """Return a socket of ours for a TCP connection from `address`, where `descriptor` is one."""
    try:
        own = os.dup(descriptor)
    except OSError:
        return None
    try:
        one = socket.socket(fileno=own)
    except OSError:
        os.close(own)
        return None
    try:
        if one.type == socket.SOCK_STREAM and str(one.getpeername()[0]).removeprefix("::ffff:") == address:
            return one
    except (OSError, IndexError):
        pass
    one.close()
    return None


def _ago(one: socket.socket) -> tuple[float, float]:
    """Return how many seconds ago something was sent on `one`, and something was received."""
    length = _HEAD + 4 * _FIGURES
    figures = struct.unpack_from(f"={_FIGURES}I", one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, length), _HEAD)
    return figures[_LAST_SENT] / 1_000, figures[_LAST_RECEIVED] / 1_000
