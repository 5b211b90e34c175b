"""A call pops up in the windows of those it is for, and no window holds anybody up."""

from datetime import UTC, datetime

import pytest

from tests.support.waiting import until
from vats1c.model import Call, Ring
from vats1c.push import windows as module
from vats1c.push.windows import QueueListener, TooManyWindowsError, WindowRegistry

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def call(*keys, publication="telephony"):
    rings = tuple(Ring(key, NOON, NOON) for key in keys)
    return Call(1, 1, publication, NOON, NOON, "8", "+7", "external", None, None, 1, rings)


def test_a_call_pops_up_in_the_windows_of_its_keys_and_of_who_sees_all():
    screens = WindowRegistry(10)
    mine, both, everything, other, elsewhere = (
        screens.open("telephony", ["anna"], QueueListener()),
        screens.open("telephony", ["anna", "ilya"], QueueListener()),
        screens.open("telephony", None, QueueListener()),
        screens.open("telephony", ["vera"], QueueListener()),
        screens.open("sales", ["anna"], QueueListener()),
    )
    screens.notify([call("anna", "ilya")])

    assert [window.next(0) is not None for window in (mine, both, everything, other, elsewhere)] == [
        True,
        True,
        True,
        False,
        False,
    ]
    assert both.next(0) is None, "once, although two of its keys ring"


def test_a_window_that_is_closed_is_forgotten():
    screens = WindowRegistry(1)
    window = screens.open("telephony", ["anna"], QueueListener())
    with pytest.raises(TooManyWindowsError):
        screens.open("telephony", ["anna"], QueueListener())
    screens.close(window)
    screens.close(window)

    assert len(screens) == 0
    screens.notify([call("anna")])
    assert window.next(0) is None
    screens.open("telephony", ["anna"], QueueListener())


def test_a_window_that_shows_nothing_for_long_is_taken_for_gone():
    screens = WindowRegistry(1)
    window = screens.open("telephony", None, QueueListener())
    screens.notify([call("anna")] * 1_001)

    assert window.closing


class Noting:
    """A window that notes what it is told; a broken one fails."""

    def __init__(self, session="", *, broken=False):
        self.session = session
        self.broken = broken
        self.shown = self.beats = self.verified = 0

    def show(self, call):
        if self.broken:
            raise ValueError(call)
        self.shown += 1

    def beat(self):
        if self.broken:
            raise ValueError
        self.beats += 1

    def verify(self):
        if self.broken:
            raise ValueError
        self.verified += 1

    def close(self):
        pass


def test_every_window_has_its_heartbeats_and_a_defect_in_one_leaves_the_others(monkeypatch):
    monkeypatch.setattr(module, "HEARTBEAT_S", 0.02)
    monkeypatch.setattr(module, "_TICK_S", 0.01)
    screens = WindowRegistry(2)
    screens.open("telephony", None, Noting(broken=True))
    well = screens.open("telephony", None, Noting())
    until(lambda: well.beats >= 3 and well.verified >= 3)
    screens.close_all()
    screens.notify([call("anna")] * 2)

    assert well.shown == 2


def test_when_the_service_stops_every_window_closes_and_none_opens():
    screens = WindowRegistry(2)
    windows = [screens.open("telephony", None, QueueListener()), screens.open("telephony", ["anna"], QueueListener())]
    screens.close_all()

    assert all(window.next(5) is None and window.closing for window in windows)
    with pytest.raises(TooManyWindowsError):
        screens.open("telephony", None, QueueListener())


def test_a_verification_that_hangs_keeps_no_window_from_its_heartbeats(monkeypatch):
    monkeypatch.setattr(module, "HEARTBEAT_S", 0.02)
    monkeypatch.setattr(module, "_TICK_S", 0.01)
    hanging = []
    screens = WindowRegistry(1, hanging.append)
    window = screens.open("telephony", None, Noting())
    until(lambda: window.beats >= 3)

    # One verification is under way, and no other begins before it ends.
    assert (len(hanging), window.verified) == (1, 0)
    hanging.pop()()
    assert window.verified == 1
    until(lambda: hanging)
    screens.close_all()


def test_the_windows_of_a_session_that_ended_are_verified_and_no_others():
    screens = WindowRegistry(2)
    ended, other = screens.open("telephony", None, Noting("one")), screens.open("telephony", None, Noting("two"))
    screens.verify_session("one")

    assert (ended.verified, other.verified) == (1, 0)
