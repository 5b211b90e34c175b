"""The wheel holds all that an installed service needs."""

import configparser
import email
import importlib.util
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from vats1c import __version__

ROOT = Path(__file__).resolve().parents[2]
INFO = f"vats1c-{__version__}.dist-info"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from the source archive as a release is."""
    if importlib.util.find_spec("build") is None:
        pytest.skip("the package build is not installed")
    folder = tmp_path_factory.mktemp("wheel")
    # A copy, for a build leaves files beside the sources.
    source = shutil.copytree(
        ROOT, folder / "source", ignore=shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "data")
    )
    done = subprocess.run(
        [sys.executable, "-m", "build", "--outdir", folder, source],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert [file.name for file in folder.glob("*.tar.gz")] == [f"vats1c-{__version__}.tar.gz"]
    with zipfile.ZipFile(folder / f"vats1c-{__version__}-py3-none-any.whl") as opened:
        yield opened


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("vats1c/wsdl/VATS.wsdl", "wsdl/VATS.wsdl"),
        ("vats1c/samples/callers.csv", "src/vats1c/samples/callers.csv"),
        ("vats1c/py.typed", "src/vats1c/py.typed"),
        (f"{INFO}/licenses/LICENSE", "LICENSE"),
    ],
)
def test_a_file_that_is_not_code_is_in_the_wheel_as_it_is_in_the_sources(wheel, name, source):
    assert wheel.read(name) == (ROOT / source).read_bytes()


def test_every_file_of_the_package_is_in_the_wheel(wheel):
    package = ROOT / "src" / "vats1c"
    files = {
        f"vats1c/{file.relative_to(package).as_posix()}"
        for file in package.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }

    assert files <= set(wheel.namelist())


def test_nothing_but_the_package_is_in_the_wheel(wheel):
    assert {name.split("/")[0] for name in wheel.namelist()} == {"vats1c", INFO}


def test_the_wheel_installs_the_command(wheel):
    points = configparser.ConfigParser()
    points.read_string(wheel.read(f"{INFO}/entry_points.txt").decode())

    assert dict(points["console_scripts"]) == {"vats1c": "vats1c.cli:main"}


def test_the_wheel_says_the_version_of_the_code_and_the_python_it_needs(wheel):
    metadata = email.message_from_bytes(wheel.read(f"{INFO}/METADATA"))

    assert metadata["Version"] == __version__
    assert metadata["Requires-Python"] == ">=3.11"


def test_the_description_for_a_package_index_has_no_picture_or_link_that_needs_the_repository(wheel):
    metadata = email.message_from_bytes(wheel.read(f"{INFO}/METADATA"))
    description = metadata.get_payload(decode=True).decode()

    assert metadata["Description-Content-Type"] == "text/markdown"
    assert description.startswith("# vats1c\n\nWhen the office phone rings")
    assert "По-русски" not in description
    assert "make demo" in description
    assert "VIP:Ренессанс Капитал" in description
    assert re.findall(r"\]\((?!https:)[^)]*\)|<img", description) == []
