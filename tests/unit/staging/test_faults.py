"""What a fault may be, and how long it takes."""

from itertools import pairwise
from random import Random
from statistics import median, quantiles

import pytest

from vats1c.staging.faults import Fault, FaultStage
from vats1c.staging.schema import StagingError, validated
from vats1c.staging.test_numbers import TEST_NUMBERS


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"fault": "explode"}, "fault: unusable"),
        ({"fault": "slow"}, "slow needs delay_ms"),
        ({"fault": "status"}, "status needs a status: 401, 403"),
        ({"fault": "status", "status": 200}, "status: unusable"),
        ({"fault": "hang", "at": "truncated"}, "at: unusable"),
        ({"fault": "truncated", "at": "accept"}, "truncated has no at = accept"),
        ({"fault": "status", "status": 503, "at": "mid-body"}, "status has no at = mid-body"),
        ({"fault": "reset", "seconds": 1}, "seconds is not for reset"),
        ({"fault": "fault", "status": 500}, "status is not for fault"),
        ({"fault": "hang", "name": "x"}, "name is not for hang"),
        ({"fault": "hang", "seconds": 61}, "seconds: unusable"),
        ({"fault": "hang", "delay_ms": 60_001}, "delay_ms.ms: unusable"),
        ({"fault": "hang", "delay_ms": True}, "delay_ms: milliseconds, uniform, lognormal or percentiles"),
        ({"fault": "hang", "delay_ms": {"gauss": 1}}, "delay_ms: milliseconds, uniform, lognormal or percentiles"),
        ({"fault": "hang", "delay_ms": {"uniform": [1]}}, "delay_ms.uniform.uniform[1]: unusable"),
        ({"fault": "hang", "delay_ms": {"lognormal": {"p50": 9, "p99": 1}}}, "p99 is less than p50"),
        (
            {"fault": "hang", "delay_ms": {"percentiles": {"min": 5, "p50": 1, "p90": 9, "p99": 9, "max": 9}}},
            "min ≤ p50 ≤ p90",
        ),
        ({"fault": "hang", "surprise": 1}, "surprise: unusable"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(given, said):
    with pytest.raises(StagingError) as refused:
        validated(Fault, given)

    assert said in refused.value.message.en
    assert refused.value.message.ru


def drawn(delay):
    fault, random = validated(Fault, {"fault": "slow", "delay_ms": delay}), Random(1)
    return [fault.delay(random) * 1_000 for _ in range(4_000)]


def test_a_fixed_delay_is_that_long():
    assert set(drawn(250)) == {250.0}


def test_a_uniform_delay_is_anywhere_between():
    times = drawn({"uniform": [100, 300]})

    assert 100 <= min(times) < 110
    assert 290 < max(times) <= 300
    assert median(times) == pytest.approx(200, rel=0.05)


def test_a_lognormal_delay_has_the_percentiles_that_were_asked_for():
    times = drawn({"lognormal": {"p50": 200, "p99": 3_000}})

    assert median(times) == pytest.approx(200, rel=0.1)
    assert quantiles(times, n=100)[98] == pytest.approx(3_000, rel=0.25)


def test_a_recorded_delay_is_spread_as_it_was_measured():
    times = drawn({"percentiles": {"min": 50, "p50": 100, "p90": 400, "p99": 900, "max": 1_000}})

    assert 50 <= min(times) < 52
    assert median(times) == pytest.approx(100, rel=0.05)
    assert quantiles(times, n=10)[8] == pytest.approx(400, rel=0.1)
    assert 900 < max(times) <= 1_000


def test_no_delay_is_longer_than_a_minute():
    assert max(drawn({"lognormal": {"p50": 50_000, "p99": 60_000}})) == 60_000


def test_what_is_described_can_be_given_again():
    given = {"fault": "hang", "at": "mid-body", "seconds": 2.0, "delay_ms": {"uniform": [1.0, 2.0]}}

    assert validated(Fault, given).as_given() == given
    assert validated(Fault, {"fault": "hang"}).lasts == 60


def test_the_magic_numbers_are_russian_ones_that_nobody_has_and_each_is_another():
    assert all(number.startswith("+7000000") and len(number) == 12 for number in TEST_NUMBERS)
    assert all(one.number != other.number for one, other in pairwise(TEST_NUMBERS.values()))
    assert {one.fault.at for one in TEST_NUMBERS.values()} == {FaultStage.FIRST_BYTE}
    kinds = {str(one.fault.fault) for one in TEST_NUMBERS.values()}
    assert kinds >= {"slow", "name", "no-return", "quirks", "fault", "status", "hang", "reset", "truncated"}
