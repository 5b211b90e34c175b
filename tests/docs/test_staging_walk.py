"""The walk through the staging bench is walked: each step in order, on the settings of compose.yaml."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.live import Live, free_port

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "staging.md").read_text(encoding="utf-8")
COMPOSE = (ROOT / "compose.yaml").read_text(encoding="utf-8")
FAULTS = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
STEPS = [
    (heading, block)
    # What is said of faults is tried where the walk ends.
    for heading, text in re.findall(r"^## (.+?)\n(.+?)(?=^## |\Z)", f"{PAGE}\n{FAULTS}", re.MULTILINE | re.DOTALL)
    for block in re.findall(r"```sh\n(.+?)```", text, re.DOTALL)
]


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """The service with what compose.yaml sets."""
    folder = tmp_path_factory.mktemp("bench")
    variables = dict(re.findall(r"^      (VATS1C_\w+): '(.+)'$", COMPOSE, re.MULTILINE))
    assert len(variables) == 5
    (folder / "vats1c.toml").write_text("", encoding="utf-8")
    port = free_port()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("VATS1C_")}
    live = Live(
        port,
        folder / "vats1c.toml",
        ("--listen", f"127.0.0.1:{port}"),
        {**clean, **variables, "VATS1C_DATA": str(folder / "data")},
    )
    live.wait_until_ready()
    yield live
    live.kill()


def test_the_steps_are_walked_in_order(bench):
    before = ""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VATS1C_")}
    environment |= {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "LANG": "C.UTF-8", "LC_ALL": ""}
    assert len(STEPS) >= 8
    for heading, block in STEPS:
        step = block.replace("127.0.0.1:8080", f"127.0.0.1:{bench.port}")
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", before + step],
            check=False,
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, f"{heading}\n{step}\n{done.stdout}\n{done.stderr}"
        before += "".join(f"{line}\n" for line in step.splitlines() if line.startswith("export "))


def test_compose_opens_the_bench_to_this_machine_alone():
    assert re.findall(r"ports: (.+)", COMPOSE) == ['["127.0.0.1:8080:8080"]']
