"""Who is made to wait, and for how long at most."""

import threading

from vats1c.staging.fault_injection.delays import DelayPool


def waiting(waits, count):
    threads = [threading.Thread(target=waits.wait, args=(30,), daemon=True) for _ in range(count)]
    for one in threads:
        one.start()
    return threads


def test_no_seconds_are_no_wait():
    DelayPool(0).wait(0)


def test_a_wait_is_over_after_its_time():
    DelayPool().wait(0.01)


def test_the_oldest_is_let_go_when_too_many_wait():
    waits = DelayPool(2)
    (first,) = waiting(waits, 1)
    while not waits._waiting:
        pass
    others = waiting(waits, 2)
    first.join(10)

    assert not first.is_alive()
    assert all(one.is_alive() for one in others)
    waits.close()
    for one in others:
        one.join(10)


def test_after_the_end_nobody_waits():
    waits = DelayPool()
    (one,) = waiting(waits, 1)
    waits.close()
    one.join(10)
    waits.wait(30)

    assert not one.is_alive()
