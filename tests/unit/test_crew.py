"""Requests in line: carried out in their order, counted while they wait, never stuck behind one that is slow."""

import threading

import pytest
import structlog

from vats1c.server.pool import WorkerPool
from waiting import until


class Work:
    """Takes the requests; each named "slow" waits until it is let go."""

    def __init__(self):
        self.done = []
        self.begun = threading.Semaphore(0)
        self.remove_publication = threading.Event()

    def __call__(self, request):
        self.begun.release()
        if request == "slow":
            assert self.remove_publication.wait(60)
        if request == "broken":
            raise ValueError(request)
        self.done.append(request)


@pytest.fixture
def work():
    made = Work()
    yield made
    made.remove_publication.set()


def begun(work, count):
    for _ in range(count):
        assert work.begun.acquire(timeout=60)


def finished(work, count):
    """Wait until `count` requests are done."""
    until(lambda: len(work.done) >= count)


def test_what_comes_first_is_done_first_by_one_thread(work):
    crew = WorkerPool(work, 1)

    for number in range(100):
        crew.submit(number)
    finished(work, 100)

    assert work.done == list(range(100))


def test_a_slow_request_holds_up_no_other(work):
    crew = WorkerPool(work, 10)

    for request in ("slow", 1, "slow", 2, 3):
        crew.submit(request)
    begun(work, 5)
    finished(work, 3)

    assert sorted(work.done) == [1, 2, 3]


def test_those_are_counted_who_wait_for_a_thread(work):
    crew = WorkerPool(work, 2)
    for _ in range(2):
        crew.submit("slow")
    begun(work, 2)

    for number in range(3):
        assert crew.queued == number
        crew.submit(number)

    assert crew.queued == 3
    work.remove_publication.set()
    finished(work, 5)
    assert crew.queued == 0


def test_a_defect_in_one_request_leaves_the_others(work):
    crew = WorkerPool(work, 1)

    with structlog.testing.capture_logs() as logs:
        crew.submit("broken")
        crew.submit(1)
        finished(work, 1)

    assert [(line["event"], line["log_level"]) for line in logs] == [("request_failed", "error")]
