"""The kit's look at what is published: is the web service there, and does its WSDL promise what ours does?"""

from lxml import etree

from vats1c.messages import Message
from vats1c.simulator import answers, wsdl_diff
from vats1c.simulator.answers import UnreadableError
from vats1c.simulator.probe import Check, FailedError, Probe

_MAX_DIFFERENCES = 5


def _reachable(probe: Probe) -> str:
    answer = probe.named
    return f"HTTP {answer.status}"


def _let_in(probe: Probe) -> str:
    answer = probe.named
    if answer.status in (401, 403, 429):
        raise FailedError(
            Message("логин принят (--user, --password)", "the login is taken (--user, --password)"),
            f"HTTP {answer.status}",
        )
    return f"HTTP {answer.status}"


def _served(probe: Probe) -> Message:
    answer = probe.described
    if answer.status != 200:  # noqa: PLR2004
        raise FailedError(
            Message("статус HTTP 200 на GET ?wsdl", "HTTP status 200 for GET ?wsdl"), f"HTTP {answer.status}"
        )
    size = len(answer.body)
    return Message(f"{size} байт, {answer.content_type}", f"{size} bytes, {answer.content_type}")


def _parsed(probe: Probe) -> Message:
    expected = Message("WSDL 1.1: definitions", "WSDL 1.1: definitions")
    try:
        wsdl_diff.facts(probe.wsdl)
    except UnreadableError as error:
        raise FailedError(expected, error.message) from error
    except ValueError as error:
        raise FailedError(expected, str(etree.QName(probe.wsdl))) from error
    names = ", ".join(sorted(wsdl_diff.operations(probe.wsdl))) or "-"
    return Message(f"операции: {names}", f"operations: {names}")


def _same(probe: Probe) -> Message:
    theirs = wsdl_diff.facts(probe.wsdl)
    # One WSDL can tell of one of the contracts only; either is right.
    parameters = [probe.asking.only] if probe.asking.only else list(probe.asking.wsdl)
    compared = {
        parameter: wsdl_diff.differences(wsdl_diff.facts(answers.parse(probe.asking.wsdl[parameter])), theirs)
        for parameter in parameters
    }
    parameter, found = min(compared.items(), key=lambda one: len(one[1]))
    if not found:
        return Message(f"как наше, SayName({parameter})", f"as ours, SayName({parameter})")
    rest = f"; … {len(found) - _MAX_DIFFERENCES}" if len(found) > _MAX_DIFFERENCES else ""
    first = found[:_MAX_DIFFERENCES]
    expected = "; ".join(f"{one.what}: {one.first or '-'}" for one in first) + rest
    came = "; ".join(f"{one.what}: {one.second or '-'}" for one in first) + rest
    raise FailedError(Message(expected, expected), came)


PUBLISHED = (
    Check("REACHABLE", Message("адрес отвечает по HTTP", "the address answers on HTTP"), _reachable),
    Check("LOGIN", Message("логин подходит", "the login is let in"), _let_in, needs="REACHABLE"),
    Check(
        "WSDL-REACHABLE",
        Message("описание выдаётся по ?wsdl", "the WSDL is served at ?wsdl"),
        _served,
        needs="REACHABLE",
    ),
    Check(
        "WSDL-PARSES",
        Message("описание читается как WSDL 1.1", "the WSDL can be read as WSDL 1.1"),
        _parsed,
        needs="WSDL-REACHABLE",
    ),
    Check(
        "WSDL-DIFFERS",
        Message("описание обещает то же, что наше", "the WSDL promises what ours does"),
        _same,
        needs="WSDL-PARSES",
    ),
)
