"""Whoever waits for the journal is woken, may be one of so many, and does not outlast the service."""

import threading

import pytest

from vats1c.journal import ChangeNotifier, TooManyWaitersError


def test_what_is_there_is_not_waited_for():
    assert ChangeNotifier(max_waiters=0).wait_for(lambda: 1, bool, 30) == 1
    assert ChangeNotifier(max_waiters=0).wait_for(lambda: 0, bool, 0) == 0


def test_whoever_waits_looks_again_when_it_rings():
    bell, looks = ChangeNotifier(), []

    def look():
        looks.append(1)
        if len(looks) == 1:
            # Between looking and waiting: it must not be missed.
            bell.notify()
        return len(looks) > 1

    assert bell.wait_for(look, bool, 30) is True
    assert len(looks) == 2


def test_whoever_waits_is_let_go_when_the_service_stops():
    bell, found, waiting = ChangeNotifier(), [], threading.Event()

    def look():
        waiting.set()
        return 0

    thread = threading.Thread(target=lambda: found.append(bell.wait_for(look, bool, 30)))
    thread.start()
    waiting.wait()
    bell.close()
    thread.join()

    assert found == [0]
    assert bell.wait_for(lambda: 0, bool, 30) == 0


def test_so_many_wait_and_no_more():
    bell, waiting = ChangeNotifier(max_waiters=1), threading.Event()

    def look():
        # A second look: its place is taken by then.
        if looks:
            waiting.set()
        looks.append(1)
        bell.notify()
        return len(looks) > 100 and waiting.is_set() and done.is_set()

    looks, done = [], threading.Event()
    thread = threading.Thread(target=lambda: bell.wait_for(look, bool, 30))
    thread.start()
    waiting.wait()
    with pytest.raises(TooManyWaitersError):
        bell.wait_for(lambda: 0, bool, 30)
    done.set()
    thread.join()

    # Whoever is done gives the place back.
    assert bell.wait_for(iter([0, 1]).__next__, bool, 30) == 1
