"""Kinds of others are found by an entry point and by "module:Class", and a broken one is an error in one line."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from vats1c.directory import KINDS, DirectoryError, load
from vats1c.number import DEFAULT_PLAN, identify

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "vats1c-directory-example"
LINE = '{"number": "8 (923) 529-29-26", "name": "Ренессанс Капитал"}\n'


@pytest.fixture
def plugged(tmp_path, monkeypatch):
    """Put the example where Python looks, as an installer does: the module, and a .dist-info that names it."""
    import tomllib

    own = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    points = own["entry-points"]["vats1c.directories"]
    shutil.copy(EXAMPLE / "vats1c_jsonlines.py", tmp_path)
    info = tmp_path / f"vats1c_directory_example-{own['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {own['name']}\nVersion: {own['version']}\n")
    lines = [f"{name} = {target}" for name, target in points.items()]
    lines.append("lost = vats1c_nowhere:Lost")
    (info / "entry_points.txt").write_text("[vats1c.directories]\n" + "\n".join(lines) + "\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for module in ("vats1c_jsonlines", "broken_kind"):
        sys.modules.pop(module, None)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "callers.jsonl"
    path.write_text(LINE, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("kind", ["jsonlines", "vats1c_jsonlines:JsonLinesDirectory"])
def test_a_kind_of_others_is_opened(plugged, path, kind):
    directory = load(kind, "crm", {"path": path}, DEFAULT_PLAN)

    assert directory.find(identify("89235292926")).caller.name == "Ренессанс Капитал"


def test_its_own_error_is_told_as_ours_are(plugged):
    with pytest.raises(DirectoryError) as caught:
        load("jsonlines", "crm", {}, DEFAULT_PLAN)

    assert caught.value.key == "path"


def test_a_kind_that_nobody_has_is_told_with_those_there_are(plugged):
    with pytest.raises(DirectoryError) as caught:
        load("jsonline", "crm", {}, DEFAULT_PLAN)

    assert caught.value.key == "type"
    assert all(kind in str(caught.value) for kind in ("jsonlines", *KINDS))


@pytest.mark.parametrize("kind", ["lost", "vats1c_nowhere:Lost", "vats1c_jsonlines:Lost", ":Lost", "vats1c_jsonlines:"])
def test_a_kind_that_is_not_where_it_is_said_to_be_is_an_error(plugged, kind):
    with pytest.raises(DirectoryError) as caught:
        load(kind, "crm", {}, DEFAULT_PLAN)

    assert caught.value.key == "type"


@pytest.mark.parametrize(
    "source",
    [
        "class Kind(",
        "raise RuntimeError('no licence\\nat all')",
        "Kind = 7",
        "class Kind: pass",
        "class Kind:\n    def __init__(self, *_): raise RuntimeError('no licence\\nat all')",
    ],
    ids=["syntax", "import", "no class", "constructor", "defect"],
)
def test_a_broken_kind_of_others_is_an_error_in_one_line(plugged, source):
    (plugged / "broken_kind.py").write_text(source, encoding="utf-8")
    with pytest.raises(DirectoryError) as caught:
        load("broken_kind:Kind", "crm", {}, DEFAULT_PLAN)

    assert caught.value.key == "type"
    assert "\n" not in str(caught.value)


def test_a_package_of_others_does_not_take_the_place_of_our_kind(plugged, tmp_path):
    info = next(plugged.glob("*.dist-info"))
    (info / "entry_points.txt").write_text("[vats1c.directories]\ncsv = vats1c_jsonlines:JsonLinesDirectory\n")
    callers = tmp_path / "callers.csv"
    callers.write_text("number,name\n89235292926,A\n", encoding="utf-8")
    directory = load("csv", "crm", {"path": str(callers)}, DEFAULT_PLAN)
    directory.close()

    assert directory.find(identify("89235292926")).caller.name == "A"


def test_the_example_passes_its_own_tests():
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", EXAMPLE, EXAMPLE / "tests"],
        cwd=EXAMPLE,
        env={"PYTHONPATH": str(EXAMPLE), "PATH": "", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
