"""A scenario's file becomes calls in the order of time, or a sentence that names the step."""

import pytest

from vats1c.simulator.load import ScheduledCall
from vats1c.simulator.scenario import ScenarioError, read


@pytest.fixture
def written(tmp_path):
    def write(text):
        file = tmp_path / "scenario.toml"
        file.write_text(text, encoding="utf-8")
        return file

    return write


def test_steps_are_played_by_time_with_their_repeats(written):
    file = written(
        '[[steps]]\nat = 2\nsend = "incoming_call"\nnumber = "1"\nkeys = ["a", "b"]\nrepeat = 2\nevery = 0.5\n'
        '[[steps]]\nsend = "say_name"\nnumber = ["1", "2"]\n'
    )

    assert read(file) == [
        ScheduledCall(0, "1"),
        ScheduledCall(0, "2"),
        ScheduledCall(2, "1", ("a", "b"), say_name=False),
        ScheduledCall(2.5, "1", ("a", "b"), say_name=False),
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "[[steps]] are needed"),
        ("steps = 3", "[[steps]] are needed"),
        ('[[steps]]\nsend = "say_name"\nnumber = "1"\n[other]', "and nothing else"),
        ("[[steps]", "not valid TOML"),
        ("steps = [1]", "step 1: must be a table"),
        ('[[steps]]\nsend = "say_name"\nnumbr = "1"', "step 1: no key numbr"),
        ('[[steps]]\nsend = "say_name"\nnumber = 89235292926', "step 1: number is a text"),
        ('[[steps]]\nsend = "say_name"\nnumber = []', "step 1: number is a text"),
        ('[[steps]]\nsend = "ring"\nnumber = "1"', "step 1: send is"),
        ('[[steps]]\nsend = "incoming_call"\nnumber = "1"', "needs keys"),
        ('[[steps]]\nsend = "say_name"\nnumber = "1"\nkeys = ["a"]', "it alone"),
        ('[[steps]]\nsend = "say_name"\nnumber = "1"\nat = -1', "step 1: at and every"),
        ('[[steps]]\nsend = "say_name"\nnumber = "1"\nat = nan', "step 1: at and every"),
        ('[[steps]]\nsend = "say_name"\nnumber = "1"\nrepeat = 0', "step 1: repeat"),
        ('[[steps]]\nsend = "say_name"\nnumber = "1"\nrepeat = true', "step 1: repeat"),
    ],
)
def test_what_is_wrong_is_said_with_its_step(written, text, sentence):
    with pytest.raises(ScenarioError) as caught:
        read(written(text))

    assert sentence in caught.value.message.en


def test_a_file_that_is_not_there_or_not_in_utf8_is_said(tmp_path):
    with pytest.raises(ScenarioError):
        read(tmp_path / "none.toml")
    (tmp_path / "x.toml").write_bytes("# звонок".encode("cp1251"))
    with pytest.raises(ScenarioError):
        read(tmp_path / "x.toml")
