"""The pinned requirements are whole: what the project asks for, at a version in its range, with hashes."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
GROUPS = PROJECT["dependency-groups"]
EXTRAS = {name: wanted for name, wanted in PROJECT["project"]["optional-dependencies"].items() if name != "all"}
SERVICE = [*PROJECT["project"]["dependencies"], *(each for wanted in EXTRAS.values() for each in wanted)]
ASKED = {
    "requirements.txt": SERVICE,
    "requirements-dev.txt": [*SERVICE, *GROUPS["test"], *GROUPS["lint"]],
    "requirements-lowest.txt": SERVICE,
    "requirements-release.txt": GROUPS["release"],
}


def pins(name):
    """Return the pins of a file: name, version, marker and the number of hashes."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    found = {}
    for line in text.splitlines():
        if line and not line.lstrip().startswith("#"):
            requirement = Requirement(line.split("--hash", 1)[0].strip())
            hashes = len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", line))
            found.setdefault(canonicalize_name(requirement.name), []).append((requirement, hashes))
    return found


@pytest.mark.parametrize("name", ASKED)
def test_each_dependency_of_the_project_is_pinned_in_its_range(name):
    pinned = pins(name)

    for asked in map(Requirement, ASKED[name]):
        for pin, _ in pinned[canonicalize_name(asked.name)]:
            (exact,) = pin.specifier
            assert exact.operator == "=="
            assert asked.specifier.contains(exact.version), "run: make requirements"


def test_the_extra_all_names_every_other_extra():
    (every,) = map(Requirement, PROJECT["project"]["optional-dependencies"]["all"])

    assert every.extras == EXTRAS.keys()


@pytest.mark.parametrize("name", ASKED)
def test_each_extra_of_a_pinned_dependency_is_pinned(name):
    """`pymysql[rsa]` needs cryptography, `psycopg[binary]` its compiled half."""
    pinned = pins(name)

    for asked in (each for each in map(Requirement, ASKED[name]) if each.extras):
        for needed in map(Requirement, metadata.requires(asked.name) or ()):
            if needed.marker and any(needed.marker.evaluate({"extra": extra}) for extra in asked.extras):
                assert canonicalize_name(needed.name) in pinned


@pytest.mark.parametrize("name", ASKED)
def test_each_pin_has_its_hashes(name):
    assert all(hashes for found in pins(name).values() for _, hashes in found)


@pytest.mark.parametrize("requirement", [Requirement(each) for each in SERVICE], ids=str)
def test_the_lowest_version_that_the_project_allows_is_the_one_tried(requirement):
    lowest = {Version(each.version) for each in requirement.specifier if each.operator in {">=", "=="}}
    pinned = pins("requirements-lowest.txt")[canonicalize_name(requirement.name)]

    assert {Version(each.version) for pin, _ in pinned for each in pin.specifier} == lowest, "run: make requirements"


def test_the_tests_run_with_the_versions_that_the_image_installs():
    dev = pins("requirements-dev.txt")

    for name, found in pins("requirements.txt").items():
        assert {str(pin.specifier) for pin, _ in found} == {str(pin.specifier) for pin, _ in dev[name]}


@pytest.mark.parametrize("name", ASKED)
def test_no_address_stands_in_the_requirements(name):
    text = (ROOT / name).read_text(encoding="utf-8")

    assert not re.search(r"://|^\s*-(?!-hash=)|\s@\s", text, re.MULTILINE)
