"""More than can be served: what is refused is refused at once, with a fault, and the rest is answered."""

import threading

import pytest

from tests.support.live import AUTHORIZATION, PATH, SOAP11, SOAP12, say_name
from tests.support.sources import Source, above, figure

pytest.importorskip("httpx", reason="httpx is not installed (requirements-dev.txt)")

# The fewest connections that can be set, so the fewest threads; and one request that may wait.
LIMITS = "[limits]\nconnections = 16\nwaiting = 1\n[say_name]\ndeadline = 10\n"
AT_ONCE = 60


@pytest.fixture
def overloaded(start):
    """Return the service, and a function that asks it more than it can do, of a source that hangs meanwhile."""
    source = Source()
    source.gate.set()
    live = start(extra=LIMITS, users=above(source.url))
    # A login that passed before is known: its requests stand in line.
    assert live.post(say_name()).status == 200
    source.gate.clear()

    def ask(version, content_type):
        headers = {"Content-Type": content_type, "Authorization": AUTHORIZATION}
        answers, answered = [], threading.Event()

        def call(number):
            body = say_name(f"8999000{number:04}", version=version).encode()
            answers.append(live.request("POST", PATH, body, headers, timeout=60))
            answered.set()

        callers = [threading.Thread(target=call, args=(number,)) for number in range(AT_ONCE)]
        for caller in callers:
            caller.start()
        assert answered.wait(60)
        pages = [live.get(path).status for path in ("/healthz", "/readyz", f"{PATH}?wsdl")]
        source.gate.set()
        for caller in callers:
            caller.join()
        return answers, pages

    yield live, ask
    source.close()


@pytest.mark.parametrize(
    ("version", "content_type", "code"),
    [(SOAP11, "text/xml", "soap:Server"), (SOAP12, "application/soap+xml", "soap:Receiver")],
)
def test_what_cannot_even_wait_is_refused_in_its_own_soap_version_and_the_rest_answered(
    overloaded, version, content_type, code
):
    live, ask = overloaded

    answers, pages = ask(version, content_type)

    refused = [answer for answer in answers if answer.status != 200]
    assert 0 < len(refused) < AT_ONCE
    for answer in refused:
        assert (answer.status, answer.version, answer.headers["retry-after"]) == (503, version, "1")
        assert answer.headers["content-type"] == f"{content_type}; charset=utf-8"
        assert f">{code}<" in answer.text
        assert "too many requests at once" in answer.text
    # Pages, health and the description stand in no line.
    assert pages == [200] * 3
    assert figure(live, "vats1c_requests_total", operation="", outcome="overload", publication="") == len(refused)
    assert 1 <= live.printed.count("event='overload_began'") < len(refused)
