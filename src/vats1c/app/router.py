"""The two entry points of the service: its own HTTP server calls `Router.admit`, a WSGI server `WsgiApplication`."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from functools import lru_cache
from http import HTTPStatus
from wsgiref.types import StartResponse, WSGIEnvironment

from vats1c.http import DEFAULT_MAX_BODY_BYTES, MAX_DISCARDED_BYTES, Admission, BodyProblem, Handler, Request, Response
from vats1c.proxies import apply_proxies
from vats1c.soap import OverloadResponses
from vats1c.soap.nowhere import NoEndpoint
from vats1c.worker_pool import QueueFullError

# CGI names these variables without the prefix HTTP_; they may be empty if the request has no such header (RFC 3875,
# 4.1.2 and 4.1.3).
_CGI_HEADERS = {"CONTENT_TYPE": "content-type", "CONTENT_LENGTH": "content-length"}
_NO_BODY = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
# Some servers pass on headers called Content_Type and Content_Length, with an underscore, under these names.
_NOT_HEADERS = frozenset({"HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"})


class Router:
    """Finds the handler of a request by its path. Endpoints come first, so that a call costs one dictionary lookup."""

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        site: Handler,
        nowhere: NoEndpoint,
        *,
        overload: OverloadResponses,
        proxies: int,
        begin_shutdown: Callable[[], None],
    ) -> None:
        """Route requests to the endpoints `handlers` (by path), to `nowhere` for other paths under /ws/, or to `site`.

        `overload` answers requests that do not fit into the queue of their worker pool. `proxies` is the number of
        trusted proxies in front of the service; `begin_shutdown` ends event streams and injected delays.
        """
        self._handlers = handlers
        self._site = site
        self._nowhere = nowhere
        self._overload = overload
        self._proxies = proxies
        self.begin_shutdown = begin_shutdown

    def admit(self, request: Request) -> Admission:
        """Determine the sender behind trusted proxies, and let the path's handler decide the admission."""
        if self._proxies:
            apply_proxies(request, self._proxies)
        handler = self._handlers.get(request.path)
        if handler is None:
            return self._nowhere.admit(request) if "/ws/" in request.path else self._site.admit(request)
        try:
            return handler.admit(request)
        except QueueFullError:
            return self._overload.refuse(request.content_type)

    def malformed(self, status: int, path: str, content_type: str) -> Response:
        """Return the response to a malformed HTTP request: plain text for the path of a page, else a SOAP fault."""
        if path and "/ws/" not in path:
            phrase = HTTPStatus(status).phrase
            return Response(status, [("Content-Type", "text/plain; charset=utf-8")], f"{status} {phrase}\n".encode())
        return self._nowhere.malformed(status, content_type)


class WsgiApplication:
    """The service as a WSGI application (PEP 3333). It waits for responses that are futures.

    It has no event streams, because each would occupy a thread: a page gets 503 and then polls.
    """

    def __init__(self, router: Router) -> None:
        self._router = router

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request = _request(environ)
        declared = environ.get("CONTENT_LENGTH") or ""
        # The declared length of the body in bytes; None if the server ends `wsgi.input` after the body instead.
        length = None if environ.get("wsgi.input_terminated") else 0
        if declared.isascii() and declared.isdigit():
            length = int(declared)
        admission = self._router.admit(request)
        if isinstance(admission, Future):
            admission = admission.result()
        if isinstance(admission, Response):
            _discard_body(environ, length)
            response = admission
        else:
            _read_body(request, environ, length)
            answer = admission.handle(request)
            response = answer if isinstance(answer, Response) else answer.result()
        status, headers, body, stream = response
        if stream is not None:
            stream.disconnected()
            return _without_stream(response, start_response)
        if status not in _NO_BODY:
            headers = [*headers, ("Content-Length", str(len(body)))]
        start_response(_status_line(status), list(headers))
        return [] if request.method == "HEAD" else [body]


@lru_cache(maxsize=64)
def _status_line(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}"


@lru_cache(maxsize=512)
def _header_name(variable: str) -> str:
    """Return the name of the header whose value is in the CGI variable `variable`; "" if it holds no header."""
    if variable.startswith("HTTP_") and variable not in _NOT_HEADERS:
        return variable[5:].replace("_", "-").lower()
    return _CGI_HEADERS.get(variable, "")


def _request(environ: WSGIEnvironment) -> Request:
    headers = {}
    for variable, value in environ.items():
        name = _header_name(variable)
        if name and (value or variable not in _CGI_HEADERS):
            headers[name] = value
    peer = environ.get("REMOTE_ADDR", "")
    return Request(
        environ["REQUEST_METHOD"],
        environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""),
        environ.get("QUERY_STRING", ""),
        headers,
        peer,
        http_version=environ.get("SERVER_PROTOCOL", "HTTP/1.1").rpartition("/")[2],
        scheme=environ.get("wsgi.url_scheme", "http"),
        host=headers.get("host", ""),
        peer=peer,
    )


def _read_body(request: Request, environ: WSGIEnvironment, length: int | None) -> None:
    """Read the body into `request`; set `body_problem` if it cannot be read completely."""
    if length is not None and length > request.max_body_bytes:
        request.body_problem = BodyProblem.TOO_LARGE
        _discard_body(environ, length)
        return
    try:
        request.body = environ["wsgi.input"].read(request.max_body_bytes + 1 if length is None else length)
    except TimeoutError:
        request.body_problem = BodyProblem.LATE
    except OSError:
        request.body_problem = BodyProblem.TRUNCATED
    if len(request.body) > request.max_body_bytes:
        request.body_problem = BodyProblem.TOO_LARGE
        _discard_body(environ, length)
    elif length is not None and len(request.body) < length:
        request.body_problem = request.body_problem or BodyProblem.TRUNCATED


def _discard_body(environ: WSGIEnvironment, length: int | None) -> None:
    """Read and discard a body that is not needed, because some servers reset a connection with unread bytes."""
    remaining = MAX_DISCARDED_BYTES if length is None else length
    if remaining > MAX_DISCARDED_BYTES or "HTTP_EXPECT" in environ:
        return
    with suppress(OSError):
        while remaining > 0 and (piece := environ["wsgi.input"].read(min(remaining, DEFAULT_MAX_BODY_BYTES))):
            remaining -= len(piece)


def _without_stream(response: Response, start_response: StartResponse) -> Iterable[bytes]:
    """Return 503 in place of an event stream. A stream with Content-Length is an injected fault: break it off."""
    if any(name == "Content-Length" for name, _ in response.headers):
        return _broken_off()
    text = b"this server has no streams: poll\n"
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(text))), ("Retry-After", "10")]
    start_response("503 Service Unavailable", headers)
    return [text]


def _broken_off() -> Iterator[bytes]:
    """Raise an error before the first byte, so that the WSGI server aborts the connection. For injected faults."""
    raise ConnectionAbortedError("a response that goes wrong on purpose")
    yield b""
