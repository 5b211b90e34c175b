"""A source that is slow, hanging or gone holds no call up: the phone shows what is known without it."""

import json
import threading

import pytest

from tests.support.live import free_port, incoming_call, say_name
from tests.support.sources import NAME, Source, above, figure

pytest.importorskip("httpx", reason="httpx is not installed (requirements-dev.txt)")


@pytest.fixture
def source():
    made = Source()
    yield made
    made.close()


def test_a_hanging_source_leaves_the_call_to_the_next_directory(start, source):
    source.gate.set()
    live = start(extra="[say_name]\ndeadline = 0.2\n", users=above(source.url))
    source.gate.clear()

    assert live.post(say_name()).returned == NAME
    assert live.post(say_name("89990000000")).returned == ""
    assert live.post(incoming_call()).returned == "1"
    assert not source.gate.is_set()
    assert figure(live, "vats1c_lookups_total", directory="telephony/source", outcome="late") >= 2


def test_many_calls_at_once_do_not_wait_for_a_hanging_source(start, source):
    source.gate.set()
    live = start(extra="[say_name]\ndeadline = 0.2\n", users=above(source.url))
    source.gate.clear()
    answers = []
    callers = [
        threading.Thread(target=lambda n=number: answers.append(live.post(say_name(f"8999000{n:04}")).returned))
        for number in range(64)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()

    assert answers == [""] * 64
    assert live.post(say_name()).returned == NAME
    # The bulkhead: so many questions are open, and no more.
    assert len(source.asked) <= 17


def test_a_late_answer_is_there_for_the_next_call(start, source):
    source.gate.set()
    live = start(extra="[say_name]\ndeadline = 0.2\n", users=above(source.url))
    source.gate.clear()
    assert live.post(say_name("89990000000")).returned == ""
    source.gate.set()

    for _ in range(100):
        if live.post(say_name("89990000000")).returned == "Из источника":
            break
    assert live.post(say_name("89990000000")).returned == "Из источника"
    assert "<phone>999</phone>" in live.post(say_name("89990000000", parameter="Number")).returned


def test_a_source_that_is_gone_degrades_the_service_and_does_not_stop_it(start):
    live = start(users=above(f"http://127.0.0.1:{free_port()}/?n={{number}}", 1))

    ready = json.loads(live.get("/readyz").text)

    assert (live.get("/readyz").status, ready["ready"], ready["degraded"]) == (200, True, True)
    assert ready["parts"]["directory telephony/source"]["ready"] is False
    for _ in range(8):
        assert live.post(say_name()).returned == NAME
    assert figure(live, "vats1c_lookups_total", directory="telephony/source", outcome="circuit_open") > 0
    assert "directory_failed" in live.printed
    assert "9235292926" not in live.printed
    assert "Traceback" not in live.printed
