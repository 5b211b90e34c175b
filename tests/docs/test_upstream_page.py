"""docs/upstream.md and docs/api.md say of the real 1C what is so."""

import re
from pathlib import Path

import pytest

from vats1c import config
from vats1c.upstream import background, differences, forwarding, recording, shadow
from vats1c.upstream.shadow import Comparison

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "upstream.md").read_text(encoding="utf-8")


def section(heading):
    return re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)[1]


def first_cells(text):
    return re.findall(r"^\| `([\w.]+)`", text, re.MULTILINE)


def test_the_modes_are_the_documented_ones():
    there_are = config.UpstreamTable.model_fields["mode"].annotation.__args__

    assert tuple(first_cells(PAGE.partition("## Off")[0])) == there_are


def test_the_outcomes_are_the_documented_ones():
    listed = {one.value for one in Comparison} - {"dropped"}

    assert set(first_cells(section("`shadow`"))) == listed
    api = re.search(r"^\| `outcome` \| (.+) \|$", (DOCS / "api.md").read_text(encoding="utf-8"), re.MULTILINE)[1]
    assert set(re.findall(r"`(\w+)`", api)) == listed - {"same"}


def test_the_files_and_their_columns_are_the_documented_ones():
    rows = dict(re.findall(r"^\| `([\w.]+)` \| (.+) \|$", section("`record`"), re.MULTILINE))

    assert tuple(re.findall(r"`(\w+)`", rows["callers.csv"])[:4]) == recording._COLUMNS
    assert re.findall(r"`(\w+)`", rows["exchanges.jsonl"])[:3] == ["at", "operation", "number"]


def test_the_bounds_are_the_documented_ones():
    assert f"At most {recording._MAX_CALLERS:,} numbers" in PAGE
    assert f"At most {recording._MAX_BYTES >> 20} MiB" in PAGE
    assert f"beyond {differences._MAX_BYTES >> 20} MiB" in PAGE
    assert shadow._MAX_CONCURRENT == 4
    assert shadow._MAX_AGE_S == 30
    assert forwarding._MAX_AGE_S == 15
    assert background.Worker.__init__.__kwdefaults__["most"] == 1_000


@pytest.mark.parametrize("block", re.findall(r"```toml\n(.+?)```", PAGE, re.DOTALL))
def test_the_settings_shown_can_be_used(block, tmp_path):
    file = tmp_path / "vats1c.toml"
    file.write_text(f'{block}\n[[users]]\nname = "SOAP"\npassword = "123"\n', encoding="utf-8")

    assert config.load(file)
