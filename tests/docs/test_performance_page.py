"""The page of figures holds what its script makes of the figures that were kept, and each measurement can be begun."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_what_its_script_makes_of_the_kept_figures():
    made = subprocess.run([sys.executable, ROOT / "bench" / "page.py", "--show"], check=True, capture_output=True)

    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")

    assert made.stdout.decode() == page, "make it again: bench/page.py"
    assert "<!--" not in page


@pytest.mark.parametrize(
    "script", ["calls", "chain", "directory", "growth", "inprocess", "overload", "run", "soak", "start"]
)
def test_a_measurement_says_how_it_is_begun(script):
    said = subprocess.run([sys.executable, ROOT / "bench" / f"{script}.py", "--help"], check=True, capture_output=True)

    assert "--json" in said.stdout.decode()
