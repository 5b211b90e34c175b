"""Which call an IncomingCall belongs to: the rule of `journal.identity`, as a table of cases played by the clock."""

from datetime import UTC, datetime, timedelta

import pytest

from vats1c.database import Database
from vats1c.journal import Journal, Retention
from vats1c.journal.rings import record_rings
from vats1c.model import Caller, Confidence, Exchange, Ringing

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)

# What comes, second by second: "say" is a SayName, anything else the phone that an IncomingCall names. Then the calls
# that come of it, each by its phones, and the number of SayNames each has.
CASES = {
    "one phone": ([(0, "say"), (1, "anna")], [("anna", 1)]),
    "without a SayName": ([(0, "anna")], [("anna", 0)]),
    "a group": ([(0, "say"), (1, "anna"), (1.1, "ilya"), (1.2, "vera")], [("anna ilya vera", 1)]),
    "a group, one after the other": ([(0, "say"), (1, "anna"), (21, "ilya"), (41, "vera")], [("anna ilya vera", 1)]),
    "the request again": ([(0, "say"), (1, "anna"), (3, "anna")], [("anna", 1)]),
    "the queue rings again": ([(0, "say"), (1, "anna"), (20, "anna")], [("anna", 1)]),
    "called again": ([(0, "say"), (1, "anna"), (40, "say"), (41, "anna")], [("anna", 1), ("anna", 1)]),
    "called again at once": ([(0, "say"), (1, "anna"), (5, "say"), (6, "anna")], [("anna", 1), ("anna", 1)]),
    "called again at once, and now a group rings": (
        [(0, "say"), (1, "anna"), (20, "say"), (21, "anna"), (21.1, "ilya")],
        [("anna", 1), ("anna ilya", 1)],
    ),
    "called again at once, without SayNames": ([(0, "anna"), (10, "anna")], [("anna", 0)]),
    "called again later, without SayNames": ([(0, "anna"), (31, "anna")], [("anna", 0), ("anna", 0)]),
    "a SayName for each phone of a group": (
        [(0, "say"), (0.1, "say"), (0.2, "say"), (1, "anna"), (1.1, "ilya"), (1.2, "vera")],
        [("anna ilya vera", 3)],
    ),
    "two calls overlap": (
        [(0, "say"), (1, "anna"), (10, "say"), (11, "ilya")],
        [("anna", 1), ("ilya", 1)],
    ),
    "two groups overlap": (
        [(0, "say"), (5, "say"), (6, "anna"), (6.1, "ilya"), (7, "anna"), (7.1, "ilya")],
        [("anna ilya", 1), ("ilya anna", 1)],
    ),
    "two calls to one phone overlap": (
        [(0, "say"), (4, "say"), (5, "anna"), (5.2, "anna")],
        [("anna", 1), ("anna", 1)],
    ),
    "a group whose queue rings again": (
        [(0, "say"), (1, "anna"), (1.1, "ilya"), (20, "anna"), (20.1, "ilya")],
        [("anna ilya", 1)],
    ),
    "the queue rings for more than ten minutes": (
        [(0, "say"), *[(second, "anna") for second in range(1, 700, 25)]],
        [("anna", 1)],
    ),
    "a SayName just young enough": ([(0, "say"), (60, "anna")], [("anna", 1)]),
    "a SayName too old": ([(0, "say"), (61, "anna")], [("anna", 0)]),
    "SayNames of one call": ([(0, "say"), (2, "say"), (3, "anna"), (3.5, "anna")], [("anna", 2)]),
    "SayNames of two calls": ([(0, "say"), (2.1, "say"), (3, "anna"), (3.5, "anna")], [("anna", 1), ("anna", 1)]),
    "the group rings just in time": ([(0, "anna"), (30, "ilya")], [("anna ilya", 0)]),
    "the group rings too late": ([(0, "say"), (1, "anna"), (32, "ilya")], [("anna", 1), ("ilya", 0)]),
}


@pytest.fixture
def journal(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'journal.sqlite'}")
    database.prepare()
    opened = Journal(database, Retention())
    yield opened
    opened.close()


def play(journal, events, number="+79235292926", kind="external"):
    for second, what in events:
        at = NOON + timedelta(seconds=second)
        received = "89235292926" if number else ""
        if what == "say":
            exchange = Exchange("telephony", at, "SayName", received=received, number=number)
            journal.enqueue(exchange)
            # Written in its own time: the next event must find it there, as it would after a second.
            journal._execute(lambda connection: None)
        else:
            journal.record(Ringing("telephony", at, received, number, kind, what)).result()


