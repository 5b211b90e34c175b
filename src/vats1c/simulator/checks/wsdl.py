"""Checks of the publication: the web service is reachable, and its WSDL means the same as ours."""

from lxml import etree

from vats1c.messages import Message
from vats1c.simulator import answers, wsdl_diff
from vats1c.simulator.answers import UnreadableError
from vats1c.simulator.probe import Check, FailedError, Probe

_MAX_DIFFERENCES = 5


def _reachable(probe: Probe) -> str:
    answer = probe.say_name_answer
    return f"HTTP {answer.status}"


def _login(probe: Probe) -> str:
    answer = probe.say_name_answer
    if answer.status in (401, 403, 429):
        raise FailedError(
            Message("логин принят (--user, --password)", "the login is taken (--user, --password)"),
            f"HTTP {answer.status}",
        )
    return f"HTTP {answer.status}"


def _wsdl_served(probe: Probe) -> Message:
    answer = probe.wsdl_answer
    if answer.status != 200:  # noqa: PLR2004
        raise FailedError(
            Message("статус HTTP 200 на GET ?wsdl", "HTTP status 200 for GET ?wsdl"), f"HTTP {answer.status}"
        )
    size = len(answer.body)
    return Message(f"{size} байт, {answer.content_type}", f"{size} bytes, {answer.content_type}")


def _wsdl_parses(probe: Probe) -> Message:
    expected = Message("WSDL 1.1: definitions", "WSDL 1.1: definitions")
    try:
        wsdl_diff.facts(probe.wsdl)
    except UnreadableError as error:
        raise FailedError(expected, error.message) from error
    except ValueError as error:
        raise FailedError(expected, str(etree.QName(probe.wsdl))) from error
    names = ", ".join(sorted(wsdl_diff.operations(probe.wsdl))) or "-"
    return Message(f"операции: {names}", f"operations: {names}")


def _wsdl_same(probe: Probe) -> Message:
    published_facts = wsdl_diff.facts(probe.wsdl)
    # A WSDL describes one of the two contracts, and both contracts are correct. So compare with the WSDL of each, and
    # report the comparison with fewer differences.
    parameters = [probe.target.only] if probe.target.only else list(probe.target.wsdl)
    differences_by_parameter = {
        parameter: wsdl_diff.differences(wsdl_diff.facts(answers.parse(probe.target.wsdl[parameter])), published_facts)
        for parameter in parameters
    }
    parameter, differences = min(differences_by_parameter.items(), key=lambda item: len(item[1]))
    if not differences:
        return Message(f"как наше, SayName({parameter})", f"as ours, SayName({parameter})")
    rest = f"; … {len(differences) - _MAX_DIFFERENCES}" if len(differences) > _MAX_DIFFERENCES else ""
    first_differences = differences[:_MAX_DIFFERENCES]
    expected = "; ".join(f"{difference.what}: {difference.first or '-'}" for difference in first_differences) + rest
    actual = "; ".join(f"{difference.what}: {difference.second or '-'}" for difference in first_differences) + rest
    raise FailedError(Message(expected, expected), actual)


PUBLISHED = (
    Check("REACHABLE", Message("адрес отвечает по HTTP", "the address answers on HTTP"), _reachable),
    Check("LOGIN", Message("логин подходит", "the login is let in"), _login, needs="REACHABLE"),
    Check(
        "WSDL-REACHABLE",
        Message("описание выдаётся по ?wsdl", "the WSDL is served at ?wsdl"),
        _wsdl_served,
        needs="REACHABLE",
    ),
    Check(
        "WSDL-PARSES",
        Message("описание читается как WSDL 1.1", "the WSDL can be read as WSDL 1.1"),
        _wsdl_parses,
        needs="WSDL-REACHABLE",
    ),
    Check(
        "WSDL-DIFFERS",
        Message("описание обещает то же, что наше", "the WSDL promises what ours does"),
        _wsdl_same,
        needs="WSDL-PARSES",
    ),
)
