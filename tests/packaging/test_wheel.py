"""The wheel holds all that an installed service needs."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from vats1c import __version__

ROOT = Path(__file__).resolve().parents[2]

pytest.importorskip("build", reason="build is not installed (requirements-dev.txt)")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT], check=True, capture_output=True
    )
    (file,) = folder.glob("*.whl")
    with zipfile.ZipFile(file) as opened:
        yield opened


def test_its_name_says_the_version(wheel):
    assert Path(wheel.filename).name == f"vats1c-{__version__}-py3-none-any.whl"


@pytest.mark.parametrize("name", ["vats1c/wsdl/VATS.wsdl", "vats1c/samples/callers.csv", "vats1c/py.typed"])
def test_what_is_not_code_is_inside_too(wheel, name):
    assert name in wheel.namelist()


def test_the_wsdl_inside_is_the_one_at_the_top_level(wheel):
    assert wheel.read("vats1c/wsdl/VATS.wsdl") == (ROOT / "wsdl" / "VATS.wsdl").read_bytes()


def test_every_module_is_inside(wheel):
    source = {f"vats1c/{file.relative_to(ROOT / 'src' / 'vats1c').as_posix()}" for file in (ROOT / "src").rglob("*.py")}

    assert source <= set(wheel.namelist())


def test_the_licence_and_the_command_are_declared(wheel):
    names = wheel.namelist()
    entry_points = next(name for name in names if name.endswith("entry_points.txt"))
    metadata = next(name for name in names if name.endswith("METADATA"))

    assert "vats1c = vats1c.cli:main" in wheel.read(entry_points).decode()
    assert "License-Expression: Apache-2.0" in wheel.read(metadata).decode()
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_spyne_is_pinned_to_the_version_that_compat_knows(wheel):
    metadata = next(name for name in wheel.namelist() if name.endswith("METADATA"))

    assert re.search(r"^Requires-Dist: spyne==2\.14\.0$", wheel.read(metadata).decode(), re.MULTILINE)
