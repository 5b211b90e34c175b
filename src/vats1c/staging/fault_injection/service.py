"""A SOAP service that injects faults: it answers as 1C does when something is wrong."""

from http import HTTPStatus
from typing import Any

from vats1c.accounts.basic import REALM
from vats1c.http import completed
from vats1c.model import Exchange
from vats1c.number import NumberPlan, identify
from vats1c.soap import reply
from vats1c.soap.fault import SoapFault
from vats1c.soap.parser import split_tag
from vats1c.soap.request import SoapRequest
from vats1c.soap.service import SoapService
from vats1c.staging.fault_injection.delays import DelayPool
from vats1c.staging.faults import Fault, FaultKind
from vats1c.staging.plans import FaultPlans, IncomingRequest

# The outcome in the journal of an exchange that a fault refused.
STAGED = "staged"
_HTML = (("Content-Type", "text/html; charset=utf-8"),)
_QUIRKS = " Рога & Копыта"
_QUIRKY_DATA = (
    '<?xml version="1.0"?>\n'
    "<data>\n"
    f"    <title>{_QUIRKS}</title>\n"
    "    <category>0</category>\n"
    "    <manager>\n"
    "        <phone>1\N{NO-BREAK SPACE}234</phone>\n"
    "    </manager>\n"
    "</data>\n"
)


class FaultyResponse(bytes):
    """An answer with its HTTP status, its headers, and the fault that the endpoint injects when it sends the answer."""

    fault: Fault
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(
        cls, answer: bytes, fault: Fault, status: int = 200, headers: tuple[tuple[str, str], ...] = ()
    ) -> "FaultyResponse":
        """Return `answer` with `fault`, `status` and `headers`."""
        response = cls(answer)
        response.fault, response.status, response.headers = fault, status, headers
        return response


class FaultyService:
    """Wraps a SOAP service: requests that have a fault get a faulty answer."""

    def __init__(
        self, service: SoapService, publication: str, plans: FaultPlans, waits: DelayPool, plan: NumberPlan
    ) -> None:
        """Wrap `service`, which answers the requests without a fault; `plan` is its number plan."""
        self._service = service
        self._publication = publication
        self._plans = plans
        self._waits = waits
        self._plan = plan

    def answer(self, request: SoapRequest, exchange: Exchange) -> bytes:
        """Return the answer, faulty if the request has a fault; note the fault in `exchange`. Raises SoapFault."""
        incoming = _incoming_request(request)
        next_fault = self._plans.next_fault(self._publication, incoming)
        if next_fault is None:
            return completed(self._service.answer(request, exchange))
        exchange.fault, fault, random = next_fault
        delay = fault.delay(random)
        if fault.fault in (FaultKind.FAULT, FaultKind.STATUS):
            self._waits.wait(delay)
            return self._refused(request, incoming, fault, exchange)
        # Execute the operation before the delay, so that the call rings at the time of the request.
        answer = completed(self._service.answer(request, exchange))
        self._waits.wait(delay)
        if fault.only_say_name:
            return _faulty_answer(request, fault)
        return answer if fault.fault is FaultKind.SLOW else FaultyResponse.of(answer, fault)

    def _refused(self, request: SoapRequest, incoming: IncomingRequest, fault: Fault, exchange: Exchange) -> bytes:
        number = identify(incoming.received, self._plan)
        exchange.received, exchange.number, exchange.key = number.received, number.canonical, incoming.key
        exchange.outcome = STAGED
        if fault.fault is FaultKind.FAULT:
            raise SoapFault("Server", "staged", "намеренный сбой", "a fault on purpose", version=request.version)
        exchange.status = fault.status or HTTPStatus.INTERNAL_SERVER_ERROR.value
        return page(fault, exchange.status)


def page(fault: Fault, status: int) -> FaultyResponse:
    """Return the HTML page that a web server in front of 1C sends with `status`."""
    phrase = HTTPStatus(status).phrase
    text = (
        f"<!DOCTYPE html>\n<html><head><title>{status} {phrase}</title></head>\n"
        f"<body><h1>{phrase}</h1><p>vats1c: a fault on purpose.</p></body></html>\n"
    )
    login = (("WWW-Authenticate", f'Basic realm="{REALM}"'),) if status == HTTPStatus.UNAUTHORIZED else ()
    later = (("Retry-After", "10"),) if status == HTTPStatus.SERVICE_UNAVAILABLE else ()
    return FaultyResponse.of(text.encode(), fault, status, (*_HTML, *login, *later))


def _faulty_answer(request: SoapRequest, fault: Fault) -> bytes:
    """Return the faulty answer to SayName that `fault` requires."""
    returns_document = any(split_tag(parameter)[1] == "Number" for parameter in request.element)
    if fault.fault is FaultKind.QUIRKS:
        value = _QUIRKY_DATA if returns_document else _QUIRKS
    else:
        name = fault.name or ""
        value = reply.document(name) if returns_document else name
    answer = reply.envelope(request.version, request.namespace, request.operation, value)
    if fault.fault is FaultKind.NO_RETURN:
        before, _, rest = answer.partition(b"<m:return")
        return before + rest[rest.index(b"</m:SayNameResponse>") :]
    return answer


def _incoming_request(request: SoapRequest) -> IncomingRequest:
    texts: dict[str, Any] = {
        split_tag(parameter)[1]: parameter.text or "" for parameter in request.element if isinstance(parameter.tag, str)
    }
    number = next((texts[name] for name in ("number", "Number", "NumFrom") if name in texts), "")
    return IncomingRequest(request.operation, number, texts.get("Key", "").strip())
