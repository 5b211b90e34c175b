"""The pytest plugin as others use it: in a run of its own, in several processes, aimed at a container."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

from tests.support.live import free_port
from tests.support.office import SOAP_USER
from tests.support.tester import STAGING, TOKEN, BenchClient
from tests.support.waiting import until
from vats1c.api_client import Client
from vats1c.testing import fixture, service

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/test_calls.py"
FAILING = """
def test_fails(vats1c):
    with vats1c.expect_call(number="8 903 111-22-33", op="SayName", timeout=0):
        from test_calls import ask
        ask(vats1c, "SayName", number="89235292926")

def test_finds_something(vats1c):
    from test_calls import ask
    ask(vats1c, "SayName", number="")
    vats1c.assert_no_calls(within=0)

def test_gives_what_is_not_there(vats1c):
    vats1c.set_name("244", "внутренний")
"""


def pytest_run(folder, *options, test=EXAMPLE, env=None):
    """Run pytest beside the test, away from this project's settings; return exit code and output."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("VATS1C_", "PYTEST_"))}
    command = [sys.executable, "-m", "pytest", "-W", "error", "-p", "no:schemathesis", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "--rootdir", folder, "--color=no", str(test), *options],
        check=False,
        capture_output=True,
        timeout=120,
        cwd=folder,
        env={**clean, "PYTHONPATH": str(EXAMPLE.parent), **(env or {})},
    )
    return done.returncode, done.stdout.decode() + done.stderr.decode()


def test_the_example_passes(tmp_path):
    code, said = pytest_run(tmp_path)

    assert code == 0, said
    assert "6 passed" in said


def test_the_example_passes_in_several_processes(tmp_path):
    code, said = pytest_run(tmp_path, "-n", "2")

    assert code == 0, said
    assert "6 passed" in said


def test_the_same_tests_are_aimed_at_a_running_service(start, tmp_path):
    live = start(extra=STAGING, users=SOAP_USER)
    code, said = pytest_run(tmp_path, "--vats1c-url", live.url, "--vats1c-token", TOKEN, "-n", "2")

    assert code == 0, said
    by_variable = pytest_run(tmp_path, "--vats1c-url", live.url, "-k", "name", env={"VATS1C_TOKEN": TOKEN})
    assert by_variable[0] == 0, by_variable[1]
    # Each test took its publication down, and what was written of it.
    assert live.journal() == []


def test_the_calls_of_a_test_are_listed_to_the_last(start, monkeypatch):
    bench = BenchClient(start(extra=STAGING, users=SOAP_USER))
    vats1c = fixture.Vats1cFixture(Client(bench.live.url, TOKEN))
    monkeypatch.setattr(fixture, "_MAX_PAGE", 2)
    for last in range(5):
        bench.says(vats1c.name, f"8903111000{last}")

    assert [call["number"][-1] for call in vats1c.calls()] == list("01234")
    assert [call["number"] for call in vats1c.calls(number="8 903 111-00-03")] == ["+79031110003"]


def test_a_wrong_token_is_said_in_one_line(start, tmp_path):
    live = start(extra=STAGING, users=SOAP_USER)
    code, said = pytest_run(tmp_path, "--vats1c-url", live.url, "--vats1c-token", "wrong", "-k", "chance")

    assert code == 1
    assert f"vats1c: {live.url}: wrong token" in said
    assert "Traceback" not in said


def test_a_failure_shows_the_closest_call_and_the_differences(tmp_path):
    file = tmp_path / "test_failing.py"
    file.write_text(FAILING, encoding="utf-8")
    code, said = pytest_run(tmp_path, test=file)

    assert code == 1
    assert "AssertionError: expected SayName number=+79031112233, times: 1; found: 0" in said
    assert re.search(r"closest: op=SayName  number=\+79235292926  received=89235292926  outcome=ok", said)
    assert "number: expected +79031112233, found +79235292926" in said
    assert "times: expected 0, found 1" in said
    assert "callers[0]: a name and a public number are needed" in said


def test_a_run_that_does_not_use_it_imports_nothing_of_the_service(tmp_path):
    file = tmp_path / "test_else.py"
    file.write_text(
        "import sys\n\ndef test_else():\n"
        "    assert sorted(name for name in sys.modules if name.startswith('vats1c')) == "
        "['vats1c', 'vats1c.testing', 'vats1c.testing.plugin']\n",
        encoding="utf-8",
    )
    code, said = pytest_run(tmp_path, test=file)

    assert code == 0, said


def test_the_service_ends_with_the_run_that_started_it(tmp_path):
    file = tmp_path / "test_killed.py"
    file.write_text(
        "import os\nfrom pathlib import Path\n\ndef test_killed(vats1c):\n"
        "    Path('url').write_text(vats1c.url)\n    os._exit(9)\n",
        encoding="utf-8",
    )
    code, _ = pytest_run(tmp_path, test=file)
    port = re.search(r":(\d+)/", (tmp_path / "url").read_text())[1]

    assert code == 9
    until(lambda: is_gone(int(port)))


def test_a_port_that_another_service_took_meanwhile_is_left_to_it(start, monkeypatch):
    other = start(extra=STAGING, users=SOAP_USER)
    ports = iter([other.port, free_port()])
    monkeypatch.setattr(service, "_free_port", lambda: next(ports))
    own = service.ServiceProcess()
    own.stop()

    assert own.url != other.url
    assert other.get("/readyz").status == 200


def is_gone(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
