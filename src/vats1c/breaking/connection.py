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
# A request is that long on its way to its thread at most, and the kernel's own clock has ticks of up to 10 ms; seconds.
_ON_ITS_WAY, _AFTER = 1.0, 0.012
# struct tcp_info (linux/tcp.h), 32-bit figures after eight bytes: segments not acknowledged yet; milliseconds since
# data was sent, data was received, an acknowledgement was received.
_HEAD, _FIGURES, _UNACKNOWLEDGED, _LAST_SENT, _LAST_RECEIVED, _LAST_ACKNOWLEDGED = 8, 13, 4, 9, 11, 12
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
    """Return the connections from `address` that may have brought the request of `begun` and are not answered since."""
    found = []
    seen = set()
    for entry in list(_DESCRIPTORS.iterdir()):
        copied = _connection(int(entry.name), address)
        if copied is None:
            continue
        one, peer = copied
        # Our own copies of a connection have the numbers of what was closed since the folder was read.
        if peer not in seen and _may_wait(one, begun):
            found.append(one)
        else:
            one.close()
        seen.add(peer)
    return found


def _may_wait(one: socket.socket, begun: float) -> bool:
    """Tell whether a request came on `one` before `begun`, and nothing is known of an answer to it.

    An answer within one tick of the clock is known by its acknowledgement, which was not there yet or came later.
    """
    length = _HEAD + 4 * _FIGURES
    figures = struct.unpack_from(f"={_FIGURES}I", one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, length), _HEAD)
    received = figures[_LAST_RECEIVED]
    came = time.monotonic() - received / 1_000
    return (
        begun - _ON_ITS_WAY < came < begun + _AFTER
        and figures[_LAST_SENT] >= received
        and figures[_LAST_ACKNOWLEDGED] >= received
        and not figures[_UNACKNOWLEDGED]
    )


def _connection(descriptor: int, address: str) -> tuple[socket.socket, tuple[str, int]] | None:
    """Return a socket of ours for a TCP connection from `address`, where `descriptor` is one, and whose it is.

    That is asked once: others answer and end their connections meanwhile, and such a one has no peer any more.
    """
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
        if one.type == socket.SOCK_STREAM:
            host, port, *_ = one.getpeername()
            if str(host).removeprefix("::ffff:") == address:
                return one, (host, port)
    except (OSError, ValueError):
        pass
    one.close()
    return None
