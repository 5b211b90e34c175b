"""The kit's look at refusals: does what is wrong get a fault in the caller's version, and a stranger 401?"""

from vats1c.messages import Message
from vats1c.simulator import answers, requests
from vats1c.simulator.answers import AnswerFault, UnreadableError
from vats1c.simulator.http_client import HttpReply
from vats1c.simulator.probe import Check, FailedError, Probe, SkippedError

_FAULT = Message("ошибка SOAP", "a SOAP fault")
_OPERATION = "NoSuchOperation"


def _fault(probe: Probe, body: bytes, soap: str = "1.1") -> tuple[HttpReply, str, AnswerFault]:
    """Return the fault that answers `body`, and the version it is in. Raises FailedError where something else does."""
    answer = probe.ask(body, soap)
    try:
        found = answers.read(answer)
    except UnreadableError as error:
        text, status = error.message, answer.status
        raise FailedError(_FAULT, Message(f"HTTP {status}: {text.ru}", f"HTTP {status}: {text.en}")) from error
    if found.fault is None:
        raise FailedError(_FAULT, f"HTTP {answer.status}: {found.name} {found.returned!r}")
    return answer, found.version, found.fault


def _told(answer: HttpReply, version: str, fault: AnswerFault) -> str:
    return f"HTTP {answer.status}, SOAP {version}, {fault.code}: {fault.text}"


def _malformed(probe: Probe) -> str:
    return _told(*_fault(probe, probe.say_name().replace(b"</soap:Body>", b"")))


def _unknown_operation(probe: Probe) -> str:
    return _told(*_fault(probe, _unknown(probe, "1.1")))


def _unknown(probe: Probe, soap: str) -> bytes:
    return requests.request(_OPERATION, {"number": probe.asking.number}, soap, probe.asking.line.namespace)


def _missing_part(probe: Probe) -> str:
    body = requests.request("SayName", {}, "1.1", probe.asking.line.namespace)
    return _told(*_fault(probe, body))


def _version(probe: Probe) -> str:
    found = {soap: _fault(probe, _unknown(probe, soap), soap)[1] for soap in requests.SOAP}
    wrong = {asked: answered for asked, answered in found.items() if asked != answered}
    if wrong:
        ru = ", ".join(f"на SOAP {asked} — SOAP {answered}" for asked, answered in wrong.items())
        en = ", ".join(f"SOAP {answered} for SOAP {asked}" for asked, answered in wrong.items())
        raise FailedError(
            Message("ошибка в версии SOAP запроса", "a fault in the SOAP version of the request"), Message(ru, en)
        )
    return ", ".join(f"SOAP {soap}" for soap in found)


def _status(probe: Probe) -> str:
    # SOAP 1.1 §6.2.
    answer, _, _ = _fault(probe, _unknown(probe, "1.1"))
    if answer.status != 500:  # noqa: PLR2004
        raise FailedError(Message("статус HTTP 500", "HTTP status 500"), f"HTTP {answer.status}")
    return "HTTP 500"


def _without_login(probe: Probe) -> str:
    return _refused(probe, None)


def _wrong_password(probe: Probe) -> str:
    line = probe.asking.line
    if not line.user:
        raise SkippedError("имя не дано (--user)", "no user is given (--user)")
    return _refused(probe, requests.basic(line.user, f"{line.password}-wrong"))


def _refused(probe: Probe, authorization: str | None) -> str:
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
        _missing_part,
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
