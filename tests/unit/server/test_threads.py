"""The table of threads in `vats1c.server` is that of a running service."""

import ast
import re
import socket
import threading
from concurrent.futures import Future
from pathlib import Path

import pytest

import vats1c
from tests.support.live import AUTHORIZATION, PATH, incoming_call, say_name
from tests.support.tester import STAGING
from tests.support.waiting import until
from vats1c import config, server
from vats1c.app.application import build
from vats1c.http import Request, completed

SETTINGS = """data = "data"
STAGING
[[users]]
name = "SOAP"
password = "123"
[[directories]]
name = "file"
type = "csv"
path = "callers.csv"
[[directories]]
name = "crm"
type = "http"
url = "http://127.0.0.1:{port}/{{number}}"
fields = {{ name = "name" }}
[upstream]
url = "http://127.0.0.1:{port}/ws"
user = "x"
password = "y"
mode = "shadow"
forward_calls = true
"""


def documented():
    """Return the pattern of each name in the list."""
    bullets = [line.partition(":")[0] for line in server.__doc__.splitlines() if line.startswith("- `")]
    names = [name for bullet in bullets for name in re.findall("`([^`]+)`", bullet)]
    return {name: re.compile(name.replace("NAME", ".+") + r"\Z") for name in names}


def named_in_the_source():
    """Return the names that the package gives to its threads, NAME for what is put in."""
    found = set()
    for file in Path(vats1c.__file__).parent.rglob("*.py"):
        # These run in the process of a test or of a simulator, not of the service.
        if {"testing", "simulator"} & set(file.parts):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in (
                "Thread",
                "WorkerPool",
                "Worker",
            ):
                given = {word.arg: word.value for word in node.keywords}.get("name") or (
                    node.args[0] if node.args else None
                )
                if isinstance(given, ast.Constant):
                    found.add(given.value)
                elif isinstance(given, ast.JoinedStr):
                    found.add(
                        "".join(part.value if isinstance(part, ast.Constant) else "NAME" for part in given.values)
                    )
    return found


def test_every_thread_of_the_source_is_in_the_table_and_no_other():
    assert named_in_the_source() | {"MainThread"} == documented().keys()


@pytest.fixture
def application(tmp_path):
    (tmp_path / "callers.csv").write_text("number;name\n89235292926;Анна\n", encoding="utf-8")
    file = tmp_path / "vats1c.toml"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = SETTINGS.format(port=silent.getsockname()[1]).replace("STAGING\n", STAGING)
        file.write_text(settings, encoding="utf-8")
        application = build(config.load(file))
        yield application
        application.begin_shutdown()
        application.close()


def ask(application, body, authorization=AUTHORIZATION):
    headers = {"content-type": "text/xml", "authorization": authorization}
    request = Request("POST", PATH, "", headers, "127.0.0.1", body=body.encode())
    admission = completed(application.router.admit(request))
    return admission.handle(request) if hasattr(admission, "handle") else admission


def test_a_running_service_has_no_thread_that_is_not_in_the_table(application):
    before = {thread.name for thread in threading.enumerate()}
    waiting = [ask(application, body) for body in (say_name(), say_name("89990000000"), incoming_call("89990000001"))]
    ask(application, say_name(), authorization="Basic eDp5")
    completed(application.router.admit(Request("GET", "/healthz", "", {}, "127.0.0.1"))).handle(
        Request("GET", "/healthz", "", {}, "127.0.0.1")
    ).result()
    until(
        lambda: (
            {"call", "page", "sign-in", "shadow telephony", "ask crm", "late-lookup"}
            <= {t.name for t in threading.enumerate()}
        )
    )
    for answer in waiting:
        if isinstance(answer, Future):
            answer.result(timeout=60)

    names = {thread.name for thread in threading.enumerate()} | before
    patterns = documented().values()
    unknown = {name for name in names if not any(pattern.match(name) for pattern in patterns)}
    # pytest's own, and those of other tests' fixtures.
    assert {name for name in unknown if not name.startswith(("Thread-", "execnet", "Dummy", "pytest"))} == set()
