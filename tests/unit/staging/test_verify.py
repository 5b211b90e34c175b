"""Was the call that a test expects among those that came? Without a journal and without HTTP."""

from datetime import UTC, datetime

import pytest

from vats1c.model import Exchange
from vats1c.number import identify
from vats1c.staging.verify import Expectation, FieldDifference, Times, fail, visible

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def came(own_id, operation="IncomingCall", number="+79235292926", key="key-of-anna", outcome="ok"):
    return Exchange("t-x", NOON, operation, outcome, received=number or "", number=number, key=key, id=own_id)


@pytest.mark.parametrize(
    ("times", "fulfilled", "not_fulfilled"),
    [
        (Times(), (1, 2, 900), (0,)),
        (Times(0, 0), (0,), (1,)),
        (Times(2, 2), (2,), (1, 3)),
        (Times(1, 3), (1, 2, 3), (0, 4)),
        (Times(0, 2), (0, 1, 2), (3,)),
    ],
)
def test_so_many_are_as_many_as_expected(times, fulfilled, not_fulfilled):
    assert all(times.fulfilled(found) for found in fulfilled)
    assert not any(times.fulfilled(found) for found in not_fulfilled)


def test_what_is_expected_is_waited_for_until_it_came_and_nothing_to_the_end():
    assert [Times().decided(found) for found in (0, 1)] == [False, True]
    assert [Times(2, 2).decided(found) for found in (1, 2, 3)] == [False, True, True]
    assert [Times(0, 0).decided(found) for found in (0, 1)] == [False, True]
    assert [Times(0, 2).decided(found) for found in (0, 2, 3)] == [False, False, True]


def test_numbers_are_compared_in_their_canonical_form():
    expected = Expectation("IncomingCall", identify("8 (923) 529-29-26"), "key-of-anna")

    assert expected.differences(came(1)) == []
    assert expected.asked(None).number == "+79235292926"
    assert Expectation(number=identify("anonymous")).asked(None).received == "anonymous"


def test_the_closest_is_the_one_with_the_fewest_differences_and_of_those_the_last():
    expected = Expectation("IncomingCall", identify("89235292926"), "key-of-ilya")
    others = [came(1, key="a"), came(2, "SayName", key=""), came(3, key="b"), came(4, "SayName", None, "")]
    failure = fail(expected, [], others)

    assert failure.closest.id == 3
    assert failure.differences == [FieldDifference("times", ">= 1", "0"), FieldDifference("key", "key-of-ilya", "b")]


def test_what_came_too_often_is_itself_the_closest():
    failure = fail(Expectation(times=Times(1, 1)), [came(1), came(2)], [came(1), came(2)])

    assert failure.closest.id == 2
    assert failure.differences == [FieldDifference("times", "1", "2")]
    assert failure.message.en == "expected SayName/IncomingCall, times: 1; found: 2"


def test_what_came_too_seldom_with_nothing_beside_it_is_shown():
    failure = fail(Expectation(times=Times(2)), [came(1)], [came(1)])

    assert (failure.closest.id, failure.differences) == (1, [FieldDifference("times", ">= 2", "1")])


def test_nothing_came_at_all():
    failure = fail(Expectation(key=" "), [], [])

    assert failure.closest is None
    assert failure.message.ru == "ожидалось SayName/IncomingCall key=·, раз: >= 1; пришло: 0"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Анна Соколова", "Анна Соколова"),
        (" a  b\t", "·a··b→"),
        ("  ", "··"),
        ("a\u00a0b\u200b\r\n", "a⍽b<U+200B>␍↵"),
        ("", ""),
    ],
)
def test_what_cannot_be_seen_is_shown(text, shown):
    assert visible(text) == shown
