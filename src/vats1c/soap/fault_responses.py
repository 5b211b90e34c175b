"""Refusals on HTTP: faults in the request's SOAP version with the status and headers that belong to them."""

from http import HTTPStatus
from wsgiref.types import StartResponse, WSGIEnvironment

from vats1c.accounts.basic import REALM
from vats1c.messages import Language
from vats1c.soap import parser
from vats1c.soap.fault import CONTENT_TYPES, SoapFault, to_xml

Headers = list[tuple[str, str]]
_RETRY_AFTER_S = {429: "10", 503: "1"}


def render(fault: SoapFault, environ: WSGIEnvironment, language: Language) -> tuple[int, Headers, bytes]:
    """Return `fault` in the request's SOAP version: HTTP status, the headers that the status calls for, envelope."""
    version = fault.version or parser.version_hint(environ.get("CONTENT_TYPE", ""))
    headers = [("Content-Type", CONTENT_TYPES[version])]
    if fault.status == HTTPStatus.UNAUTHORIZED:
        headers.append(("WWW-Authenticate", f'Basic realm="{REALM}"'))
    elif fault.status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers.append(("Allow", "GET, HEAD, POST"))
    elif fault.status in _RETRY_AFTER_S:
        headers.append(("Retry-After", _RETRY_AFTER_S[fault.status]))
    if fault.status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE):
        # The rest of the body is not worth waiting for.
        headers.append(("Connection", "close"))
    return fault.status, headers, to_xml(fault, version, language)


def send_fault(
    fault: SoapFault, environ: WSGIEnvironment, start_response: StartResponse, language: Language
) -> list[bytes]:
    """Answer a request with `fault`."""
    status, headers, body = render(fault, environ, language)
    start_response(f"{status} {HTTPStatus(status).phrase}", headers)
    return [body]


def internal_error() -> SoapFault:
    """Return the fault for a defect of ours; it says nothing of what happened."""
    return SoapFault("Server", "internal", "внутренняя ошибка сервиса", "internal error of the service")


def body_timeout() -> SoapFault:
    """Return the fault for a body that did not arrive in time."""
    return SoapFault("Client", "late", "тело запроса не пришло вовремя", "the body did not arrive in time", status=408)


def no_such_service() -> SoapFault:
    """Return the fault for an address under /ws/ where nothing is published."""
    return SoapFault(
        "Client",
        "path",
        "по этому адресу нет веб-сервиса",
        "there is no web service at this address",
        status=404,
    )


def too_large(limit: int) -> SoapFault:
    return SoapFault(
        "Client",
        "size",
        f"тело запроса больше {limit} байт",
        f"the body is longer than {limit} bytes",
        status=413,
    )
