"""The stream of one window: no event is missed, sent twice or sent after the last one, whichever thread brings it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import OperationalError

from vats1c.model import Call
from vats1c.web.event_stream import CallStream

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
CALL = Call(1, 1, "telephony", NOON, NOON, "8", "+7", "external", None, None, 1, ())


class Browser:
    """The other end of a stream: notes the events that come, as long as it is there."""

    def __init__(self):
        self.events = []
        self.is_there = True
        self.closed = 0

    def send(self, data):
        if self.is_there:
            self.events += [
                line.removeprefix("event: ") for line in data.decode().splitlines() if line and "data" not in line
            ]
        return self.is_there

    def close(self):
        self.closed += 1


class Opened:
    """A stream with its browser, and how often it ended."""

    def __init__(self):
        self.browser = Browser()
        self.reason = ""
        self.ends = 0
        self.stream = CallStream("", render=lambda call: f"call {call.version}\n".encode(), alive=self.alive)

    def alive(self):
        if isinstance(self.reason, Exception):
            raise self.reason
        return self.reason

    def ended(self):
        self.ends += 1

    def begin(self, sent=0):
        self.stream.prepare([b"hello\n"], sent, self.ended)
        self.stream.begin(self.browser)


@pytest.fixture
def opened():
    return Opened()


def test_a_call_that_comes_before_the_stream_begins_is_sent_after_the_greeting(opened):
    opened.stream.show(replace(CALL, version=7))
    opened.stream.show(replace(CALL, version=8))
    opened.begin(sent=7)

    assert opened.browser.events == ["hello", "call 8"]


def test_a_call_is_sent_at_once_and_one_of_the_first_events_is_not_sent_again(opened):
    opened.begin(sent=3)
    for version in (3, 4):
        opened.stream.show(replace(CALL, version=version))

    assert opened.browser.events == ["hello", "call 4"]


def test_a_call_that_is_not_written_down_is_sent(opened):
    opened.begin(sent=3)
    opened.stream.show(replace(CALL, id=None, version=0))

    assert opened.browser.events == ["hello", "call 0"]


def test_a_window_whose_session_goes_on_stays_open(opened):
    opened.begin()
    opened.stream.beat()
    opened.stream.verify()

    assert opened.browser.events == ["hello", "beat"]
    assert opened.ends == 0


def test_a_window_whose_session_has_ended_is_told_why_and_nothing_more(opened):
    opened.begin()
    opened.reason = "signed-out"
    opened.stream.verify()
    opened.stream.verify()
    opened.stream.show(CALL)

    assert opened.browser.events == ["hello", "bye"]
    assert (opened.browser.closed, opened.ends) == (1, 1)


def test_while_the_journal_is_away_windows_stay_open(opened):
    opened.begin()
    opened.reason = OperationalError("SELECT", {}, Exception("gone"))
    opened.stream.verify()
    opened.stream.show(CALL)

    assert opened.browser.events == ["hello", "call 1"]
    assert opened.ends == 0


def test_a_browser_that_has_gone_ends_the_stream_once(opened):
    opened.begin()
    opened.browser.is_there = False
    opened.stream.show(CALL)
    opened.stream.disconnected()

    assert opened.ends == 1


def test_a_stream_whose_client_has_gone_before_it_began_ends(opened):
    opened.stream.prepare([b"hello\n"], 0, opened.ended)
    opened.stream.disconnected()
    opened.stream.show(CALL)

    assert opened.ends == 1


def test_a_stop_says_goodbye_also_to_a_stream_that_has_still_to_begin(opened):
    opened.stream.close()
    opened.begin()

    assert opened.browser.events == ["hello", "bye"]
    assert (opened.browser.closed, opened.ends) == (1, 1)
