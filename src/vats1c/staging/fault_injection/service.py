"""Answers as they should not be: a service that answers as 1C does when something is wrong with it."""

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

# What the journal calls an exchange that was refused on purpose.
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
    """An answer that is not to be sent as it is: what goes wrong with it, and an HTTP status and headers of its own."""

    fault: Fault
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(
        cls, answer: bytes, fault: Fault, status: int = 200, headers: tuple[tuple[str, str], ...] = ()
    ) -> "FaultyResponse":
        """Return `answer` with what goes wrong with it."""
        made = cls(answer)
        made.fault, made.status, made.headers = fault, status, headers
        return made


class FaultyService:
    """A service, but for the requests that go wrong."""

    def __init__(
        self, service: SoapService, publication: str, plans: FaultPlans, waits: DelayPool, plan: NumberPlan
    ) -> None:
        """Take the service that answers otherwise; `plan` reads numbers as it does."""
        self._service = service
        self._publication = publication
        self._plans = plans
        self._waits = waits
        self._plan = plan

    def answer(self, request: SoapRequest, exchange: Exchange) -> bytes:
        """Return the answer, right or wrong; `exchange` is marked. Raises SoapFault, on purpose too."""
        asked = _incoming_request(request)
        due = self._plans.next_fault(self._publication, asked)
        if due is None:
            return completed(self._service.answer(request, exchange))
        exchange.fault, fault, random = due
        delay = fault.delay(random)
        if fault.fault in (FaultKind.FAULT, FaultKind.STATUS):
            self._waits.wait(delay)
            return self._refused(request, asked, fault, exchange)
        # It rings when the request came, however late the answer is.
        answer = completed(self._service.answer(request, exchange))
        self._waits.wait(delay)
        if fault.only_say_name:
            return _faulty_answer(request, fault)
        return answer if fault.fault is FaultKind.SLOW else FaultyResponse.of(answer, fault)

    def _refused(self, request: SoapRequest, asked: IncomingRequest, fault: Fault, exchange: Exchange) -> bytes:
        number = identify(asked.received, self._plan)
        exchange.received, exchange.number, exchange.key = number.received, number.canonical, asked.key
        exchange.outcome = STAGED
        if fault.fault is FaultKind.FAULT:
            raise SoapFault("Server", "staged", "намеренный сбой", "a fault on purpose", version=request.version)
        exchange.status = fault.status or HTTPStatus.INTERNAL_SERVER_ERROR.value
        return page(fault, exchange.status)


def page(fault: Fault, status: int) -> FaultyResponse:
    """Return what a web server in front of 1C says with `status`: HTML, and nothing of SOAP."""
    phrase = HTTPStatus(status).phrase
    text = (
        f"<!DOCTYPE html>\n<html><head><title>{status} {phrase}</title></head>\n"
        f"<body><h1>{phrase}</h1><p>vats1c: a fault on purpose.</p></body></html>\n"
    )
    login = (("WWW-Authenticate", f'Basic realm="{REALM}"'),) if status == HTTPStatus.UNAUTHORIZED else ()
    later = (("Retry-After", "10"),) if status == HTTPStatus.SERVICE_UNAVAILABLE else ()
    return FaultyResponse.of(text.encode(), fault, status, (*_HTML, *login, *later))


def _faulty_answer(request: SoapRequest, fault: Fault) -> bytes:
    """Return the answer to SayName that `fault` asks for."""
    later = any(split_tag(parameter)[1] == "Number" for parameter in request.element)
    if fault.fault is FaultKind.QUIRKS:
        value = _QUIRKY_DATA if later else _QUIRKS
    else:
        name = fault.name or ""
        value = reply.document(name) if later else name
    answer = reply.envelope(request.version, request.namespace, request.operation, value)
    if fault.fault is FaultKind.NO_RETURN:
        before, _, rest = answer.partition(b"<m:return")
        return before + rest[rest.index(b"</m:SayNameResponse>") :]
    return answer


def _incoming_request(request: SoapRequest) -> IncomingRequest:
    given: dict[str, Any] = {split_tag(one)[1]: one.text or "" for one in request.element if isinstance(one.tag, str)}
    number = next((given[name] for name in ("number", "Number", "NumFrom") if name in given), "")
    return IncomingRequest(request.operation, number, given.get("Key", "").strip())
