"""The way of a call through the service: every function of ours that a request passes. `pytest -s` prints the lists."""

import io
import sys
import threading
from concurrent.futures import Future
from pathlib import Path

import pytest

import vats1c
from tests.support.live import AUTHORIZATION, PATH, incoming_call, say_name
from vats1c import config
from vats1c.app.application import build
from vats1c.app.router import WsgiApplication
from vats1c.journal.writer import Writer

SOURCE = Path(vats1c.__file__).parent
SETTINGS = """
data = "."
[[users]]
name = "SOAP"
password = "123"
[[directories]]
name = "own"
type = "memory"
[[directories.callers]]
number = "89235292926"
name = "Анна"
"""


class Way:
    """The functions that are called while it is open, each with its file, in the order of the calls."""

    def __init__(self, waits_for=None):
        """Let the journal write only when the thread of the way `waits_for` waits for its answer."""
        self.open = False
        self.functions = []
        self.waits = threading.Event()
        self._waits_for = waits_for

    def __call__(self, frame, event, _):
        if event != "call" or not self.open:
            return
        code = frame.f_code
        if code is Future.result.__code__:
            self.waits.set()
        if code is Writer._batch.__code__ and self._waits_for:
            self._waits_for.waits.wait(10)
        if code.co_filename.startswith(f"{SOURCE}/"):
            self.functions.append((code.co_filename.removeprefix(f"{SOURCE}/"), code.co_qualname))

    @property
    def files(self):
        return {file for file, _ in self.functions}

    def show(self, title):
        named = len(set(self.functions))
        print(f"\n{title}: {len(self.functions)} calls of {named} functions in {len(self.files)} files")
        for file, function in self.functions:
            print(f"  {file}: {function}")

    def keep_the_batch_of(self, function):
        """Drop all but the journal's batch that `function` was called in, and what follows `function`."""
        end = self.functions.index(function)
        begin = max(number for number, (_, name) in enumerate(self.functions[:end]) if name == "Writer._batch")
        self.functions = self.functions[begin : end + 1]


class Profiled:
    """The application with a profile of the thread that calls it and of the journal's writer."""

    def __init__(self, settings):
        self.requests = Way()
        self.writer = Way(waits_for=self.requests)
        threading.setprofile(self.writer)
        try:
            self.service = build(settings)
        finally:
            threading.setprofile(None)
        self.application = WsgiApplication(self.service.router)

    def ask(self, body):
        """Return the answer to a call, profiled."""
        given = environ(body)
        sys.setprofile(self.requests)
        self.requests.open = True
        pieces = self.application(given, lambda *_: None)
        self.requests.open = False
        sys.setprofile(None)
        self.requests.waits.set()
        return b"".join(pieces).decode()

    def warmed(self, body):
        """Return the answer to the fourth such call, whose ways alone are kept."""
        for _ in range(3):
            self.ask(body)
        # The writer waits again.
        self.service.journal.flush()
        self.requests.functions.clear()
        self.requests.waits.clear()
        self.writer.open = True
        answer = self.ask(body)
        self.writer.open = False
        return answer


def environ(body):
    return {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": PATH,
        "QUERY_STRING": "",
        "CONTENT_TYPE": "text/xml; charset=utf-8",
        "CONTENT_LENGTH": str(len(body.encode())),
        "HTTP_AUTHORIZATION": AUTHORIZATION,
        "HTTP_HOST": "127.0.0.1:8080",
        "REMOTE_ADDR": "127.0.0.1",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body.encode()),
    }


@pytest.fixture
def profiled(tmp_path):
    file = tmp_path / "vats1c.toml"
    file.write_text(SETTINGS, encoding="utf-8")
    made = Profiled(config.load(file))
    yield made
    made.service.close()


def test_a_say_name_passes_twenty_functions_in_ten_files_at_most(profiled):
    answer = profiled.warmed(say_name())

    profiled.requests.show("SayName")
    assert ">Анна</m:return>" in answer
    assert "WsgiApplication.__call__" in profiled.requests.functions[0][1]
    assert len(profiled.requests.functions) <= 20
    assert len(profiled.requests.files) <= 10


def test_an_incoming_call_passes_functions_within_a_bound_to_the_commit_of_the_journal(profiled):
    answer = profiled.warmed(incoming_call())

    # The journal's thread sends the answer when the call is on disk.
    profiled.writer.keep_the_batch_of(("soap/endpoint.py", "Endpoint._finish"))
    profiled.requests.show("IncomingCall, the thread of the request")
    profiled.writer.show("IncomingCall, the thread of the journal")
    assert ">1</m:return>" in answer
    assert len(profiled.requests.functions) <= 24
    assert len(profiled.requests.files) <= 12
    # How many functions the journal's thread passes depends on what else is in the batch.
    passed = list(profiled.writer.functions)
    assert passed.index(("journal/rings.py", "record_rings")) < passed.index(("soap/endpoint.py", "Endpoint._finish"))
