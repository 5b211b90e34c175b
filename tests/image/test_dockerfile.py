"""The Dockerfile makes an image that runs unprivileged: read here, for tests cannot count on an engine."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# What the steps may call: Python with pip and venv, what they installed, and what any Debian has.
TOOLS = {"python3", "/opt/vats1c/bin/python", "vats1c", "mkdir", "chown"}


@pytest.fixture(scope="module")
def stages():
    """The stages in order, each a list of (instruction, argument)."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    text = "\n".join(line for line in text.splitlines() if not line.startswith("#")).replace("\\\n", " ")
    found = []
    for line in filter(None, map(str.strip, text.splitlines())):
        name, argument = line.split(None, 1)
        if name == "FROM":
            found.append([])
        found[-1].append((name, argument))
    return found


@pytest.fixture(scope="module")
def final(stages):
    """The instructions of the image itself; one given twice counts as its last."""
    return dict(stages[-1])


def copied(stage):
    """Return what a stage copies from the checkout."""
    arguments = [argument.split() for name, argument in stage if name == "COPY"]
    return [source for one in arguments if not one[0].startswith("--from=") for source in one[:-1]]


def test_hadolint_has_nothing_to_say():
    hadolint = shutil.which("hadolint", path=Path(sys.executable).parent) or shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint is not installed")

    done = subprocess.run([hadolint, ROOT / "Dockerfile"], check=False, capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (0, "")
    assert "hadolint ignore" not in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_the_build_stays_out_of_the_image(stages):
    assert len(stages) == 2
    assert copied(stages[-1]) == []


def test_every_stage_starts_from_the_same_slim_python(stages):
    assert {stage[0][1].split()[0] for stage in stages} == {"python:3.13-slim"}


def test_the_image_runs_as_a_numeric_user_that_is_not_root(final):
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", final["USER"])


def test_the_data_folder_is_a_volume_that_belongs_to_the_user(stages, final):
    runs = " ".join(argument for name, argument in stages[-1] if name == "RUN")
    settings = " ".join(argument for name, argument in stages[-1] if name == "ENV")

    assert json.loads(final["VOLUME"]) == ["/data"]
    assert f"chown {final['USER']} /data" in runs
    assert "VATS1C_DATA=/data" in settings
    assert "TMPDIR=/data" in settings


def test_the_image_is_started_without_a_shell_and_serves_unless_told_otherwise(final):
    assert json.loads(final["ENTRYPOINT"]) == ["vats1c"]
    assert json.loads(final["CMD"]) == ["serve"]


def test_the_image_asks_itself_how_it_is_without_a_shell(final):
    assert json.loads(final["HEALTHCHECK"].split(" CMD ")[1]) == ["vats1c", "healthcheck"]


def test_everything_copied_is_in_the_checkout_and_let_through_by_dockerignore(stages):
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    allowed = [line[1:] for line in lines if line.startswith("!")]

    assert "*" in lines
    for source in [source.removeprefix("./") for stage in stages for source in copied(stage)]:
        assert (ROOT / source).exists()
        assert source in allowed


def test_the_steps_call_nothing_but_python_and_what_every_debian_has(stages):
    steps = [argument for stage in stages for name, argument in stage if name == "RUN"]
    called = {command.split()[0] for step in steps for command in step.split("&&")}

    assert called <= TOOLS


def test_what_is_installed_from_the_registry_is_known_by_its_hash(stages):
    steps = [argument for stage in stages for name, argument in stage if name == "RUN"]
    installs = [step for step in steps if "pip install" in step]

    assert installs
    for install in installs:
        assert "--require-hashes" in install or "--no-deps ." in install
