"""Checks of SayName and IncomingCall: the value, type, prefixes and encoding of the answers, and their latency."""

import re

from vats1c.messages import Message
from vats1c.simulator import answers, requests
from vats1c.simulator.answers import UnreadableError
from vats1c.simulator.http_client import HttpReply
from vats1c.simulator.load import ms, percentiles
from vats1c.simulator.pbx_client import WrongError, value
from vats1c.simulator.probe import Check, FailedError, Probe, SkippedError
from vats1c.simulator.requests import VATS

# A number without an owner (there is no area code 000), in the VATS's spelling.
_UNKNOWN_NUMBER = "80000000000"
_LATENCY_SAMPLES = 20
_TYPES = {"1.1": "text/xml", "1.2": "application/soap+xml"}
_ENVELOPE = Message("конверт SOAP", "a SOAP envelope")
_NAME = Message("200 и имя в return", "200 and the name in return")


def returned(probe: Probe, answer: HttpReply, soap: str = "1.1", operation: str = "SayName") -> str:
    """Return the text of the answer's `return`, in any namespace. Raises FailedError."""
    service = probe.target.service
    try:
        envelope = answers.read(answer)
        # Accept the answer's own namespace: only the check ANSWER-NAMESPACE reports a wrong namespace.
        namespace = envelope.namespace if envelope.name else service.namespace
        return value(answer, operation, soap, namespace, service.password)
    except UnreadableError as error:
        text, status = error.message, answer.status
        raise FailedError(_ENVELOPE, Message(f"HTTP {status}: {text.ru}", f"HTTP {status}: {text.en}")) from error
    except WrongError as error:
        raise FailedError(_NAME if operation == "SayName" else Message("1", "1"), error.message) from error


def _envelope(probe: Probe) -> str:
    answer = probe.say_name_answer
    try:
        envelope = answers.read(answer)
    except UnreadableError as error:
        text, status = error.message, answer.status
        raise FailedError(_ENVELOPE, Message(f"HTTP {status}: {text.ru}", f"HTTP {status}: {text.en}")) from error
    return f"HTTP {answer.status}, SOAP {envelope.version}"


def _say_name(probe: Probe) -> str:
    text = returned(probe, probe.say_name_answer)
    if probe.parameter == "number" and text.lstrip().startswith("<"):
        raise FailedError(Message("имя, а не документ", "a name and not a document"), repr(text))
    return repr(text)


def _document(probe: Probe) -> str:
    if probe.target.only == "number":
        raise SkippedError("выбран договор с number (--parameter)", "the contract with number was chosen (--parameter)")
    text = returned(probe, probe.ask(probe.say_name(parameter="Number")))
    try:
        document = answers.document(text)
    except UnreadableError as error:
        expected = Message("<data> с title, category и manager/phone", "<data> with title, category and manager/phone")
        raise FailedError(
            expected, Message(f"{error.message.ru}: {text!r}", f"{error.message.en}: {text!r}")
        ) from error
    return f"{document.title!r}, {document.category!r}, {document.manager!r}"


def _unknown(probe: Probe) -> str:
    text = returned(probe, probe.ask(probe.say_name(number=_UNKNOWN_NUMBER)))
    if probe.parameter == "Number":
        try:
            text = answers.document(text).title
        except UnreadableError as error:
            raise FailedError(Message("пустой документ <data>", "an empty <data> document"), error.message) from error
    if text.strip():
        raise FailedError(
            Message(f"пустое имя для {_UNKNOWN_NUMBER}", f"an empty name for {_UNKNOWN_NUMBER}"), repr(text)
        )
    return '""'


def _incoming_call(probe: Probe) -> str:
    target = probe.target
    if not target.key:
        raise SkippedError(
            "без --key не посылается: у кого-нибудь открылась бы карточка",
            "not sent without --key: it would pop a card up at somebody's screen",
        )
    body = requests.incoming_call(target.number, target.key, "1.1", target.service.namespace)
    text = returned(probe, probe.ask(body), operation="IncomingCall")
    if text != "1":
        raise FailedError(Message("1", "1"), repr(text))
    return "1"


def _namespace(probe: Probe) -> str:
    envelope, expected = answers.read(probe.say_name_answer), probe.target.service.namespace or VATS
    if envelope.namespace != expected:
        raise FailedError(Message(expected, expected), envelope.namespace or '""')
    return envelope.namespace


