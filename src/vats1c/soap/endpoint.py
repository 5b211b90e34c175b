"""A publication's address, /NAME/ws/VATS, on HTTP: sign in, read the body, answer; every refusal is a SOAP fault.

Rule: nothing but a SOAP envelope leaves this module on POST, and nothing is read before the login is right.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from time import monotonic, perf_counter
from typing import Any, Protocol
from wsgiref.types import StartResponse, WSGIEnvironment

import structlog

from vats1c.accounts.basic import LoginRefused, Logins
from vats1c.messages import Language
from vats1c.metrics import Metrics
from vats1c.model import Exchange
from vats1c.soap import parser
from vats1c.soap.fault import CONTENT_TYPES, SOAP11, SOAP12, SoapFault
from vats1c.soap.fault_responses import Headers, body_timeout, internal_error, render, send_fault, too_large
from vats1c.soap.request import SoapRequest
from vats1c.soap.wsdl import Wsdl

log = structlog.get_logger("vats1c.soap")

_HEADERS_OK = {version: [("Content-Type", kind)] for version, kind in CONTENT_TYPES.items()}
# Set by loopback.py, and here for a login that was looked at already: no client can send a variable of this name,
# theirs begin with HTTP_.
TRUSTED = "vats1c.trusted"
SHORT_VERSIONS = {SOAP11: "1.1", SOAP12: "1.2"}
# Requests without a valid login could push all others out of the journal: their recording is rate-limited.
_UNAUTHENTICATED = frozenset({"auth", "logins", "method"})
_MAX_UNAUTHENTICATED_PER_MINUTE = 60


class RequestHandler(Protocol):
    """What answers requests: a Service, or one that goes wrong on purpose."""

    def answer(self, request: SoapRequest, exchange: Exchange) -> bytes:
        """Return the answer envelope; what is decided on the way is noted in `exchange`. Raises SoapFault."""

    def submit(self, request: SoapRequest, exchange: Exchange, then: Callable[[bytes | SoapFault], None]) -> bool:
        """Take what is answered later: `then` is told the answer, by another thread. Tell whether it was taken."""


class Endpoint:
    """One publication as a WSGI application."""

    def __init__(
        self,
        publication: str,
        service: RequestHandler,
        wsdl: Wsdl,
        logins: Logins,
        metrics: Metrics,
        *,
        body_limit: int,
        language: Language,
        wsdl_open: bool,
        record: Callable[[Exchange], None] = lambda _exchange: None,
        keep_bytes: bool = True,
        counted_as: str = "",
        nonblocking: bool = False,
    ) -> None:
        """Answer at `publication` by `service`; figures go under `counted_as`, the publication's name when it is "".

        `nonblocking` tells that a SayName waits for nothing outside this process.
        """
        self._publication = publication
        self._service = service
        self._wsdl = wsdl
        self._logins = logins
        self._count = _counters(metrics, counted_as or publication)
        self._body_limit = body_limit
        self._language = language
        self._wsdl_open = wsdl_open
        self._record = record
        self._keep_bytes = keep_bytes
        self._nonblocking = nonblocking
        self._unauthenticated_limiter = RateLimiter()

    def may_queue(self, environ: WSGIEnvironment) -> bool:
        """Tell whether a request may be read and wait in line: its sender is known, its body within the limit."""
        length = environ.get("CONTENT_LENGTH", "")
        if environ["REQUEST_METHOD"] != "POST" or not (length.isascii() and length.isdigit()):
            return False
        if int(length) > self._body_limit or not self._logins.has_passed(environ.get("HTTP_AUTHORIZATION")):
            return False
        environ[TRUSTED] = True
        return True

    def is_nonblocking(self, body: bytes) -> bool:
        """Tell whether a request with this body is answered without waiting: a SayName where callers are in memory.

        Said without reading it as XML: whoever hides an IncomingCall from this, its name in
        an encoding that is not a superset of ASCII, delays others by one writing of the journal.
        """
        return self._nonblocking and b"SayName" in body and b"IncomingCall" not in body

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        content_type = environ.get("CONTENT_TYPE", "")
        body = b""
        begun = perf_counter()
        exchange = Exchange(self._publication, datetime.now(UTC), address=environ.get("REMOTE_ADDR", ""))
        try:
            if environ["REQUEST_METHOD"] != "POST":
                return self._describe(environ, start_response)
            self._sign_in(environ)
            body = self._body(environ, content_type)
            request = parser.read(body, content_type)
            exchange.operation, exchange.namespace = request.operation, request.namespace
            exchange.soap = SHORT_VERSIONS[request.version]
            answer = self._service.answer(request, exchange)
        except SoapFault as fault:
            refused = fault
        except Exception:  # a defect of ours: the caller gets a fault, the log the traceback
            log.exception("request_failed")
            refused = internal_error()
        else:
            self._count(request.operation, exchange.outcome)
            start_response("200 OK", _HEADERS_OK[request.version])
            self._note(exchange, environ, begun, body, answer)
            return [answer]
        exchange.outcome, exchange.status = refused.reason, refused.status
        self._log_refusal(refused, environ)
        answered = send_fault(refused, environ, start_response, self._language)
        if refused.reason not in _UNAUTHENTICATED or self._unauthenticated_limiter.allow():
            self._note(exchange, environ, begun, body, answered[0])
        # It knows this call by its traceback: kept here, it would keep the body until the garbage collector comes.
        del refused
        return answered

    def submit(self, environ: WSGIEnvironment, body: bytes, send: Callable[[int, Headers, bytes], None]) -> bool:
        """Take an IncomingCall: it is answered through `send`, by another thread, once it is written down.

        Tell whether it was taken: whatever else `body` may hold is answered by calling the endpoint.
        """
        if b"IncomingCall" not in body:
            return False
        begun = perf_counter()
        exchange = Exchange(self._publication, datetime.now(UTC), address=environ.get("REMOTE_ADDR", ""))
        content_type = environ.get("CONTENT_TYPE", "")
        try:
            request = parser.read(self._body(environ, content_type), content_type)
        except SoapFault:
            return False
        exchange.operation, exchange.namespace = request.operation, request.namespace
        exchange.soap = SHORT_VERSIONS[request.version]

        def told(answer: bytes | SoapFault) -> None:
            if isinstance(answer, SoapFault):
                exchange.outcome, exchange.status = answer.reason, answer.status
                self._log_refusal(answer, environ)
                status, headers, said = render(answer, environ, self._language)
            else:
                self._count(request.operation, exchange.outcome)
                status, headers, said = 200, _HEADERS_OK[request.version], answer
            self._note(exchange, environ, begun, body, said)
            send(status, headers, said)

        return self._service.submit(request, exchange, told)

    def _note(self, exchange: Exchange, environ: WSGIEnvironment, begun: float, body: bytes, answer: bytes) -> None:
        exchange.elapsed = perf_counter() - begun
        if self._keep_bytes:
            of_stranger = exchange.outcome in _UNAUTHENTICATED
            exchange.raw = redacted_environ(environ) if of_stranger else environ, body, answer
        self._record(exchange)

    def _sign_in(self, environ: WSGIEnvironment) -> None:
        if TRUSTED in environ:
            return
        try:
            self._logins.check(environ.get("HTTP_AUTHORIZATION"), environ.get("REMOTE_ADDR", ""))
        except LoginRefused as refused:
            if refused.status == HTTPStatus.TOO_MANY_REQUESTS:
                raise SoapFault(
                    "Client",
                    "logins",
                    "слишком много неверных попыток входа, повторите позже",
                    "too many wrong logins, try again later",
                    status=429,
                ) from refused
            raise SoapFault(
                "Client", "auth", "неверное имя или пароль", "wrong user name or password", status=401
            ) from refused

    def _body(self, environ: WSGIEnvironment, content_type: str) -> bytes:
        """Return the whole body. A multipart or compressed one is refused unread, a long one as soon as it is seen."""
        if content_type.lower().startswith("multipart/"):
            raise SoapFault("Client", "type", "multipart не поддерживается", "multipart is not supported", status=415)
        if environ.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
            raise SoapFault(
                "Client",
                "type",
                "сжатое тело не поддерживается",
                "a compressed body is not supported",
                status=415,
            )
        declared = environ.get("CONTENT_LENGTH") or ""
        length = int(declared) if declared.isascii() and declared.isdigit() else None
        if length is not None and length > self._body_limit:
            raise too_large(self._body_limit)
        try:
            body: bytes = environ["wsgi.input"].read(self._body_limit + 1 if length is None else length)
        except TimeoutError as error:
            raise body_timeout() from error
        if len(body) > self._body_limit:
            raise too_large(self._body_limit)
        if length is not None and len(body) < length:
            raise SoapFault(
                "Client", "truncated", "тело запроса оборвано", "the body is shorter than its Content-Length"
            )
        return body

    def _describe(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve the WSDL on GET and HEAD ?wsdl, in any case; there is nothing else to get."""
        reading = environ["REQUEST_METHOD"] in ("GET", "HEAD")
        if not (reading and Wsdl.is_asked_for(environ.get("QUERY_STRING", ""))):
            raise SoapFault(
                "Client",
                "method",
                "это адрес веб-сервиса: запросы SOAP методом POST, описание по ?wsdl",
                "this is the address of a web service: SOAP by POST, its description at ?wsdl",
                status=405,
            )
        if not self._wsdl_open:
            self._sign_in(environ)
        self._count("wsdl", "ok")
        return self._wsdl(environ, start_response)

    def _log_refusal(self, fault: SoapFault, environ: WSGIEnvironment) -> None:
        self._count("", fault.reason)
        log.info(
            "request_refused",
            publication=self._publication,
            reason=fault.reason,
            status=fault.status,
            address=environ.get("REMOTE_ADDR", ""),
        )


