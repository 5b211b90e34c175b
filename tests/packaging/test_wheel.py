"""The wheel holds all that an installed service needs."""

import configparser
import email
import importlib.util
import re
import subprocess
import sys
import tarfile
import zipfile

import pytest

from tests.support.checkout import ROOT, copy_checkout
from vats1c import __version__

INFO = f"vats1c-{__version__}.dist-info"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build the source archive, and from it the wheel, as for a release; return their folder."""
    if importlib.util.find_spec("build") is None:
        pytest.skip("the package build is not installed")
    folder = tmp_path_factory.mktemp("wheel")
    # A copy, for a build leaves files beside the sources.
    source = copy_checkout(folder / "source")
    tool = source / "node_modules" / "tool"
    tool.mkdir(parents=True)
    (tool / "README.md").write_text("A tool that checks the JavaScript.", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--outdir", folder, source],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return folder


@pytest.fixture(scope="module")
def wheel(built):
    with zipfile.ZipFile(built / f"vats1c-{__version__}-py3-none-any.whl") as opened:
        yield opened


def test_the_source_archive_holds_the_checks_of_the_javascript_without_their_tools(built):
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}

    assert archive.name == f"vats1c-{__version__}.tar.gz"
    assert {".npmrc", "eslint.config.js", "package.json", "package-lock.json", "tsconfig.json"} <= names
    assert "tests/js/fakes.js" in names
    assert [name for name in names if "node_modules" in name] == []


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


def test_the_metadata_names_what_a_package_index_shows(wheel):
    metadata = email.message_from_bytes(wheel.read(f"{INFO}/METADATA"))

    assert "Mobilon virtual PBX" in metadata["Summary"]
    assert metadata["License-Expression"] == "Apache-2.0"
    assert {"soap", "telephony"} <= set(metadata["Keywords"].split(","))
    # py.typed and the entry point of the pytest plugin, as classifiers.
    assert {"Typing :: Typed", "Framework :: Pytest"} <= set(metadata.get_all("Classifier"))


def test_the_description_for_a_package_index_has_no_picture_or_link_that_needs_the_repository(wheel):
    metadata = email.message_from_bytes(wheel.read(f"{INFO}/METADATA"))
    description = metadata.get_payload(decode=True).decode()

    assert metadata["Description-Content-Type"] == "text/markdown"
    assert description.startswith("# vats1c\n\nWhen the office phone rings")
    assert "По-русски" not in description
    assert "make demo" in description
    assert "VIP:Ренессанс Капитал" in description
    assert re.findall(r"\]\((?!https:)[^)]*\)|<img", description) == []
