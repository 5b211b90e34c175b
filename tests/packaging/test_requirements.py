"""The pinned requirements are hashes and versions alone, and hold what the project declares."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def pinned(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z0-9.-]+)==", text, re.MULTILINE))


def declared(requirements):
    return {re.match(r"[A-Za-z0-9.-]+", requirement)[0].lower() for requirement in requirements}


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_has_a_hash_and_none_an_address(name):
    text = (ROOT / name).read_text(encoding="utf-8")

    for entry in re.split(r"\n(?=\S)", text.strip()):
        assert re.match(r"[a-z0-9.-]+==\S+", entry)
        assert "--hash=sha256:" in entry
    assert "://" not in text
    assert "index" not in text.replace("importlib", "")


def test_what_is_declared_is_pinned():
    groups = PROJECT["dependency-groups"]

    assert declared(PROJECT["project"]["dependencies"]) <= pinned("requirements.txt")
    assert declared(groups["test"] + groups["lint"]) <= pinned("requirements-dev.txt")
    assert pinned("requirements.txt") <= pinned("requirements-dev.txt")
