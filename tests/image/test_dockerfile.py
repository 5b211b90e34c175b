"""The image's recipe keeps its promises: pinned, two stages, nobody special inside, our own health check."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "Dockerfile"
TEXT = DOCKERFILE.read_text(encoding="utf-8").replace("\\\n", " ")
STEPS = [line.split(None, 1) for line in TEXT.splitlines() if line.strip() and not line.startswith("#")]


def all_of(word):
    return [rest for first, rest in STEPS if first == word]


def test_hadolint_has_nothing_to_say():
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint is not installed (requirements-dev.txt)")

    done = subprocess.run([hadolint, DOCKERFILE], check=False, capture_output=True)

    assert (done.returncode, done.stdout.decode()) == (0, "")


def test_both_stages_stand_on_the_same_pinned_base():
    bases = [base.split()[0] for base in all_of("FROM")]

    assert len(bases) == 2
    assert set(bases) == {"python:3.13-slim"}


def test_it_runs_as_a_number_that_is_nobody():
    (user,) = all_of("USER")

    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)


@pytest.mark.parametrize("word", ["ENTRYPOINT", "CMD", "VOLUME"])
def test_programs_are_started_without_a_shell(word):
    assert isinstance(json.loads(all_of(word)[-1]), list)


def test_the_health_check_is_our_own_command():
    (check,) = all_of("HEALTHCHECK")

    assert json.loads(check.split("CMD", 1)[1]) == ["vats1c", "healthcheck"]


def test_what_is_copied_exists_and_is_let_through():
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for copied in all_of("COPY"):
        *sources, _ = [word for word in copied.split() if not word.startswith("--")]
        if "--from=" in copied:
            continue
        for source in sources:
            assert (ROOT / source).exists()
            assert f"!{source}" in ignore


def test_nothing_is_run_but_python_and_plain_file_tools():
    for run in all_of("RUN"):
        for command in run.split("&&"):
            assert command.split()[0] in ("python3", "/opt/vats1c/bin/python", "mkdir")
