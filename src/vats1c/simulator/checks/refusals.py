"""Checks of refusals: a wrong request gets a fault in its SOAP version; a request without a valid login gets 401."""

from vats1c.messages import Message
from vats1c.simulator import answers, requests
from vats1c.simulator.answers import AnswerFault, UnreadableError
from vats1c.simulator.http_client import HttpReply
from vats1c.simulator.probe import Check, FailedError, Probe, SkippedError
from vats1c.xmlsafe import SOAP_NAMESPACES

_FAULT = Message("ошибка SOAP", "a SOAP fault")
_OPERATION = "NoSuchOperation"


def _fault(probe: Probe, body: bytes, soap: str = "1.1") -> tuple[HttpReply, str, AnswerFault]:
    """Return the answer to `body`, its SOAP version and its fault. Raises FailedError when it holds no fault."""
    answer = probe.ask(body, soap)
    try:
        envelope = answers.read(answer)
    except UnreadableError as error:
        text, status = error.message, answer.status
        raise FailedError(_FAULT, Message(f"HTTP {status}: {text.ru}", f"HTTP {status}: {text.en}")) from error
    if envelope.fault is None:
        raise FailedError(_FAULT, f"HTTP {answer.status}: {envelope.name} {envelope.returned!r}")
    return answer, envelope.version, envelope.fault


def _describe(answer: HttpReply, version: str, fault: AnswerFault) -> str:
    return f"HTTP {answer.status}, SOAP {version}, {fault.code}: {fault.text}"


def _malformed(probe: Probe) -> str:
    return _describe(*_fault(probe, probe.say_name().replace(b"</soap:Body>", b"")))


def _unknown_operation(probe: Probe) -> str:
    return _describe(*_fault(probe, _unknown_body(probe, "1.1")))


def _unknown_body(probe: Probe, soap: str) -> bytes:
    return requests.request(_OPERATION, {"number": probe.target.number}, soap, probe.target.service.namespace)


def _missing_parameter(probe: Probe) -> str:
    body = requests.request("SayName", {}, "1.1", probe.target.service.namespace)
    return _describe(*_fault(probe, body))


def _version(probe: Probe) -> str:
    versions = {soap: _fault(probe, _unknown_body(probe, soap), soap)[1] for soap in SOAP_NAMESPACES}
    mismatches = {requested: actual for requested, actual in versions.items() if requested != actual}
    if mismatches:
        ru = ", ".join(f"на SOAP {requested} — SOAP {actual}" for requested, actual in mismatches.items())
        en = ", ".join(f"SOAP {actual} for SOAP {requested}" for requested, actual in mismatches.items())
        raise FailedError(
            Message("ошибка в версии SOAP запроса", "a fault in the SOAP version of the request"), Message(ru, en)
        )
    return ", ".join(f"SOAP {soap}" for soap in versions)


def _status(probe: Probe) -> str:
    # SOAP 1.1 §6.2 requires HTTP status 500 for a fault.
    answer, _, _ = _fault(probe, _unknown_body(probe, "1.1"))
    if answer.status != 500:  # noqa: PLR2004
        raise FailedError(Message("статус HTTP 500", "HTTP status 500"), f"HTTP {answer.status}")
    return "HTTP 500"


def _without_login(probe: Probe) -> str:
    return _expect_refusal(probe, None)


def _wrong_password(probe: Probe) -> str:
    service = probe.target.service
    if not service.user:
        raise SkippedError("имя не дано (--user)", "no user is given (--user)")
    return _expect_refusal(probe, requests.basic(service.user, f"{service.password}-wrong"))


def _expect_refusal(probe: Probe, authorization: str | None) -> str:
    answer = probe.ask(probe.say_name(), Authorization=authorization)
    challenge = answer.headers.get("www-authenticate", "")
    if answer.status != 401 or not challenge.lower().startswith("basic"):  # noqa: PLR2004
        expected = Message("401 и WWW-Authenticate: Basic", "401 and WWW-Authenticate: Basic")
        raise FailedError(expected, f"HTTP {answer.status}, WWW-Authenticate: {challenge or '-'}")
    return f"401, {challenge}"


REFUSALS = (
    Check(
        "FAULT-XML",
        Message("испорченный XML — ошибка SOAP", "malformed XML is a SOAP fault"),
        _malformed,
        needs="ANSWER-XML",
    ),
    Check(
        "FAULT-OPERATION",
        Message("неизвестная операция — ошибка SOAP", "an unknown operation is a SOAP fault"),
        _unknown_operation,
        needs="ANSWER-XML",
    ),
    Check(
        "FAULT-PARAMETER",
        Message("SayName без параметра — ошибка SOAP", "SayName without its parameter is a SOAP fault"),
        _missing_parameter,
        needs="ANSWER-XML",
    ),
    Check(
        "FAULT-VERSION",
        Message("ошибка в версии SOAP запроса", "a fault is in the request's SOAP version"),
        _version,
        needs="FAULT-OPERATION",
    ),
    Check(
        "FAULT-STATUS",
        Message("статус ошибки — 500", "a fault's status is 500"),
        _status,
        needs="FAULT-OPERATION",
    ),
    Check(
        "AUTH-OPEN",
        Message("без пароля не пускают", "nobody gets in without a login"),
        _without_login,
        needs="REACHABLE",
    ),
    Check(
        "AUTH-WRONG",
        Message("с неверным паролем не пускают", "nobody gets in with a wrong password"),
        _wrong_password,
        needs="REACHABLE",
    ),
)
