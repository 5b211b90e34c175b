"""The magic numbers: a request with such a number triggers a fault, so that a tester need not create a fault plan.

Rule: they begin with +7 000, an area code that no operator has, so none is a real caller's number.
"""

from dataclasses import dataclass

from vats1c.messages import Message
from vats1c.staging.faults import Fault, FaultKind

_PREFIX = "+7000000"
_LONG = "Общество с ограниченной ответственностью «Научно-производственное объединение „Ромашка“» " * 4
# Characters that XML must escape, quotes that may end an attribute, and the end of a CDATA section.
_SPECIAL = "Рога & Копыта <ООО> \"Ромашка\" 'и партнёры' ]]>"
_EMOJI = "Цветы 🌹 и 🎁 от 👩\u200d🌾 Ёлкиных"


@dataclass(frozen=True, slots=True)
class TestNumber:
    """A number in E.164, the fault that it triggers, and a description."""

    number: str
    fault: Fault
    what: Message


def _test_number(last: str, fault: Fault, ru: str, en: str) -> TestNumber:
    return TestNumber(_PREFIX + last, fault, Message(ru, en))


def _name(last: str, name: str, ru: str, en: str) -> TestNumber:
    return _test_number(last, Fault(fault=FaultKind.NAME, name=name), ru, en)


def _status(status: int, ru: str, en: str) -> TestNumber:
    fault = Fault.model_validate({"fault": FaultKind.STATUS, "status": status})
    return _test_number(f"0{status}", fault, f"HTTP {status} {ru}", f"HTTP {status} {en}")


def _slow(seconds: int) -> TestNumber:
    fault = Fault(fault=FaultKind.SLOW, delay_ms=seconds * 1_000)
    return _test_number(f"01{seconds:02}", fault, f"ответ через {seconds} с", f"an answer after {seconds} s")


_TABLE = (
    _name("0001", "", "никого не нашлось", "nobody is found"),
    _name("0002", _LONG.strip(), "очень длинное имя", "a very long name"),
    _name("0003", _SPECIAL, "имя со знаками XML", "a name with XML's own signs"),
    _name("0004", _EMOJI, "имя с эмодзи и ё", "a name with emoji and ё"),
    _test_number("0005", Fault(fault=FaultKind.NO_RETURN), "ответ без return", "an answer without return"),
    _test_number("0006", Fault(fault=FaultKind.QUIRKS), "имя со странностями 1С", "a name with 1C's quirks"),
    _test_number("0007", Fault(fault=FaultKind.FAULT), "SOAP Fault", "a SOAP fault"),
    _test_number("0008", Fault(fault=FaultKind.HANG), "нет ответа", "no answer at all"),
    _test_number("0009", Fault(fault=FaultKind.RESET), "соединение сброшено", "the connection is reset"),
    _test_number("0010", Fault(fault=FaultKind.TRUNCATED), "ответ оборван", "the answer breaks off"),
    _test_number("0011", Fault(fault=FaultKind.DRIBBLE), "ответ по капле", "the answer comes drop by drop"),
    _slow(1),
    _slow(3),
    _slow(10),
    _status(401, "с верным паролем", "though the password is right"),
    _status(500, "со страницей веб-сервера", "with the web server's page"),
    _status(503, "со страницей веб-сервера", "with the web server's page"),
)
TEST_NUMBERS = {entry.number: entry for entry in _TABLE}
