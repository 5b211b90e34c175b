"""The faults of requests that are refused before any operation runs, and the HTTP response of a fault."""

from http import HTTPStatus

from vats1c.accounts.basic import REALM
from vats1c.http import BodyProblem, Response
from vats1c.messages import Language
from vats1c.soap import parser
from vats1c.soap.fault import CONTENT_TYPES, SoapFault, to_xml

_RETRY_AFTER_S = {429: "10", 503: "1"}


def render(fault: SoapFault, content_type: str, language: Language) -> Response:
    """Return `fault` as an HTTP response; if `fault.version` is None, `content_type` decides the SOAP version."""
    version = fault.version or parser.version_hint(content_type)
    headers = [("Content-Type", CONTENT_TYPES[version])]
    if fault.status == HTTPStatus.UNAUTHORIZED:
        headers.append(("WWW-Authenticate", f'Basic realm="{REALM}"'))
    elif fault.status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers.append(("Allow", "GET, HEAD, POST"))
    elif fault.status in _RETRY_AFTER_S:
        headers.append(("Retry-After", _RETRY_AFTER_S[fault.status]))
    return Response(fault.status, headers, to_xml(fault, version, language))


def internal_error() -> SoapFault:
    """Return the fault for a defect of the service; it gives no details of the error."""
    return SoapFault("Server", "internal", "внутренняя ошибка сервиса", "internal error of the service")


def wrong_login() -> SoapFault:
    return SoapFault("Client", "auth", "неверное имя или пароль", "wrong user name or password", status=401)


def too_many_logins() -> SoapFault:
    """Return the fault for a sender's address that sent too many wrong logins."""
    return SoapFault(
        "Client",
        "logins",
        "слишком много неверных попыток входа, повторите позже",
        "too many wrong logins, try again later",
        status=429,
    )


def wrong_method() -> SoapFault:
    """Return the fault for a method other than POST, except GET or HEAD of the WSDL."""
    return SoapFault(
        "Client",
        "method",
        "это адрес веб-сервиса: запросы SOAP методом POST, описание по ?wsdl",
        "this is the address of a web service: SOAP by POST, its description at ?wsdl",
        status=405,
    )


def no_such_service() -> SoapFault:
    """Return the fault for an address under /ws/ where nothing is published."""
    return SoapFault(
        "Client",
        "path",
        "по этому адресу нет веб-сервиса",
        "there is no web service at this address",
        status=404,
    )


def malformed_http(status: int) -> SoapFault:
    """Return the fault for bytes that are not a well-formed HTTP request: 400, 405, 431 or 505."""
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return wrong_method()
    if status == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:
        return SoapFault(
            "Client", "head", "заголовки запроса слишком длинные", "the request's headers are too long", status=431
        )
    if status == HTTPStatus.HTTP_VERSION_NOT_SUPPORTED:
        return SoapFault(
            "Client",
            "protocol",
            "поддерживаются HTTP/1.1 и HTTP/1.0",
            "HTTP/1.1 and HTTP/1.0 are supported",
            status=505,
        )
    return SoapFault(
        "Client", "http", "это не правильный запрос HTTP", "this is not a well-formed HTTP request", status=400
    )


def overload() -> SoapFault:
    """Return the fault for a request that does not fit into the full queue of its worker pool."""
    return SoapFault(
        "Server",
        "overload",
        "слишком много запросов сразу, повторите позже",
        "too many requests at once, try again later",
        status=503,
    )


def unreadable_body(problem: BodyProblem, max_bytes: int) -> SoapFault:
    """Return the fault for a body that is longer than `max_bytes`, late or cut short."""
    if problem is BodyProblem.TOO_LARGE:
        return SoapFault(
            "Client",
            "size",
            f"тело запроса больше {max_bytes} байт",
            f"the body is longer than {max_bytes} bytes",
            status=413,
        )
    if problem is BodyProblem.LATE:
        return SoapFault(
            "Client", "late", "тело запроса не пришло вовремя", "the body did not arrive in time", status=408
        )
    return SoapFault("Client", "truncated", "тело запроса оборвано", "the body is shorter than its Content-Length")


def compressed() -> SoapFault:
    return SoapFault(
        "Client", "type", "сжатое тело не поддерживается", "a compressed body is not supported", status=415
    )


def not_recorded(ru: str, en: str) -> SoapFault:
    """Return the fault for a call that the journal could not record."""
    return SoapFault("Server", "journal", ru, en)
