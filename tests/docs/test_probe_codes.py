"""docs/probe.md lists every code of the conformance kit, in its order, with what it needs, and no other."""

import re
from pathlib import Path

from vats1c.simulator.checks import CHECKS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "probe.md").read_text(encoding="utf-8")


def test_every_code_is_on_the_page_with_what_it_needs_and_no_other():
    page = re.findall(r"^\| `([A-Z][A-Z0-9-]+)` \| .+ \| (?:`([A-Z0-9-]+)` )?\|$", PAGE, re.MULTILINE)

    assert page == [(check.code, check.needs) for check in CHECKS]
