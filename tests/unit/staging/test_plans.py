"""Which requests go wrong, and how many of them; without HTTP, and with nobody waiting."""

from datetime import UTC, datetime, timedelta

import pytest

from vats1c.number import DEFAULT_PLAN
from vats1c.staging.plans import FaultPlans, IncomingRequest
from vats1c.staging.schema import StagingError

ANNA = IncomingRequest("SayName", "89235292926", "")
RING = IncomingRequest("IncomingCall", "+7 923 529-29-26", "key-of-anna")


@pytest.fixture
def plans():
    return FaultPlans(DEFAULT_PLAN)


def marks(plans, asked, times, publication="telephony"):
    """Return what went wrong with so many requests, "" for nothing."""
    return [due[0] if (due := plans.next_fault(publication, asked)) else "" for _ in range(times)]


def test_without_a_plan_nothing_goes_wrong(plans):
    assert marks(plans, ANNA, 2) == ["", ""]


def test_the_next_n_go_wrong_and_then_the_plan_is_over(plans):
    made = plans.add("telephony", {"fault": "fault", "next": 2})

    assert marks(plans, ANNA, 3) == [made.label, made.label, ""]
    assert plans.listed(["telephony"]) == []


def test_every_nth_goes_wrong(plans):
    plans.add("telephony", {"fault": "fault", "every": 3})

    assert [bool(mark) for mark in marks(plans, ANNA, 7)] == [False, False, True, False, False, True, False]


def test_a_percentage_comes_in_the_same_order_with_the_same_seed(plans):
    others = FaultPlans(DEFAULT_PLAN)
    for one in (plans, others):
        one.add("telephony", {"fault": "fault", "percent": 30, "seed": 7})
    found = marks(plans, ANNA, 400)

    assert found == marks(others, ANNA, 400)
    assert 80 < len([mark for mark in found if mark]) < 160


def test_none_of_a_hundred_and_all_of_a_hundred_are_percentages_too(plans):
    plans.add("nobody", {"fault": "fault", "percent": 0})
    plans.add("everybody", {"fault": "fault", "percent": 100})

    assert not any(marks(plans, ANNA, 50, "nobody"))
    assert all(marks(plans, ANNA, 50, "everybody"))


def test_what_comes_above_a_rate_goes_wrong(plans, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("vats1c.staging.plans.time.monotonic", lambda: now[0])
    plans.add("telephony", {"fault": "fault", "above": 2})

    assert [bool(mark) for mark in marks(plans, ANNA, 4)] == [False, False, True, True]
    now[0] += 1
    assert marks(plans, ANNA, 1) == [""]


@pytest.mark.parametrize(
    ("given", "say_name", "ring"),
    [
        ({}, True, True),
        ({"op": "SayName"}, True, False),
        ({"op": "IncomingCall"}, False, True),
        ({"number": "8 (923) 529-29-26"}, True, True),
        ({"number": "+7 923 529-29-27"}, False, False),
        ({"key": "key-of-anna"}, False, True),
        ({"key": "another"}, False, False),
        ({"fault": "name", "name": "x"}, True, False),
        ({"fault": "no-return"}, True, False),
    ],
)
def test_a_plan_is_for_the_requests_it_names(plans, given, say_name, ring):
    plans.add("telephony", {"fault": "fault", **given})

    assert (bool(marks(plans, ANNA, 1)[0]), bool(marks(plans, RING, 1)[0])) == (say_name, ring)


def test_a_number_that_is_no_number_is_matched_as_it_is(plans):
    plans.add("telephony", {"fault": "fault", "number": "anonymous"})

    assert marks(plans, IncomingRequest("SayName", "anonymous", ""), 1) != [""]
    assert marks(plans, IncomingRequest("SayName", "anonymouse", ""), 1) == [""]


def test_publications_do_not_break_each_other(plans):
    plans.add("t-one", {"fault": "fault"})

    assert marks(plans, ANNA, 1, "t-two") == [""]
    assert marks(plans, ANNA, 1, "t-one") != [""]
    plans.forget("t-one")
    assert marks(plans, ANNA, 1, "t-one") == [""]


def test_the_plan_that_was_made_first_is_asked_first(plans):
    first = plans.add("telephony", {"fault": "hang", "next": 1})
    second = plans.add("telephony", {"fault": "reset"})

    assert marks(plans, ANNA, 2) == [first.label, second.label]
    assert (second.fitted, second.applied) == (1, 1)


def test_a_plan_ends_by_itself(plans):
    made = plans.add("telephony", {"fault": "fault", "ends_after": 600})
    assert timedelta(seconds=590) < made.ends - datetime.now(UTC) <= timedelta(seconds=600)
    made.ends = datetime.now(UTC)

    assert marks(plans, ANNA, 1) == [""]
    assert plans.listed(["telephony"]) == []


def test_one_call_ends_all_or_one(plans):
    first, second = (plans.add("telephony", {"fault": "fault"}) for _ in range(2))
    plans.add("t-other", {"fault": "fault"})

    assert plans.clear(["telephony"], first.id) == 1
    assert plans.listed(["telephony", "t-other"])[0] is second
    assert plans.clear(["telephony", "t-other"]) == 2
    assert plans.listed(["telephony", "t-other"]) == []


def test_what_goes_wrong_at_accept_is_asked_for_apart(plans):
    made = plans.add("telephony", {"fault": "reset", "at": "accept", "next": 1})

    assert marks(plans, ANNA, 1) == [""]
    assert plans.at_accept("telephony") is made
    assert plans.at_accept("telephony") is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"next": 1, "every": 2}, "one of next, every, above, percent"),
        ({"at": "accept", "number": "1"}, "without op, number, key"),
        ({"next": 0}, "next: unusable"),
        ({"percent": 101}, "percent: unusable"),
        ({"ends_after": 90_000}, "ends_after: unusable"),
        ({"op": "Both"}, "op: unusable"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(plans, given, said):
    with pytest.raises(StagingError) as refused:
        plans.add("telephony", {"fault": "hang", **given})

    assert said in refused.value.message.en


def test_there_are_at_most_a_hundred(plans):
    for _ in range(100):
        plans.add("telephony", {"fault": "fault"})

    with pytest.raises(StagingError, match="100"):
        plans.add("telephony", {"fault": "fault"})


@pytest.mark.parametrize("written", ["80000000009", "+7 000 000-00-09", "70000000009", "0000000009"])
def test_a_magic_number_breaks_its_answer_however_it_is_written(plans, written):
    assert marks(plans, IncomingRequest("SayName", written, ""), 1) == ["reset"]
    assert marks(plans, IncomingRequest("IncomingCall", written, "k"), 1) == ["reset"]


def test_a_name_is_not_what_incomingcall_answers(plans):
    assert marks(plans, IncomingRequest("SayName", "80000000002", ""), 1) == ["name"]
    assert marks(plans, IncomingRequest("IncomingCall", "80000000002", "k"), 1) == [""]


def test_a_plan_comes_before_a_magic_number(plans):
    made = plans.add("telephony", {"fault": "hang"})

    assert marks(plans, IncomingRequest("SayName", "80000000009", ""), 1) == [made.label]
