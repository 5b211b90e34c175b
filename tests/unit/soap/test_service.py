"""Spyne is in its place: it validates and dispatches, and its events fire."""

import threading
from concurrent.futures import Future
from datetime import UTC, datetime

import pytest

from tests.support.live import SOAP11, SOAP12, incoming_call, say_name
from vats1c.calls.service import CallService
from vats1c.directory.chain import LookupResult, SourceAnswer
from vats1c.directory.resilience import LookupAnswer, LookupOutcome
from vats1c.http import completed
from vats1c.journal import RecordedCall
from vats1c.model import Caller, Exchange, Match
from vats1c.phone_format import PhoneFormat
from vats1c.soap import parser, service
from vats1c.soap.fault import SoapFault

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Directory:
    """Knows everybody by the last digit of the number."""

    def look_up(self, number):
        match = Match.of([Caller(f"Caller {number.canonical[-1]}")])
        said = SourceAnswer("all", LookupAnswer(LookupOutcome.FOUND, match))
        return LookupResult((said,), said)

    def find_cached(self, number):
        return self.look_up(number).match, True


class Journal:
    """Remembers; or fails, when it is told to."""

    def __init__(self, error=None):
        self.calls = []
        self.error = error

    def record(self, ringing):
        recorded = Future()
        if self.error:
            recorded.set_exception(self.error)
        else:
            self.calls.append(ringing)
            recorded.set_result(RecordedCall(len(self.calls), len(self.calls)))
        return recorded


def answered_by(made, text):
    """Return the answer of a service, once it is there."""
    return completed(made.answer(parser.read(text.encode()), Exchange("telephony", NOON)))


def answer(text, journal=None):
    calls = CallService("telephony", Directory(), journal or Journal())
    return answered_by(service.SoapService(calls, PhoneFormat()), text)


@pytest.mark.parametrize("text", [incoming_call(), incoming_call(key="")], ids=["direct dispatch", "Spyne"])
def test_what_an_operation_raises_is_raised_by_the_service(text):
    with pytest.raises(RuntimeError, match="the reason"):
        answer(text, Journal(RuntimeError("the reason")))


@pytest.mark.parametrize("text", [incoming_call(), incoming_call(key="")], ids=["direct dispatch", "Spyne"])
def test_an_incoming_call_is_answered_once_it_is_recorded(text):
    journal = Journal()
    pending = Future()
    journal.record = lambda _ringing: pending
    made = service.SoapService(CallService("telephony", Directory(), journal), PhoneFormat())

    answer = made.answer(parser.read(text.encode()), Exchange("telephony", NOON))
    assert not answer.done()
    pending.set_result(RecordedCall(1, 1))

    assert b">1</m:return>" in answer.result(timeout=60)


def test_a_validation_fault_names_the_parameters_and_not_what_was_sent():
    with pytest.raises(SoapFault, match="IncomingCall takes NumFrom, Key, each exactly once") as fault:
        answer(incoming_call().replace("<Key>gW3cyUJAtl50PhF</Key>", ""))

    assert fault.value.reason == "parameters"


def test_spynes_events_fire_in_their_order():
    from spyne import Fault

    application = service.declare(service.Contract("http://VATS", "number"))
    fired = []
    for event in ("method_call", "method_return_object", "method_return_document", "method_return_string"):
        for manager in (application.event_manager, application.services[0].event_manager):
            manager.add_listener(event, lambda _, event=event: fired.append(event))
    transport = service._Transport(application)
    parts = service.CallContext(
        CallService("telephony", Directory(), Journal()), PhoneFormat().render, Exchange("telephony", NOON)
    )

    transport.run(parser.read(say_name().encode()), parts)

    order = ["method_call", "method_return_object", "method_return_document", "method_return_string"]
    assert fired == [event for event in order for _ in range(2)]
    with pytest.raises(Fault):
        transport.run(parser.read(say_name(parameter="NUMBER").encode()), parts)


def test_the_operations_are_declared_once_for_each_contract():
    for contract in service.CONTRACTS:
        methods = service.declare(contract).interface.service_method_map
        assert set(methods) == {f"{{{contract.namespace}}}{name}" for name in ("SayName", "IncomingCall")}


def test_many_threads_get_their_own_answers():
    asked = service.SoapService(CallService("telephony", Directory(), Journal()), PhoneFormat())
    wrong = []

    def ask(digit):
        for version in (SOAP11, SOAP12) * 50:
            text = say_name(f"8923529292{digit}", version=version)
            got = answered_by(asked, text)
            if f"Caller {digit}".encode() not in got or version.encode() not in got:
                wrong.append(got)

    threads = [threading.Thread(target=ask, args=(digit,)) for digit in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []


def test_services_beside_each_other_share_a_declaration_and_nothing_else():
    first, journal = service.SoapService(CallService("telephony", Directory(), Journal()), PhoneFormat()), Journal()
    second = first.for_publication(CallService("t-x", Directory(), journal), PhoneFormat("t: {name}"))
    assert first._transports is second._transports
    answered_by(second, incoming_call())
    assert [call.publication for call in journal.calls] == ["t-x"]
    assert first.calls is not second.calls
