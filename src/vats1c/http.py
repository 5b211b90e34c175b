"""HTTP requests and responses, as all packages of the service use them.

A handler takes a `Request` and returns an `Answer`: a `Response`, or a future of a response if the handler has to wait.
These types do not depend on whether the service's own HTTP server or a WSGI server received the request.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")

Headers = Sequence[tuple[str, str]]
DEFAULT_MAX_BODY_BYTES = 65_536
# The rest of a body that is not needed any more is read and dropped, up to this size: a connection that is closed with
# unread bytes is reset, and the sender, or the proxy before it, loses the response (RFC 9112, 9.6).
MAX_DISCARDED_BYTES = 1 << 20


class BodyProblem(StrEnum):
    """Why a request's body is incomplete; the response to such a request closes its connection."""

    TOO_LARGE = "too_large"
    LATE = "late"
    TRUNCATED = "truncated"


@dataclass(slots=True, weakref_slot=True)
class Request:
    """One HTTP request, made once from its head; its body follows.

    `path` is percent-decoded, each byte a character (PEP 3333). `headers` have lower-case names; the values of a
    repeated header are joined by commas (RFC 9110, 5.3). Headers whose name has an underscore are left out, because CGI
    cannot distinguish an underscore from a hyphen.
    `sender` is the IP address of the sender, `peer` that of the TCP connection: they differ behind a trusted proxy.
    `max_body_bytes` is set by `Handler.admit`; if `body_problem` is set, `body` may be incomplete.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    sender: str
    http_version: str = "1.1"
    scheme: str = "http"
    host: str = ""
    peer: str = ""
    body: bytes = b""
    max_body_bytes: int = DEFAULT_MAX_BODY_BYTES
    body_problem: BodyProblem | None = None
    # Whether the request is a test call, made by an administrator in the inspector and not by the VATS.
    is_test_call: bool = False

    @property
    def content_type(self) -> str:
        """The Content-Type header, "" when there is none."""
        return self.headers.get("content-type", "")


class ResponseWriter(Protocol):
    """Sends the body of a response in pieces. Every method may be called by any thread, and none waits."""

    def send(self, data: bytes) -> bool:
        """Send `data`; return False when no more can be sent: the client has gone, or does not read."""

    def close(self) -> None:
        """End the response."""

    def reset(self) -> None:
        """Break the connection off with a TCP reset."""


class ResponseStream(Protocol):
    """The body of a response that is sent in pieces: server-sent events, or a response that goes wrong on purpose."""

    def begin(self, writer: ResponseWriter) -> None:
        """Start sending by `writer`. Called once, by the server's thread: it must not wait."""

    def disconnected(self) -> None:
        """Take note that the client has gone. Called once, by the server's thread: it must not wait."""


class Response(NamedTuple):
    """Status, header fields and body; `stream` replaces `body`.

    The server adds Content-Length, and leaves the body out for HEAD.
    """

    status: int
    headers: Headers
    body: bytes = b""
    stream: ResponseStream | None = None


Answer = Response | Future[Response]


class Handler(Protocol):
    """Answers the requests of one address."""

    def admit(self, request: Request) -> "Admission":
        """Decide by the head alone: return the handler to call once the body has been read, or the response."""

    def handle(self, request: Request) -> Answer:
        """Answer `request`, whose body is complete or has a `body_problem`."""


Admission = Handler | Response | Future[Handler | Response]


def then(future: Future[T], function: Callable[[Future[T]], R]) -> Future[R]:
    """Return a future of `function(future)`, called by the thread that finishes `future`."""
    following: Future[R] = Future()

    def finish(finished: Future[T]) -> None:
        try:
            following.set_result(function(finished))
        except Exception as error:  # noqa: BLE001 - handed on through the following future
            following.set_exception(error)

    future.add_done_callback(finish)
    return following


def completed(answer: "T | Future[T]") -> T:
    """Return `answer`; if it is a future, wait for it and return its result. For threads that may wait."""
    return answer.result() if isinstance(answer, Future) else answer
