"""The endpoint of a publication, /NAME/ws/VATS: check the login, read the envelope, answer; refuse by a SOAP fault.

Rule: every answer to a POST is a SOAP envelope, and no body is read before the login was verified. Every error
in `handle`, except a full queue, is converted by `_finish` into a fault, a metric and a row of the journal.
"""

import threading
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime
from http import HTTPStatus
from time import monotonic, perf_counter
from typing import Any, Protocol

import structlog

from vats1c.accounts.basic import LoginRefused, Logins
from vats1c.http import Admission, Answer, Handler, Request, Response, completed, then
from vats1c.journal import JournalError
from vats1c.messages import Language
from vats1c.metrics import Metrics
from vats1c.model import Exchange
from vats1c.soap import parser, refusals
from vats1c.soap.fault import CONTENT_TYPES, SoapFault
from vats1c.soap.overload import OverloadResponses
from vats1c.soap.request import SoapRequest
from vats1c.soap.wsdl import Wsdl
from vats1c.worker_pool import QueueFullError, WorkerPool
from vats1c.xmlsafe import SOAP11, SOAP12

log = structlog.get_logger("vats1c.soap")

SHORT_VERSIONS = {SOAP11: "1.1", SOAP12: "1.2"}
_HEADERS_OK = {SHORT_VERSIONS[version]: [("Content-Type", kind)] for version, kind in CONTENT_TYPES.items()}
# Requests without a valid login could push all others out of the journal: their recording is rate-limited.
_MAX_UNAUTHENTICATED_PER_MINUTE = 60


class Service(Protocol):
    """Carries out the operations. Implemented by `SoapService`, and by `FaultyService`, which injects faults."""

    def answer(self, request: SoapRequest, exchange: Exchange) -> "bytes | Future[bytes]":
        """Return the answer envelope; note the result in `exchange`. Raises SoapFault; other errors are defects."""


