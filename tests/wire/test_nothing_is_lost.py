"""An answered call is on disk: a power cut in the middle of a storm loses none that was acknowledged."""

import http.client
import itertools
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

import pytest

from tests.support.live import AUTHORIZATION, PATH, incoming_call

HEADERS = {"Content-Type": "text/xml", "Authorization": AUTHORIZATION}
SENDERS = 8


def send_until_it_is_gone(live, name, acknowledged):
    """Report calls one after another; note each that was answered 1."""
    with closing(http.client.HTTPConnection("127.0.0.1", live.port, timeout=10)) as connection:
        for number in itertools.count():
            key = f"{name}-{number}"
            try:
                connection.request("POST", PATH, incoming_call(key=key).encode(), HEADERS)
                answer = connection.getresponse().read()
            except (OSError, http.client.HTTPException):
                return
            assert b">1</m:return>" in answer
            acknowledged.append(key)


@pytest.mark.slow
@pytest.mark.parametrize("acknowledged_before", [1, 20, 100, 300])
def test_a_kill_in_a_storm_of_calls_loses_no_acknowledged_one(start, acknowledged_before):
    live = start()
    acknowledged = []
    senders = [
        threading.Thread(target=send_until_it_is_gone, args=(live, f"sender {number}", acknowledged))
        for number in range(SENDERS)
    ]
    for sender in senders:
        sender.start()
    while len(acknowledged) < acknowledged_before:
        assert live.process.poll() is None
    live.kill()
    for sender in senders:
        sender.join()

    written = [call["key"] for call in live.journal()]

    assert len(acknowledged) >= acknowledged_before
    assert set(acknowledged) <= set(written)
    # A call in flight may be written and not acknowledged; no sender has more than one of those.
    assert len(written) - len(acknowledged) <= SENDERS
    assert len(set(written)) == len(written)


def test_a_journal_that_is_broken_puts_no_number_key_or_name_into_the_log(start):
    live = start()
    live.post(incoming_call(key="before"))
    database = sqlite3.connect(live.config.parent / "data" / "vats1c.sqlite", isolation_level=None)
    database.execute("DROP TABLE calls")
    database.close()

    answer = live.post(incoming_call("89235292926", "gW3cyUJAtl50PhF"))

    assert answer.status == 500
    assert "call_not_recorded" in live.printed
    assert not [secret for secret in ("9235292926", "gW3cyUJAtl50PhF", "Ренессанс") if secret in live.printed]


def test_a_call_that_cannot_be_written_down_is_a_fault_and_not_a_1(start):
    live = start()
    assert live.post(incoming_call(key="before")).returned == "1"
    folder = live.config.parent / "data"
    blocker = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
            "c.execute('BEGIN IMMEDIATE'); print('locked', flush=True); sys.stdin.read()",
            folder / "vats1c.sqlite",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert blocker.stdout.readline().strip() == b"locked"
        answer = live.post(incoming_call(key="during"), headers={})
        assert answer.status == 500
        assert "звонок не записан в журнал" in answer.text
        assert "soap:Server" in answer.text
    finally:
        blocker.communicate(b"")

    assert live.post(incoming_call(key="after")).returned == "1"
    assert [call["key"] for call in live.journal()] == ["before", "after"]
    assert "Traceback" not in live.printed
