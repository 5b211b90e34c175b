"""`vats1c wait-call`: a shell waits until the VATS has called."""

import json
import subprocess
import sys
import threading

import pytest

from tests.support.live import vats1c
from tests.support.office import PEOPLE, SOAP_USER
from tests.support.tester import STAGING, TOKEN, BenchClient


@pytest.fixture(scope="module")
def bench(start):
    return BenchClient(start(extra=STAGING, users=SOAP_USER + PEOPLE))


def test_a_call_that_came_is_printed(bench):
    name = bench.made()["name"]
    bench.says(name, "8 923 529-29-26")
    bench.rings(name, "8 923 529-29-26", "key-of-anna")
    url = f"{bench.live.url}/{name}/ws/VATS"
    code, said, _ = vats1c(
        "wait-call", url, "--number", "+79235292926", "--op", "IncomingCall", "--after", "0", "--token", TOKEN
    )

    assert code == 0
    assert said.split()[3:] == [name, "IncomingCall", "+79235292926", "key-of-anna", "-"]
    code, said, _ = vats1c("wait-call", url, "--after", 0, "--json", env={"VATS1C_TOKEN": TOKEN})
    assert [json.loads(line)["op"] for line in said.splitlines()] == ["SayName", "IncomingCall"]


def test_a_call_is_waited_for(bench):
    command = [sys.executable, "-m", "vats1c", "wait-call", bench.live.url, "--key", "key-of-ilya", "--token", TOKEN]
    waiting = subprocess.Popen(command, stdout=subprocess.PIPE)
    stopped = threading.Event()

    def ring():
        while not stopped.wait(0.3):
            bench.rings("telephony", "89031110001", "key-of-ilya")

    ringing = threading.Thread(target=ring)
    ringing.start()
    said, _ = waiting.communicate(timeout=30)
    stopped.set()
    ringing.join()

    assert waiting.returncode == 0
    assert b"+79031110001  key-of-ilya" in said


def test_a_call_that_does_not_come_is_said_in_one_sentence(bench):
    code, said, errors = vats1c("wait-call", bench.live.url, "--key", "nobodys", "--timeout", 0.2, "--token", TOKEN)

    assert (code, said, errors) == (1, "", "no call came within 0.2 s\n")


def test_an_administrator_waits_with_a_password(bench):
    bench.rings("telephony", "89031110002")
    options = ("--user", "admin", "--after", "0", "--op", "IncomingCall")

    assert vats1c("wait-call", bench.live.endpoint, *options, env={"VATS1C_PASSWORD": "admin's"})[0] == 0


def test_what_stands_in_the_way_is_said_in_one_sentence(bench):
    url = bench.live.url
    assert vats1c("wait-call", url)[2] == f"the service did not answer: {url}: sign in first\n"
    assert vats1c("wait-call", f"{url}/x/ws/VATS", "--token", TOKEN)[2] == (
        f"the service did not answer: {url}/x/ws/VATS: there is no such publication\n"
    )
    code, _, errors = vats1c("wait-call", "http://127.0.0.1:9", "--token", TOKEN)
    assert (code, errors.count("\n")) == (1, 1)


@pytest.mark.parametrize("arguments", [("localhost",), ("file:///etc/passwd",), ("http://x", "--after", "soon")])
def test_what_cannot_be_used_is_said(arguments):
    assert vats1c("wait-call", *arguments)[0] == 2


def test_the_variables_of_the_command_do_not_disturb_the_service(tmp_path):
    code, _, errors = vats1c("check", env={"VATS1C_TOKEN": "x", "VATS1C_PASSWORD": "y"}, cwd=tmp_path)

    assert code == 2
    assert "VATS1C_TOKEN" not in errors