class RateLimiter:
    """So many a minute, and no more."""

    def __init__(self, per_minute: int = _MAX_UNAUTHENTICATED_PER_MINUTE) -> None:
        self._per_minute = per_minute
        self._minute = 0
        self._left = 0

    def allow(self) -> bool:
        """Tell whether one more may be."""
        minute = int(monotonic() // 60)
        if minute != self._minute:
            self._minute, self._left = minute, self._per_minute
        self._left -= 1
        return self._left >= 0


def redacted_environ(environ: WSGIEnvironment) -> WSGIEnvironment:
    """Return the variables of a request that was refused unread, and how, where and with what login it came.

    No header has a colon in its name. Only the login's kind is told: who mixes things up may send a password alone.
    """
    given = environ.get("HTTP_AUTHORIZATION", "")
    login = "Basic" if given[:6].lower() == "basic " else "other" if given else ""
    own = {":method": environ["REQUEST_METHOD"], ":path": environ["PATH_INFO"], ":login": login}
    return {name: value for name, value in environ.items() if isinstance(value, str)} | own


def _counters(metrics: Metrics, publication: str) -> Callable[[str, str], None]:
    """Return a function that counts one request; label lookups are done once for each pair."""
    known: dict[tuple[str, str], Any] = {}

    def count(operation: str, outcome: str) -> None:
        counter = known.get((operation, outcome))
        if counter is None:
            counter = known[operation, outcome] = metrics.requests.labels(publication, operation, outcome)
        counter.inc()

    return count
