"""Those who may not even wait: each is refused, few at a time, and an overload is said once when it begins and ends."""

import threading

import pytest
import structlog

from vats1c.server.shedding import LoadShedder
from waiting import until


class Refuse:
    """Notes who is refused; "broken" is a defect, "slow" waits until it is let go."""

    def __init__(self):
        self.refused = []
        self.remove_publication = threading.Event()

    def __call__(self, request):
        if request == "slow":
            assert self.remove_publication.wait(60)
        if request == "broken":
            raise ValueError(request)
        self.refused.append(request)


@pytest.fixture
def refuse():
    made = Refuse()
    yield made
    made.remove_publication.set()


def test_everybody_is_refused_in_the_order_they_came(refuse):
    refusals = LoadShedder(refuse)

    for number in range(100):
        refusals.submit(number)
    until(lambda: len(refuse.refused) == 100)

    assert refuse.refused == list(range(100))


def test_refusing_holds_nobody_up(refuse):
    refusals = LoadShedder(refuse)

    for request in ("slow", 1, 2):
        refusals.submit(request)

    assert refuse.refused == []
    refuse.remove_publication.set()
    until(lambda: refuse.refused == ["slow", 1, 2])


def test_a_defect_in_one_refusal_leaves_the_others(refuse):
    with structlog.testing.capture_logs() as logs:
        refusals = LoadShedder(refuse)
        refusals.submit("broken")
        refusals.submit(1)
        until(lambda: refuse.refused == [1])

    assert [line["event"] for line in logs] == ["overload_began", "request_failed"]


def test_a_storm_lasts_as_long_as_somebody_is_refused(refuse):
    refusals = LoadShedder(refuse)
    assert not refusals.is_shedding

    refusals.submit("slow")
    assert refusals.is_shedding
    refuse.remove_publication.set()
    until(lambda: not refusals.is_shedding)
    refusals.submit(1)

    assert refusals.is_shedding


def test_an_overload_is_said_once_when_it_begins_and_once_when_it_ends_and_so_is_the_next(refuse):
    refusals = LoadShedder(refuse, calm=0.3)

    with structlog.testing.capture_logs() as logs:
        for number in range(5):
            refusals.submit(number)
        until(lambda: len(logs) == 2)
        refusals.submit(5)
        until(lambda: len(logs) == 4)

    said = [(line["event"], line.get("refused")) for line in logs]
    assert said == [("overload_began", None), ("overload_ended", 5), ("overload_began", None), ("overload_ended", 1)]
