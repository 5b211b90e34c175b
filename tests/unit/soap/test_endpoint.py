"""The endpoint: every way through it ends in a response, a counted metric and a row for the journal."""

import gc
import threading
import weakref
from concurrent.futures import Future

import pytest

from tests.support.live import AUTHORIZATION, PATH, SOAP11, SOAP12, envelope, incoming_call, say_name
from vats1c import config
from vats1c.accounts.basic import Logins, User
from vats1c.app.application import build
from vats1c.http import BodyProblem, Request, Response, completed
from vats1c.journal import JournalError
from vats1c.metrics import Metrics
from vats1c.soap import Endpoint, OverloadResponses, Wsdl
from vats1c.worker_pool import WorkerPool

CALLERS = (
    '[[directories]]\nname = "own"\ntype = "memory"\n[[directories.callers]]\nnumber = "89235292926"\nname = "Анна"\n'
)


def request(body, authorization=AUTHORIZATION, content_type="text/xml", **fields):
    headers = {"content-type": content_type, "authorization": authorization}
    return Request("POST", PATH, "", headers, "203.0.113.7", body=body.encode(), **fields)


class Service:
    """Answers with what it is given: bytes, an error, or a future."""

    def __init__(self, answer):
        self.given = answer
        self.threads = []

    def answer(self, soap_request, exchange):
        self.threads.append(threading.current_thread().name)
        if isinstance(self.given, BaseException):
            raise self.given
        return self.given


class Made:
    """An endpoint of a service, and what it has counted and recorded."""

    def __init__(self, answer, nonblocking=("SayName", "IncomingCall"), max_threads=4, max_queued=4):
        self.metrics = Metrics()
        self.recorded = []
        self.service = Service(answer)
        self.endpoint = Endpoint(
            "telephony",
            self.service,
            Wsdl("/telephony/ws/VATS", "number", None, (), "localhost"),
            Logins([User("SOAP", password="123")], self.metrics, 10),
            self.metrics,
            call_pool=WorkerPool("call", max_threads, max_queued),
            sign_in_pool=WorkerPool("sign-in", 1, 10),
            overload=OverloadResponses(self.metrics, "en", calm_s=0),
            max_body_bytes=65_536,
            language="en",
            wsdl_open=False,
            record=self.recorded.append,
            nonblocking=nonblocking,
        )

    def counted(self, operation, outcome):
        labels = {"publication": "telephony", "operation": operation, "outcome": outcome}
        return self.metrics.registry.get_sample_value("vats1c_requests_total", labels)


def failed(error):
    future = Future()
    future.set_exception(error)
    return future


@pytest.mark.parametrize(
    "nonblocking", [("SayName", "IncomingCall"), ()], ids=["by the server's thread", "by the pool"]
)
@pytest.mark.parametrize("wrap", [lambda error: error, failed], ids=["raised", "in a future"])
@pytest.mark.parametrize("version", [SOAP11, SOAP12])
@pytest.mark.parametrize("body", [say_name, incoming_call])
@pytest.mark.parametrize(
    ("error", "reason"), [(RuntimeError("the secret reason"), "internal"), (JournalError("нет", "none"), "journal")]
)
def test_a_defect_below_is_a_fault_a_metric_and_a_row_on_every_way(nonblocking, wrap, version, body, error, reason):
    made = Made(wrap(error), nonblocking)

    response = completed(made.endpoint.handle(request(body(version=version))))

    assert response.status == 500
    assert f'<soap:Envelope xmlns:soap="{version}"><soap:Body><soap:Fault>'.encode() in response.body
    assert b"secret" not in response.body
    assert made.counted("", reason) == 1
    (exchange,) = made.recorded
    assert (exchange.outcome, exchange.status, exchange.address) == (reason, 500, "203.0.113.7")
    assert exchange.raw[2] == response.body