@pytest.mark.parametrize("name", CASES)
def test_calls_are_told_apart(journal, name):
    events, expected = CASES[name]
    play(journal, events)

    calls = journal.recent(100)
    says = [
        sum(one.call_id == call.id for one in journal.exchanges(1_000) if one.operation == "SayName") for call in calls
    ]
    assert [
        (" ".join(ring.key for ring in call.rings), count) for call, count in zip(calls, says, strict=True)
    ] == expected


def together(journal, events, number="+79235292926"):
    """Let all SayNames come first, and then every phone ring in one batch."""
    play(journal, [event for event in events if event[1] == "say"], number)
    ringings = [
        Ringing("telephony", NOON + timedelta(seconds=second), "89235292926", number, "external", what)
        for second, what in events
        if what != "say"
    ]
    journal._execute(lambda connection: record_rings(connection, ringings))


@pytest.mark.parametrize(
    "name", [name for name, (events, _) in CASES.items() if "say" not in [what for _, what in events[1:]]]
)
def test_what_is_written_together_is_as_if_it_came_one_by_one(journal, name):
    events, expected = CASES[name]
    together(journal, events)

    assert [" ".join(one.key for one in call.rings) for call in journal.recent(100)] == [keys for keys, _ in expected]


def test_numbers_written_together_are_told_apart_like_others(journal):
    own = [("telephony", "+79235292926", "anna"), ("other", "+79235292926", "ilya"), ("telephony", None, "vera")]
    ringings = [
        Ringing(publication, NOON, "89235292926", number, "external" if number else "text", key)
        for publication, number, key in [*own, *own, ("telephony", "+79235292926", "vera")]
    ]
    rang = journal._execute(lambda connection: record_rings(connection, ringings))

    assert [one.call_id for one in rang] == [1, 2, 3, 1, 2, 3, 1]
    assert [[one.key for one in call.rings] for call in journal.recent(9)] == [["anna", "vera"], ["ilya"], ["vera"]]
    assert [call.repeat for call in journal.recent(9)] == [1, 1, 1]
    assert [(one.id, one.call_id) for one in journal.exchanges(9)] == [(one.exchange_id, one.call_id) for one in rang]


def test_the_request_again_changes_nothing_within_five_seconds_of_the_last_ring(journal):
    def last_ring():
        return (journal.recent(1)[0].rings[0].last - NOON).total_seconds()

    play(journal, [(0, "anna"), (5, "anna")])
    assert last_ring() == 0
    play(journal, [(5.5, "anna"), (9.5, "anna")])
    assert last_ring() == 5.5


def test_a_card_that_was_closed_stays_closed_when_the_request_comes_again(journal):
    play(journal, [(0, "anna")])
    (call,) = journal.recent(1)
    journal.mark_receipt(call.id, ["anna"], "closed", NOON + timedelta(seconds=2))
    play(journal, [(3, "anna")])

    assert journal.recent(1)[0].rings[0].closed


def test_of_two_calls_to_one_phone_the_newest_rings_again(journal):
    play(journal, [(0, "say"), (4, "say"), (5, "anna"), (5.2, "anna"), (6, "anna"), (20, "anna")])

    first, second = journal.recent(10)
    assert [call.rings[0].last - NOON for call in (first, second)] == [timedelta(seconds=5), timedelta(seconds=20)]
    assert [one.call_id for one in journal.exchanges(10) if one.operation == "IncomingCall"] == [
        first.id,
        *[second.id] * 3,
    ]


def test_a_refused_sayname_announces_no_call(journal):
    play(journal, [(0, "say")])
    journal.enqueue(Exchange("telephony", NOON + timedelta(seconds=3), "SayName", "denied", 401, number="+79235292926"))
    play(journal, [(4, "anna"), (5, "anna")])

    assert len(journal.recent(10)) == 1
    assert [one.call_id for one in journal.exchanges(10) if one.outcome == "denied"] == [None]


def test_a_sayname_is_claimed_by_the_first_of_the_requests_that_are_written_together(journal):
    play(journal, [(0, "say")])
    together(journal, [(59, "anna"), (70, "ilya")])

    (call,) = journal.recent(10)
    assert [one.call_id for one in journal.exchanges(10)] == [call.id] * 3


def test_saynames_of_two_numbers_are_claimed_by_the_requests_that_are_written_together(journal):
    numbers = ["+79235292926", "+79991234567"]
    for number in numbers:
        play(journal, [(0, "say")], number)
    ringings = [
        Ringing("telephony", NOON + timedelta(seconds=1), number, number, "external", "k") for number in numbers
    ]
    rang = journal._execute(lambda connection: record_rings(connection, ringings))

    said = [one for one in journal.exchanges(9) if one.operation == "SayName"]
    assert [(one.number, one.call_id) for one in said] == [
        (number, one.call_id) for number, one in zip(numbers, rang, strict=True)
    ]


