"""Checks of SayName requests in other forms (encoding, chunked body, SOAPAction); each must get the usual answer."""

import codecs

from vats1c.messages import Message
from vats1c.simulator.checks.calls import returned
from vats1c.simulator.probe import Check, FailedError, Probe
from vats1c.simulator.requests import VATS

# Encoded in windows-1251, this comment is invalid UTF-8, so a service that ignores the declared encoding fails.
_COMMENT = "<!-- звонок -->"


def _same_answer(probe: Probe, body: bytes, *, chunked: bool = False, action: str | None = None) -> str:
    """Return the answer to `body`, a SayName request in another form.

    Raises FailedError when this answer differs from the answer to SayName in the usual form.
    """
    usual = returned(probe, probe.say_name_answer)
    text = returned(probe, probe.ask(body, chunked=chunked, SOAPAction=action))
    if text != usual:
        raise FailedError(Message(repr(usual), repr(usual)), repr(text))
    return repr(text)


def _commented(probe: Probe, encoding: str) -> bytes:
    """Return the body of SayName in the declared `encoding`, with a Cyrillic comment."""
    text = probe.say_name().decode().replace('encoding="utf-8"', f'encoding="{encoding}"')
    return text.replace("<soap:Body>", f"{_COMMENT}<soap:Body>").encode(encoding)


def _utf8(probe: Probe) -> str:
    return _same_answer(probe, _commented(probe, "utf-8"))


def _byte_order_mark(probe: Probe) -> str:
    return _same_answer(probe, codecs.BOM_UTF8 + _commented(probe, "utf-8"))


def _windows1251(probe: Probe) -> str:
    return _same_answer(probe, _commented(probe, "windows-1251"))


def _chunked(probe: Probe) -> str:
    return _same_answer(probe, probe.say_name(), chunked=True)


def _no_action(probe: Probe) -> str:
    return _same_answer(probe, probe.say_name(), action=None)


def _quoted_action(probe: Probe) -> str:
    namespace = probe.target.service.namespace or VATS
    return _same_answer(probe, probe.say_name(), action=f'"{namespace}#VATS:SayName"')


def _wrong_action(probe: Probe) -> str:
    return _same_answer(probe, probe.say_name(), action='"urn:another"')


VARIANTS = (
    Check(
        "ENC-UTF8",
        Message("запрос в UTF-8 с кириллицей читается", "a request in UTF-8 with Cyrillic is read"),
        _utf8,
        needs="SAYNAME",
    ),
    Check(
        "ENC-BOM",
        Message("запрос в UTF-8 с меткой BOM читается", "a request in UTF-8 with a byte order mark is read"),
        _byte_order_mark,
        needs="SAYNAME",
    ),
    Check(
        "ENC-1251",
        Message("запрос в объявленной windows-1251 читается", "a request in windows-1251, declared, is read"),
        _windows1251,
        needs="SAYNAME",
    ),
    Check(
        "CHUNKED",
        Message("запрос частями (chunked) читается", "a request in chunks is read"),
        _chunked,
        needs="SAYNAME",
    ),
    Check(
        "ACTION-ABSENT",
        Message("SOAPAction не нужен", "no SOAPAction is needed"),
        _no_action,
        needs="SAYNAME",
    ),
    Check(
        "ACTION-QUOTED",
        Message("SOAPAction из WSDL в кавычках принимается", "the WSDL's SOAPAction in quotes is taken"),
        _quoted_action,
        needs="SAYNAME",
    ),
    Check(
        "ACTION-WRONG",
        Message("чужой SOAPAction не мешает", "a SOAPAction of something else does no harm"),
        _wrong_action,
        needs="SAYNAME",
    ),
)
