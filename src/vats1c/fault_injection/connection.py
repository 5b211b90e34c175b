"""Find a request's connection among the sockets of the process, and reset it: the server does not hand it out.

Linux alone tells of a process's sockets, and resets one on request.
"""

import ctypes
import os
import socket
import struct
import sys
from contextlib import suppress
from pathlib import Path
from wsgiref.types import WSGIEnvironment

from vats1c.proxies import PEER

_DESCRIPTORS = Path("/proc/self/fd")
# struct sockaddr of the family AF_UNSPEC: connecting there ends a TCP connection by a reset (connect(2), Linux).
_NOWHERE = struct.pack("H14x", socket.AF_UNSPEC)


def find(environ: WSGIEnvironment) -> socket.socket | None:
    """Return the connection that a request came on; None when it has gone, or cannot be found on this system.

    Whoever gets the socket closes it, which leaves the connection itself as it is.
    """
    if sys.platform != "linux":
        return None
    address = str(environ.get(PEER) or environ.get("REMOTE_ADDR", ""))
    peer = address.removeprefix("::ffff:"), int(environ.get("REMOTE_PORT") or 0)
    for entry in list(_DESCRIPTORS.iterdir()):
        found = _connection(int(entry.name), peer)
        if found is not None:
            return found
    return None


def end(connection: socket.socket) -> None:
    """End `connection` in order, without another byte."""
    # Whoever was asked may have gone.
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def reset(connection: socket.socket) -> None:
    """End `connection` by a TCP reset, whatever was sent on it."""
    ctypes.CDLL(None, use_errno=True).connect(connection.fileno(), _NOWHERE, len(_NOWHERE))


def _connection(descriptor: int, peer: tuple[str, int]) -> socket.socket | None:
    """Return a socket of ours for the TCP connection from `peer`, where `descriptor` is one."""
    try:
        own = os.dup(descriptor)
    except OSError:
        return None
    try:
        one = socket.socket(fileno=own)
    except OSError:
        os.close(own)
        return None
    # A connection that has ended has no peer any more.
    with suppress(OSError, ValueError):
        if one.type == socket.SOCK_STREAM:
            host, port, *_ = one.getpeername()
            if (str(host).removeprefix("::ffff:"), port) == peer:
                return one
    one.close()
    return None