def test_calls_that_are_written_together_are_counted_as_repeated_and_have_versions_of_their_own(journal):
    together(journal, [(0, "anna"), (100, "anna"), (200, "anna")])
    together(journal, [(300, "anna")])
    together(journal, [(400, "anna"), (500, "anna")])

    calls = journal.recent(10)
    assert [call.repeat for call in calls] == [1, 2, 3, 4, 5, 6]
    versions = [call.version for call in calls]
    assert versions == sorted(set(versions))


def test_an_incoming_call_is_noted_with_its_number_its_phone_and_its_caller(journal):
    caller = Caller("Анна")
    journal.record(Ringing("telephony", NOON, "8923", "+79235292926", "external", "k", caller, Confidence.EXACT))
    journal.record(Ringing("telephony", NOON, "", None, "hidden", "k")).result()

    assert [
        (one.operation, one.received, one.number, one.key, one.caller, one.confidence) for one in journal.exchanges(9)
    ] == [
        ("IncomingCall", "8923", "+79235292926", "k", "Анна", Confidence.EXACT),
        ("IncomingCall", "", None, "k", "", None),
    ]


def test_a_long_key_and_a_long_number_are_matched_by_what_is_kept_of_them(journal):
    received, keys = "н" * 100, ["k" * 200, "k" * 127 + "l"]
    for second, key in [(0, keys[0]), (1, keys[1]), (20, keys[0]), (21, keys[1])]:
        at = NOON + timedelta(seconds=second)
        journal.record(Ringing("telephony", at, received, None, "text", key)).result()
    (call,) = journal.recent(10)
    assert (call.received, [ring.key for ring in call.rings]) == ("н" * 64, ["k" * 128, keys[1]])
    assert [ring.last - NOON for ring in call.rings] == [timedelta(seconds=20), timedelta(seconds=21)]
    together(journal, [(0, keys[0]), (20, keys[0])])
    assert [ring.key for ring in journal.recent(1)[0].rings] == ["k" * 128]


def test_a_call_ten_minutes_ago_is_not_counted(journal):
    play(journal, [(0, "anna"), (600, "anna")])

    assert [call.repeat for call in journal.recent(10)] == [1, 1]


def test_calls_from_hidden_numbers_are_not_counted_as_repeated(journal):
    play(journal, [(0, "anna"), (10, "anna"), (100, "anna")], number=None, kind="hidden")

    assert [call.repeat for call in journal.recent(10)] == [1, 1, 1]


def test_a_call_lasts_until_its_last_ring_and_a_change_has_a_version_of_its_own(journal):
    play(journal, [(0, "anna"), (10, "ilya")])
    (grown,) = journal.recent(1)
    play(journal, [(20, "anna")])
    (again,) = journal.recent(1)

    assert (grown.at, grown.last, again.last) == (NOON, NOON + timedelta(seconds=10), NOON + timedelta(seconds=20))
    assert again.version > grown.version


def test_hidden_numbers_are_never_one_call_unless_the_request_came_again(journal):
    play(journal, [(0, "anna"), (1, "ilya"), (2, "anna"), (10, "anna")], number=None, kind="hidden")

    assert [[ring.key for ring in call.rings] for call in journal.recent(10)] == [["anna"], ["ilya"], ["anna"]]


def test_other_numbers_and_publications_are_other_calls(journal):
    play(journal, [(0, "anna")])
    play(journal, [(1, "ilya")], number="+79991234567")
    journal.record(Ringing("other", NOON, "89235292926", "+79235292926", "external", "vera")).result()

    assert len(journal.recent(10)) == 3


def test_the_third_call_within_ten_minutes_is_counted(journal):
    play(journal, [(0, "anna"), (100, "anna"), (599, "anna"), (1_500, "anna")])

    assert [call.repeat for call in journal.recent(10)] == [1, 2, 3, 1]


def test_a_phone_that_rings_again_has_its_card_open_again(journal):
    play(journal, [(0, "anna")])
    (call,) = journal.recent(1)
    journal.mark_receipt(call.id, ["anna"], "closed", NOON + timedelta(seconds=2))
    assert journal.recent(1)[0].rings[0].closed
    play(journal, [(20, "anna")])

    (ring,) = journal.recent(1)[0].rings
    assert (ring.closed, ring.last) == (None, NOON + timedelta(seconds=20))
