"""A request as WSGI has it (PEP 3333), made of what granian tells of it."""

import sys
import threading
import time
from functools import lru_cache
from io import BytesIO
from typing import Any
from wsgiref.types import WSGIEnvironment

_CGI = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
_MAX_HEADER_NAMES = 256


def base_environ(host: str, port: int) -> WSGIEnvironment:
    """Return the variables that are the same for all requests to `host`:`port`."""
    return {
        "SCRIPT_NAME": "",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.input_terminated": True,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def build_environ(scope: Any, variables: WSGIEnvironment) -> WSGIEnvironment:
    """Return the variables of one request: granian's `scope` of it, and `variables`; its body is not among them."""
    environ = variables.copy()
    environ["REQUEST_METHOD"] = scope.method
    path = scope.path
    # A WSGI path is bytes in the guise of Latin-1.
    environ["PATH_INFO"] = path if path.isascii() else path.encode().decode("latin-1")
    environ["QUERY_STRING"] = scope.query_string
    host, _, environ["REMOTE_PORT"] = scope.client.rpartition(":")
    environ["REMOTE_ADDR"] = host.strip("[]")
    for header, value in scope.headers.items():
        name = _variable(header)
        if name not in environ:
            environ[name] = value
        else:
            environ[name] += f"{'; ' if name == 'HTTP_COOKIE' else ','}{value}"
    # A name with an underscore would pass for the one with a hyphen.
    environ.pop("", None)
    if "HTTP_HOST" not in environ:
        environ["HTTP_HOST"] = scope.authority or ""
    return environ


@lru_cache(_MAX_HEADER_NAMES)
def _variable(header: str) -> str:
    """Return the variable of a header, "" of one that is not to be looked at."""
    if "_" in header:
        return ""
    return _CGI.get(header) or "HTTP_" + header.upper().replace("-", "_")


class BufferedBody(BytesIO):
    """A request's body (wsgi.input) that is there already."""

    late = False


class StreamingBody:
    """A request's body (wsgi.input), read while its reader waits, and no longer than so many seconds."""

    def __init__(self, protocol: Any, seconds: float) -> None:
        self._protocol = protocol
        self._seconds = seconds
        self._pieces: Any = None
        self._buffer = bytearray()
        self.late = False

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes, all when it is negative. Raises TimeoutError when they do not come in time."""
        deadline = time.monotonic() + self._seconds
        if self._pieces is None:
            self._pieces = aiter(self._protocol)
        while size < 0 or len(self._buffer) < size:
            piece = self._next(deadline)
            if not piece:
                break
            self._buffer += piece
        taken = len(self._buffer) if size < 0 else size
        read, self._buffer = bytes(self._buffer[:taken]), self._buffer[taken:]
        return read

    def _next(self, deadline: float) -> bytes:
        """Return what came next; nothing at the end, and when the sender has gone."""
        came = threading.Lock()
        came.acquire()
        try:
            coming = anext(self._pieces)
        except StopAsyncIteration:
            return b""
        coming.add_done_callback(lambda _: came.release())
        if not came.acquire(timeout=max(0.0, deadline - time.monotonic())):
            self.late = True
            coming.cancel()
            raise TimeoutError
        return bytes(coming.result())
