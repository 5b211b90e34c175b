"""The JavaScript modules of the pages, tested by node's own test runner."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = sorted((ROOT / "tests/js").glob("*.test.js"))


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.name)
def test_the_modules_of_the_pages(file):
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed (Debian and Ubuntu: apt-get install nodejs)")
    run = subprocess.run([node, "--test", file], check=False, capture_output=True, encoding="utf-8")

    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search(r"^(#|ℹ) pass [1-9]", run.stdout, re.MULTILINE)


def test_the_tools_have_exact_versions_and_the_lock_file_names_no_download_address():
    wanted = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]

    assert "dependencies" not in wanted
    assert lock[""]["devDependencies"] == wanted["devDependencies"]
    for name, version in wanted["devDependencies"].items():
        assert lock[f"node_modules/{name}"]["version"] == version
    for name, package in lock.items():
        assert name == "" or package["integrity"].startswith("sha512-")
        assert "resolved" not in package


def test_no_class_name_stands_twice_in_the_modules():
    modules = sorted((ROOT / "src/vats1c/web/static").rglob("*.js"))
    names = [
        name
        for module in modules
        for name in re.findall(r"^(?:export )?class (\w+)", module.read_text(encoding="utf-8"), re.MULTILINE)
    ]

    assert len(names) > 10
    assert sorted({name for name in names if names.count(name) > 1}) == []
