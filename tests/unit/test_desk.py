"""SayName and IncomingCall at the desk, without HTTP, XML or SQL."""

from datetime import UTC, datetime

import pytest

from vats1c.desk import Desk
from vats1c.model import Caller, Match

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
KNOWN = Caller("VIP:Ренессанс Капитал", manager="244")


class Directory:
    """Knows one caller, and remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def find(self, number):
        self.asked.append(number.canonical)
        return Match.of([KNOWN]) if number.canonical == "+79235292926" else None


class Journal(list):
    """A journal that is a list."""

    def add(self, call):
        self.append(call)
        return len(self)


class BrokenJournal:
    """A journal on a full disk."""

    def add(self, call):
        raise OSError("disk full")


@pytest.fixture
def directory():
    return Directory()


@pytest.fixture
def journal():
    return Journal()


@pytest.fixture
def desk(directory, journal):
    return Desk("telephony", directory, journal, now=lambda: NOON)


def test_a_known_number_has_its_caller_however_it_is_written(desk):
    assert desk.say_name("8 (923) 529-29-26") == KNOWN


def test_an_unknown_number_has_no_caller(desk):
    assert desk.say_name("89990000000") is None


@pytest.mark.parametrize("received", ["", "anonymous", "244"])
def test_the_directory_is_not_asked_about_what_is_not_a_number(desk, directory, received):
    assert desk.say_name(received) is None
    assert directory.asked == []


def test_saying_a_name_writes_nothing_down(desk, journal):
    desk.say_name("89235292926")

    assert journal == []


def test_an_incoming_call_is_written_down_with_all_that_is_known(desk, journal):
    desk.incoming_call(" 89235292926 ", " gW3cyUJAtl50PhF ")

    (call,) = journal
    assert (call.publication, call.at, call.received, call.number) == ("telephony", NOON, "89235292926", "+79235292926")
    assert (call.key, call.caller) == ("gW3cyUJAtl50PhF", KNOWN.name)


def test_a_call_from_a_hidden_number_is_written_down_too(desk, journal):
    desk.incoming_call("", "key")

    assert [(call.received, call.number, call.caller) for call in journal] == [("", None, "")]


def test_a_call_that_cannot_be_written_down_is_not_acknowledged(directory):
    with pytest.raises(OSError, match="disk full"):
        Desk("telephony", directory, BrokenJournal()).incoming_call("89235292926", "key")