def _type(probe: Probe) -> str:
    kind = probe.say_name_answer.content_type
    if kind.partition(";")[0].strip().lower() != _TYPES["1.1"]:
        raise FailedError(Message(_TYPES["1.1"], _TYPES["1.1"]), kind or "-")
    return kind


def _prefixes(probe: Probe) -> str:
    expected = "soap:Envelope, soap:Body, m:SayNameResponse, m:return"
    text = answers.decoded(probe.say_name_answer.body, probe.say_name_answer.content_type)
    tags = re.findall(r"<([A-Za-z][\w.:-]*)", text)[:4]
    if ", ".join(tags) != expected:
        raise FailedError(Message(expected, expected), ", ".join(tags))
    return expected


def _encoding(probe: Probe) -> str:
    # An answer with a wrong declared encoding has already failed ANSWER-XML.
    text = returned(probe, probe.say_name_answer)
    if answers.is_mojibake(text):
        raise FailedError(Message("имя читается", "a name that can be read"), repr(text))
    return repr(text)


def _soap12(probe: Probe) -> str:
    answer = probe.ask(probe.say_name("1.2"), "1.2")
    text = returned(probe, answer, "1.2")
    kind = answer.content_type
    if kind.partition(";")[0].strip().lower() != _TYPES["1.2"]:
        raise FailedError(Message(_TYPES["1.2"], _TYPES["1.2"]), kind or "-")
    return repr(text)


def _in_time(probe: Probe) -> Message:
    deadline = probe.target.deadline
    durations = []
    for _ in range(_LATENCY_SAMPLES):
        answer = probe.ask(probe.say_name())
        returned(probe, answer)
        durations.append(answer.seconds)
        # With 20 samples p99 is the maximum, so one late answer fails the check, and no further request is needed.
        if answer.seconds > deadline:
            break
    statistics = percentiles(durations)
    figures = ", ".join(f"{name} {ms(statistics[name])}" for name in ("p50", "p99", "max"))
    summary = Message(f"{len(durations)} вопросов, мс: {figures}", f"{len(durations)} asked, ms: {figures}")
    if statistics["p99"] > deadline:
        raise FailedError(Message(f"p99 не больше {ms(deadline)} мс", f"p99 of {ms(deadline)} ms at most"), summary)
    return summary


CALLS = (
    Check(
        "ANSWER-XML",
        Message("ответ — конверт SOAP", "what answers is a SOAP envelope"),
        _envelope,
        needs="LOGIN",
    ),
    Check(
        "SAYNAME",
        Message("SayName отвечает именем", "SayName answers a name"),
        _say_name,
        needs="ANSWER-XML",
    ),
    Check(
        "SAYNAME-DATA",
        Message("SayName(Number) отвечает документом <data>", "SayName(Number) answers a <data> document"),
        _document,
        needs="ANSWER-XML",
    ),
    Check(
        "SAYNAME-UNKNOWN",
        Message("у неизвестного номера пустое имя", "an unknown number has an empty name"),
        _unknown,
        needs="SAYNAME",
    ),
    Check(
        "INCOMING-CALL",
        Message("IncomingCall отвечает 1", "IncomingCall answers 1"),
        _incoming_call,
        needs="ANSWER-XML",
    ),
    Check(
        "ANSWER-NAMESPACE",
        Message("ответ в пространстве имён вопроса", "the answer is in the request's namespace"),
        _namespace,
        needs="SAYNAME",
    ),
    Check("ANSWER-TYPE", Message("тип ответа text/xml", "the answer's type is text/xml"), _type, needs="SAYNAME"),
    Check(
        "ANSWER-PREFIXES",
        Message("в ответе приставки soap: и m:", "the answer's prefixes are soap: and m:"),
        _prefixes,
        needs="SAYNAME",
    ),
    Check(
        "ANSWER-ENCODING",
        Message("имя в ответе не испорчено", "the name in the answer is not spoilt"),
        _encoding,
        needs="SAYNAME",
    ),
    Check(
        "SOAP-12",
        Message("на SOAP 1.2 отвечают в SOAP 1.2", "SOAP 1.2 is answered in SOAP 1.2"),
        _soap12,
        needs="ANSWER-XML",
    ),
    Check(
        "LATENCY",
        Message(
            f"{_LATENCY_SAMPLES} ответов на SayName вовремя", f"{_LATENCY_SAMPLES} answers to SayName come in time"
        ),
        _in_time,
        needs="SAYNAME",
    ),
)
