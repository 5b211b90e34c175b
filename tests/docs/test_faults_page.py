"""docs/faults.md has every fault and every magic number there is, and its commands run."""

import re
from pathlib import Path

from vats1c.number import identify
from vats1c.staging.faults import FaultKind, FaultStage
from vats1c.staging.plans import FaultRule
from vats1c.staging.test_numbers import TEST_NUMBERS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "faults.md").read_text(encoding="utf-8")


def first_cells(text):
    return re.findall(r"^\| (`[^|]+`) \|", text, re.MULTILINE)


def part(heading):
    return re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)[1]


def test_every_magic_number_is_on_the_page_and_no_other():
    found = [identify(cell.strip("`")).canonical for cell in first_cells(part("Magic numbers"))]

    assert found == list(TEST_NUMBERS)


def test_every_fault_and_every_key_is_on_the_page_and_no_other():
    named = {name for cell in first_cells(part("Plans")) for name in re.findall(r"`([a-z_-]+)`", cell)}

    own = {"fault", "delay_ms", "seconds", "status", "name", "at"}
    assert named == {kind.value for kind in FaultKind} | (set(FaultRule.model_fields) - own) | {"publication"}
    assert all(f"`{name}`" in PAGE for name in own)
    assert all(f"`{stage.value}`" in PAGE for stage in FaultStage)


def test_every_form_of_a_delay_can_be_given():
    for form in re.findall(r'^\| `(\{"(?:uniform|lognormal|percentiles)".+\})` \|', PAGE, re.MULTILINE):
        FaultRule.model_validate_json(f'{{"fault": "slow", "delay_ms": {form}}}')
    assert PAGE.count('| `{"') == 3
