"""Calls in play are stopped at any time: nothing is sent after that, and nothing stays behind."""

import threading

import pytest

from tests.support.live import free_port
from vats1c.simulator.address import address
from vats1c.simulator.load import LoadRunner, at_rate
from vats1c.simulator.pbx_client import Target

LINES = 4


@pytest.mark.parametrize("opened", range(LINES))
def test_an_interrupt_while_the_lines_are_opened_leaves_them_to_be_closed(monkeypatch, opened):
    line = Target(address(f"http://127.0.0.1:{free_port()}"), timeout=1)
    heard, begun, start = [], [], threading.Thread.start

    def interrupted(thread):
        if len(begun) == opened:
            raise KeyboardInterrupt
        begun.append(thread)
        start(thread)

    playing = LoadRunner(line, at_rate("89235292926", (), 1_000, 20), LINES, heard.append)
    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        playing.play()
    playing.close()

    assert not [thread for thread in begun if thread.is_alive()]
    assert len(begun) == opened
    assert len(heard) < 1_000