def test_an_operation_that_may_wait_is_run_by_the_pool_and_any_other_by_the_calling_thread():
    made = Made(b"answer", nonblocking=("SayName",))
    here = threading.current_thread().name

    completed(made.endpoint.handle(request(say_name())))
    completed(made.endpoint.handle(request(incoming_call())))

    assert made.service.threads == [here, "call"]


def test_a_full_queue_is_answered_503_in_the_requests_version_and_not_recorded():
    gate = threading.Event()
    made = Made(b"answer", nonblocking=(), max_threads=1, max_queued=0)
    made.service.answer = lambda *_: gate.wait(60) and b"answer"
    taken = made.endpoint.handle(request(say_name()))
    refused = made.endpoint.handle(request(say_name(), content_type="application/soap+xml"))
    gate.set()

    assert (refused.status, dict(refused.headers)["Retry-After"]) == (503, "1")
    assert SOAP12.encode() in refused.body
    assert taken.result(timeout=60).status == 200
    assert [exchange.status for exchange in made.recorded] == [200]


@pytest.mark.parametrize(
    ("problem", "status", "reason"),
    [(BodyProblem.TOO_LARGE, 413, "size"), (BodyProblem.LATE, 408, "late"), (BodyProblem.TRUNCATED, 500, "truncated")],
)
def test_a_body_that_did_not_come_whole_is_a_fault_and_is_not_carried_out(problem, status, reason):
    made = Made(b"answer")

    response = completed(made.endpoint.handle(request(say_name(), body_problem=problem)))

    assert response.status == status
    assert made.service.threads == []
    assert made.counted("", reason) == 1


def test_a_login_is_verified_once_and_known_from_then_on():
    made = Made(b"answer")
    first = made.endpoint.admit(request(say_name()))

    assert isinstance(first, Future)
    assert first.result(timeout=60) is made.endpoint
    assert made.endpoint.admit(request(say_name())) is made.endpoint


def test_a_wrong_login_is_refused_and_its_body_never_looked_at():
    made = Made(b"answer")

    refused = completed(made.endpoint.admit(request(say_name(), authorization="Basic eDp5")))

    assert refused.status == 401
    assert made.recorded[0].raw[1] == b""
    assert made.counted("", "auth") == 1


@pytest.fixture(scope="module")
def application(tmp_path_factory):
    file = tmp_path_factory.mktemp("service") / "vats1c.toml"
    users = '[[users]]\nname = "SOAP"\npassword = "123"\n'
    file.write_text(f'data = "."\n[journal]\nraw = false\n{users}{CALLERS}', encoding="utf-8")
    application = build(config.load(file))
    yield application
    application.close()


def asked(application, body, authorization):
    """Ask; return the status, and a weak reference to the request."""
    asking = request(body, authorization)
    admission = completed(application.router.admit(asking))
    response = admission if isinstance(admission, Response) else completed(admission.handle(asking))
    return response.status, weakref.ref(asking)


@pytest.mark.parametrize(
    ("body", "authorization", "status"),
    [
        (say_name(), AUTHORIZATION, 200),
        (incoming_call(), AUTHORIZATION, 200),
        (envelope('<SayName xmlns="http://VATS"><number> 8923</number></SayName>'), AUTHORIZATION, 200),
        (say_name(), "Basic eDp5", 401),
        ("<not xml", AUTHORIZATION, 500),
        ("", AUTHORIZATION, 500),
        (envelope('<Nothing xmlns="http://VATS"/>'), AUTHORIZATION, 500),
        (envelope('<SayName xmlns="http://VATS"><Key>1</Key></SayName>'), AUTHORIZATION, 500),
    ],
)
def test_a_request_is_freed_with_its_answer_and_not_by_the_garbage_collector(application, body, authorization, status):
    completed(application.router.admit(request(say_name())))
    gc.disable()
    try:
        answered, reference = asked(application, body, authorization)
        # The thread that verified or wrote may still be about to drop its reference.
        for _ in range(1_000):
            if reference() is None:
                break
            threading.Event().wait(0.01)

        assert (answered, reference()) == (status, None)
    finally:
        gc.enable()
