"""The stream of one window: nothing is missed, told twice or told after goodbye, whoever brings it and whenever."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import OperationalError

from vats1c.model import Call
from vats1c.web.call_stream import CallStream

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
CALL = Call(1, 1, "telephony", NOON, NOON, "8", "+7", "external", None, None, 1, ())


class Browser:
    """What is at the other end: notes what comes, as long as it is there."""

    def __init__(self):
        self.came = []
        self.there = True

    def __call__(self, said):
        if self.there:
            self.came.append(said.split(b"\n")[0].removeprefix(b"event: ").decode())
        return self.there


class Opened:
    """A stream with the browser it is sent to, and how often it ended."""

    def __init__(self):
        self.browser = Browser()
        self.reason = ""
        self.ends = 0
        self.stream = CallStream("", spell=self.spell, alive=self.alive)

    def spell(self, call):
        return f"call {call.version}".encode()

    def alive(self):
        if isinstance(self.reason, Exception):
            raise self.reason
        return self.reason

    def ended(self):
        self.ends += 1

    def begin(self, sent=0):
        self.stream.prepare([b"hello"], sent, self.ended)
        self.stream.begin(self.browser)


@pytest.fixture
def opened():
    return Opened()


def test_a_call_that_comes_before_the_stream_begins_is_told_after_the_greeting(opened):
    opened.stream.show(replace(CALL, version=7))
    opened.stream.show(replace(CALL, version=8))
    opened.begin(sent=7)

    assert opened.browser.came == ["hello", "call 8"]


def test_a_call_is_told_at_once_and_one_that_the_greeting_told_of_is_not(opened):
    opened.begin(sent=3)
    for version in (3, 4):
        opened.stream.show(replace(CALL, version=version))

    assert opened.browser.came == ["hello", "call 4"]


def test_a_call_that_is_not_written_down_is_told(opened):
    opened.begin(sent=3)
    opened.stream.show(replace(CALL, id=None, version=0))

    assert opened.browser.came == ["hello", "call 0"]


def test_whoever_may_look_on_is_told_so(opened):
    opened.begin()
    opened.stream.wake()

    assert opened.browser.came == ["hello", "beat"]
    assert opened.ends == 0


def test_whoever_was_signed_out_is_told_why_and_nothing_more(opened):
    opened.begin()
    opened.reason = "signed-out"
    opened.stream.wake()
    opened.stream.wake()
    opened.stream.show(CALL)

    assert opened.browser.came == ["hello", "bye"]
    assert opened.ends == 1


def test_while_the_journal_is_away_nobody_is_sent_off(opened):
    opened.begin()
    opened.reason = OperationalError("SELECT", {}, Exception("gone"))
    opened.stream.wake()
    opened.stream.show(CALL)

    assert opened.browser.came == ["hello", "call 1"]
    assert opened.ends == 0


def test_a_browser_that_has_gone_is_noticed_by_the_next_that_is_told(opened):
    opened.begin()
    opened.browser.there = False
    opened.stream.show(CALL)
    opened.stream.show(CALL)

    assert opened.ends == 1


def test_a_stop_says_goodbye_also_to_a_stream_that_has_still_to_begin(opened):
    opened.stream.close()
    opened.begin()

    assert opened.browser.came == ["hello", "bye"]
    assert opened.ends == 1
