"""Work of a pool: carried out in its order, bounded, never stuck behind a call that is slow."""

import threading

import pytest

from vats1c.worker_pool import QueueFullError, WorkerPool


@pytest.fixture
def gate():
    """An event that slow work waits for; set at the end."""
    event = threading.Event()
    yield event
    event.set()


def test_work_is_done_in_the_order_of_its_submission():
    pool, done = WorkerPool("work", 1, 1_000), []

    futures = [pool.submit(done.append, number) for number in range(100)]
    for future in futures:
        future.result(timeout=60)

    assert done == list(range(100))


def test_a_slow_call_holds_up_no_other(gate):
    pool = WorkerPool("work", 10, 10)

    slow = [pool.submit(gate.wait, 60) for _ in range(4)]
    results = [pool.submit(pow, number, 2).result(timeout=60) for number in range(3)]

    assert results == [0, 1, 4]
    assert not any(future.done() for future in slow)


def test_an_exception_belongs_to_its_future_and_leaves_the_others():
    pool = WorkerPool("work", 1, 10)

    failed, right = pool.submit(int, "x"), pool.submit(int, "1")

    assert isinstance(failed.exception(timeout=60), ValueError)
    assert right.result(timeout=60) == 1


def test_work_beyond_the_queue_is_refused_until_there_is_room(gate):
    pool, begun = WorkerPool("work", 2, 3), threading.Semaphore(0)

    def slow():
        begun.release()
        return gate.wait(60)

    taken = [pool.submit(slow) for _ in range(2)]
    for _ in range(2):
        assert begun.acquire(timeout=60)
    taken += [pool.submit(slow) for _ in range(3)]
    with pytest.raises(QueueFullError):
        pool.submit(slow)

    gate.set()
    assert [future.result(timeout=60) for future in taken] == [True] * 5
    assert pool.submit(slow).result(timeout=60)


def test_threads_that_are_idle_end(monkeypatch):
    monkeypatch.setattr("vats1c.worker_pool._MAX_IDLE_S", 0.01)
    pool = WorkerPool("idle-work", 4, 10)
    pool.submit(int).result(timeout=60)
    for thread in [thread for thread in threading.enumerate() if thread.name == "idle-work"]:
        thread.join(60)
        assert not thread.is_alive()

    assert pool.submit(int, "7").result(timeout=60) == 7
