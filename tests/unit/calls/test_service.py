"""SayName and IncomingCall without HTTP, XML or SQL."""

from concurrent.futures import Future
from datetime import UTC, datetime
from queue import Queue

import pytest

from vats1c.calls.service import CallService
from vats1c.directory.chain import LookupResult, SourceAnswer
from vats1c.directory.resilience import LookupAnswer, LookupOutcome
from vats1c.journal import RecordedCall
from vats1c.model import Caller, Confidence, Exchange, Match

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
KNOWN = Caller("VIP:Ренессанс Капитал", manager="244")


class Directory:
    """Knows one caller, at once or not, and remembers what it was asked."""

    def __init__(self, *, at_once=True):
        self.asked = []
        self.at_once = at_once

    def find(self, number):
        self.asked.append(number.canonical)
        return Match.of([KNOWN]) if number.canonical == "+79235292926" else None

    def find_cached(self, number):
        return (self.find(number), True) if self.at_once else (None, False)

    def look_up(self, number, *, everybody=False):
        match = self.find(number)
        said = SourceAnswer("crm", LookupAnswer(LookupOutcome.FOUND if match else LookupOutcome.UNKNOWN, match))
        return LookupResult((said,), said if match else None)


class Journal(list):
    """A journal that is a list."""

    def __init__(self):
        super().__init__()
        self.named = Queue()

    def record(self, ringing):
        self.append(ringing)
        recorded = Future()
        recorded.set_result(RecordedCall(len(self), len(self)))
        return recorded

    def set_caller(self, call_id, caller, confidence):
        self.named.put((call_id, caller, confidence))


class BrokenJournal:
    """A journal on a full disk."""

    def record(self, ringing):
        failed = Future()
        failed.set_exception(OSError("disk full"))
        return failed


@pytest.fixture
def directory():
    return Directory()


@pytest.fixture
def journal():
    return Journal()


@pytest.fixture
def desk(directory, journal):
    return CallService("telephony", directory, journal, now=lambda: NOON)


def say_name(desk, received):
    return desk.say_name(received, Exchange("telephony", NOON))


def test_a_known_number_has_its_caller_however_it_is_written(desk):
    assert say_name(desk, "8 (923) 529-29-26") == KNOWN


def test_an_unknown_number_has_no_caller(desk):
    assert say_name(desk, "89990000000") is None


@pytest.mark.parametrize("received", ["", "anonymous", "244"])
def test_the_directory_is_not_asked_about_what_is_not_a_number(desk, directory, received):
    assert say_name(desk, received) is None
    assert directory.asked == []


def test_saying_a_name_writes_nothing_down(desk, journal):
    say_name(desk, "89235292926")

    assert journal == []


def test_an_incoming_call_is_written_down_with_all_that_is_known(desk, journal):
    desk.record_call(" 89235292926 ", " gW3cyUJAtl50PhF ")

    (ringing,) = journal
    assert (ringing.publication, ringing.at, ringing.received) == ("telephony", NOON, "89235292926")
    assert (ringing.number, ringing.kind, ringing.key) == ("+79235292926", "external", "gW3cyUJAtl50PhF")
    assert (ringing.caller, ringing.confidence) == (KNOWN, Confidence.EXACT)


def test_a_call_from_a_hidden_number_is_written_down_too(desk, journal):
    desk.record_call("", "key")

    assert [(call.received, call.number, call.kind, call.caller) for call in journal] == [("", None, "hidden", None)]


def test_a_call_that_cannot_be_written_down_is_not_acknowledged_and_shown_all_the_same(directory):
    shown = []
    with pytest.raises(OSError, match="disk full"):
        CallService("telephony", directory, BrokenJournal(), notify=shown.extend).record_call(
            "89235292926", "key"
        ).result()

    (call,) = shown
    assert (call.id, call.number, call.caller, call.rings[0].key) == (None, "+79235292926", KNOWN, "key")


def test_a_caller_who_is_not_known_at_once_is_looked_for_after_the_call_was_written_down(journal):
    CallService("telephony", Directory(at_once=False), journal).record_call("89235292926", "key")

    assert journal[0].caller is None
    assert journal.named.get(timeout=10) == (1, KNOWN, Confidence.EXACT)


def test_what_was_decided_is_noted_for_the_journal(desk):
    asked, rang = Exchange("telephony", NOON), Exchange("telephony", NOON)
    desk.say_name("8 923 529-29-26", asked)
    desk.record_call("89235292926", "key", rang)

    assert (asked.number, asked.caller, asked.directory, asked.confidence) == (
        "+79235292926",
        KNOWN.name,
        "crm",
        Confidence.EXACT,
    )
    assert (rang.id, rang.call_id, rang.key) == (1, 1, "key")
