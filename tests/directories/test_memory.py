"""Callers in the settings pass the suite, and a mistake there is named."""

import pytest

from vats1c.directory import DirectoryError
from vats1c.directory.kinds.memory import MemoryDirectory
from vats1c.model import Caller, Confidence
from vats1c.number import DEFAULT_PLAN, NumberPlan, identify
from vats1c.testing import CALLERS, DirectoryContract


def opened(*callers, plan=DEFAULT_PLAN):
    return MemoryDirectory("few", {"callers": list(callers)}, plan)


@pytest.fixture
def directory():
    return opened(*({"number": number, **caller._asdict()} for number, caller in CALLERS))


class TestMemory(DirectoryContract):
    """The suite over callers in the settings."""


def test_the_keys_may_be_russian_and_the_values_figures():
    directory = opened({"Номер": 89235292926, "Имя": "А", "менеджер": 244, "Категория": 0})

    assert directory.find(identify("89235292926")).caller == Caller("А", category="0", manager="244")
    assert directory.state().callers == 1


def test_one_caller_may_have_several_numbers():
    directory = opened({"number": "8 923 529-29-26, +7 495 777-12-34", "name": "А"})

    assert all(directory.find(identify(number)) for number in ("89235292926", "84957771234"))


def test_a_number_without_its_town_is_less_sure():
    plan = NumberPlan(area_code="391")
    directory = opened({"number": "274-66-14", "name": "А", "manager": "244"}, plan=plan)

    assert directory.find(identify("83912746614", plan)).confidence is Confidence.LOCAL


def test_no_callers_at_all_are_an_empty_directory():
    assert opened().state().callers == 0


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({}, "callers"),
        ({"callers": {"number": "89235292926", "name": "A"}}, "callers"),
        ({"callers": [], "path": "x"}, "path"),
        ({"callers": ["89235292926"]}, "callers[0]"),
        ({"callers": [{"number": "89235292926"}]}, "callers[0]"),
        ({"callers": [{"number": "105", "name": "A"}]}, "callers[0]"),
        ({"callers": [{"number": "89235292926", "name": " "}]}, "callers[0]"),
        ({"callers": [{"number": "89235292926", "name": "A", "age": "7"}]}, "callers[0].age"),
        ({"callers": [{"number": "89235292926", "name": True}]}, "callers[0].name"),
        ({"callers": [{"number": 8.9, "name": "A"}]}, "callers[0].number"),
    ],
)
def test_a_mistake_stops_the_start_and_is_named(settings, key):
    with pytest.raises(DirectoryError) as caught:
        MemoryDirectory("few", settings, DEFAULT_PLAN)

    assert caught.value.key == key