class Endpoint:
    """One publication as a `Handler`. `admit` and `handle` never wait; work that may wait is done by worker pools."""

    def __init__(
        self,
        publication: str,
        service: Service,
        wsdl: Wsdl,
        logins: Logins,
        metrics: Metrics,
        *,
        call_pool: WorkerPool,
        sign_in_pool: WorkerPool,
        overload: OverloadResponses,
        max_body_bytes: int,
        language: Language,
        wsdl_open: bool,
        record: Callable[[Exchange], None] = lambda _exchange: None,
        keep_bytes: bool = True,
        counted_as: str = "",
        nonblocking: Collection[str] = (),
    ) -> None:
        """Answer requests to `publication` by `service`; its metrics are labelled `counted_as`, "" for its name.

        `nonblocking` names the operations that `service` answers without waiting; `call_pool` runs all others, and
        `sign_in_pool` verifies logins that were not verified before.
        """
        self._publication = publication
        self._service = service
        self._wsdl = wsdl
        self._logins = logins
        self._requests = metrics.requests
        self._counters: dict[tuple[str, str], Any] = {}
        self._counted_as = counted_as or publication
        self._call_pool = call_pool
        self._sign_in_pool = sign_in_pool
        self._overload = overload
        self._max_body_bytes = max_body_bytes
        self._language = language
        self._wsdl_open = wsdl_open
        self._record = record
        self._keep_bytes = keep_bytes
        self._nonblocking = frozenset(nonblocking)
        self._unauthenticated_limiter = RateLimiter()

    def admit(self, request: Request) -> Admission:
        """Admit a POST whose login is correct, answer a request for the WSDL, and refuse all other requests."""
        request.max_body_bytes = self._max_body_bytes
        is_known = self._logins.has_passed(request.headers.get("authorization"))
        if request.method == "POST":
            return self if is_known else self._sign_in_pool.submit(self._sign_in, request)
        if request.method not in ("GET", "HEAD") or not Wsdl.is_asked_for(request.query):
            return self._refuse(request, refusals.wrong_method())
        if is_known or self._wsdl_open:
            return self._describe(request)
        return self._sign_in_pool.submit(self._describe_to_stranger, request)

    def handle(self, request: Request) -> Answer:
        """Answer a request that was admitted."""
        begun = perf_counter()
        exchange = Exchange(self._publication, datetime.now(UTC), address=request.sender)
        try:
            if request.body_problem is not None or "content-encoding" in request.headers:
                _refuse_body(request)
            soap_request = parser.read(request.body, request.headers.get("content-type", ""))
            exchange.operation, exchange.namespace = soap_request.operation, soap_request.namespace
            exchange.soap = SHORT_VERSIONS[soap_request.version]
            if soap_request.operation in self._nonblocking:
                answer = self._service.answer(soap_request, exchange)
            else:
                answer = self._call_pool.submit(self._wait_for_answer, soap_request, exchange)
        except QueueFullError:
            return self._overload.refuse(request.content_type)
        except Exception as error:  # noqa: BLE001 - `_finish` converts it into a fault
            return self._finish(request, exchange, begun, error)
        if isinstance(answer, Future):
            return then(answer, lambda done: self._finish(request, exchange, begun, done.exception() or done.result()))
        return self._finish(request, exchange, begun, answer)

    def _wait_for_answer(self, soap_request: SoapRequest, exchange: Exchange) -> bytes:
        return completed(self._service.answer(soap_request, exchange))

    def _finish(self, request: Request, exchange: Exchange, begun: float, answer: bytes | BaseException) -> Response:
        """Return the response for `answer`, an envelope or an error; count the request and pass it to the journal."""
        if isinstance(answer, bytes):
            response = Response(200, _HEADERS_OK[exchange.soap], answer)
            counted = exchange.operation, exchange.outcome
        else:
            fault = self._to_fault(answer, exchange)
            response = refusals.render(fault, request.content_type, self._language)
            counted = "", fault.reason
            self._log_refusal(fault, request)
        counter = self._counters.get(counted)
        if counter is None:
            counter = self._counters[counted] = self._requests.labels(self._counted_as, *counted)
        counter.inc()
        exchange.elapsed = perf_counter() - begun
        if self._keep_bytes:
            exchange.raw = request.headers, request.body, response.body
        self._record(exchange)
        return response

    def _to_fault(self, error: BaseException, exchange: Exchange) -> SoapFault:
        """Convert `error` into a fault, and note the fault in `exchange`."""
        if isinstance(error, SoapFault):
            fault = error
        elif isinstance(error, JournalError):
            log.error("call_not_recorded", error=str(error.__cause__))
            fault = refusals.not_recorded(error.message.ru, error.message.en)
        else:
            log.error("operation_failed", operation=exchange.operation, exc_info=error)
            fault = refusals.internal_error()
        exchange.outcome, exchange.status = fault.reason, fault.status
        if fault.version is None and exchange.soap:
            fault.version = SOAP12 if exchange.soap == SHORT_VERSIONS[SOAP12] else SOAP11
        return fault

    def _refuse(self, request: Request, fault: SoapFault) -> Response:
        """Return the response to a request that is not admitted; count it, and record it at a limited rate."""
        exchange = Exchange(self._publication, datetime.now(UTC), address=request.sender)
        exchange.outcome, exchange.status = fault.reason, fault.status
        response = refusals.render(fault, request.content_type, self._language)
        self._requests.labels(self._counted_as, "", fault.reason).inc()
        self._log_refusal(fault, request)
        if self._unauthenticated_limiter.allow():
            if self._keep_bytes:
                exchange.raw = redacted_head(request), b"", response.body
            self._record(exchange)
        return response

    def _sign_in(self, request: Request) -> Handler | Response:
        """Verify a login that was not verified before. May wait."""
        try:
            self._logins.check(request.headers.get("authorization"), request.sender)
        except LoginRefused as refused:
            is_slowed = refused.status == HTTPStatus.TOO_MANY_REQUESTS
            return self._refuse(request, refusals.too_many_logins() if is_slowed else refusals.wrong_login())
        return self

    def _describe_to_stranger(self, request: Request) -> Handler | Response:
        """Verify a login that was not verified before, and return the WSDL if it is correct. May wait."""
        admission = self._sign_in(request)
        return admission if isinstance(admission, Response) else self._describe(request)

    def _describe(self, request: Request) -> Response:
        self._requests.labels(self._counted_as, "wsdl", "ok").inc()
        return self._wsdl.respond(request)

    def _log_refusal(self, fault: SoapFault, request: Request) -> None:
        log.info(
            "request_refused",
            publication=self._publication,
            reason=fault.reason,
            status=fault.status,
            address=request.sender,
        )


def _refuse_body(request: Request) -> None:
    """Raise SoapFault for a body that is incomplete or compressed."""
    if request.body_problem is not None:
        raise refusals.unreadable_body(request.body_problem, request.max_body_bytes)
    if request.headers["content-encoding"].lower() != "identity":
        raise refusals.compressed()


class RateLimiter:
    """Limits events to a number a minute. Called by many threads at once."""

    def __init__(self, per_minute: int = _MAX_UNAUTHENTICATED_PER_MINUTE) -> None:
        self._per_minute = per_minute
        self._lock = threading.Lock()
        self._minute = 0
        self._left = 0

    def allow(self) -> bool:
        """Tell whether one more event is within the limit."""
        minute = int(monotonic() // 60)
        with self._lock:
            if minute != self._minute:
                self._minute, self._left = minute, self._per_minute
            self._left -= 1
            return self._left >= 0


def redacted_head(request: Request) -> Mapping[str, str]:
    """Return the headers of a request that was not admitted, with its method, its path and the scheme of its login.

    The names of the added values begin with a colon, which no header name contains. The value of `:login` is "Basic",
    "other" or "": it repeats no text of the Authorization header, into which a sender may have put a bare password.
    """
    authorization = request.headers.get("authorization", "")
    scheme = "Basic" if authorization[:6].lower() == "basic " else "other" if authorization else ""
    return {**request.headers, ":method": request.method, ":path": request.path, ":login": scheme}
