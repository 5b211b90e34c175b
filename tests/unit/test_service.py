"""Spyne is in its place: it validates and dispatches, and its events fire."""

import threading
from datetime import UTC, datetime

import pytest

from live import SOAP11, SOAP12, incoming_call, say_name
from vats1c.calls.service import CallService
from vats1c.directory.chain import LookupResult, SourceAnswer
from vats1c.directory.resilience import LookupAnswer, LookupOutcome
from vats1c.journal import JournalError, RecordedCall
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
        if self.error:
            raise self.error
        self.calls.append(ringing)
        return RecordedCall(len(self.calls), len(self.calls))

    def submit(self, ringing, then):
        then(*((None, self.error) if self.error else (self.record(ringing), None)))


def answer(text, journal=None):
    return service.SoapService(CallService("telephony", Directory(), journal or Journal()), PhoneFormat()).answer(
        parser.read(text.encode())
    )


def test_a_method_that_fails_is_a_server_fault_that_says_nothing_of_why():
    with pytest.raises(SoapFault) as fault:
        answer(incoming_call(), Journal(RuntimeError("the secret reason")))

    assert (fault.value.code, fault.value.reason, fault.value.version) == ("Server", "internal", SOAP11)
    assert "secret" not in str(fault.value)


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
    parts = service._CallContext(
        service.SoapService(CallService("telephony", Directory(), Journal()), PhoneFormat()), None
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
            got = asked.answer(parser.read(text.encode()))
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
    request = parser.read(incoming_call().encode())

    assert first._transports is second._transports
    second.answer(request)
    assert [call.publication for call in journal.calls] == ["t-x"]
    assert first.desk is not second.desk


def taken(text, journal):
    """Return whether a request was taken, and what was told of it."""
    told = []
    made = service.SoapService(CallService("telephony", Directory(), journal), PhoneFormat())
    return made.submit(parser.read(text.encode()), Exchange("telephony", NOON), told.append), told


@pytest.mark.parametrize("version", [SOAP11, SOAP12])
def test_an_incoming_call_answered_later_is_answered_in_the_same_bytes(version):
    text, journal = incoming_call(version=version), Journal()

    assert taken(text, journal) == (True, [answer(text)])
    assert [(call.number, call.key) for call in journal.calls] == [("+79235292926", "gW3cyUJAtl50PhF")]


@pytest.mark.parametrize(
    ("error", "reason"), [(JournalError("нет", "none"), "journal"), (OSError("secret"), "internal")]
)
def test_an_incoming_call_that_could_not_be_written_is_told_as_a_fault(error, reason):
    was_taken, (fault,) = taken(incoming_call(version=SOAP12), Journal(error))

    assert was_taken
    assert (fault.code, fault.reason, fault.version) == ("Server", reason, SOAP12)
    assert "secret" not in str(fault)


@pytest.mark.parametrize(
    "text",
    [
        say_name(),
        incoming_call(key=""),
        incoming_call().replace("Key>", "Other>"),
        incoming_call().replace("VATS", "other"),
    ],
)
def test_what_is_no_ordinary_incoming_call_is_not_taken(text):
    journal = Journal()

    assert taken(text, journal) == (False, [])
    assert journal.calls == []
