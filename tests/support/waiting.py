"""Waiting for what comes by itself: for as long as it takes on a busy machine, and not a moment longer."""

import time


def until(found, seconds=30, pause=0.01):
    """Return what `found` gives as soon as it is something; an AssertionError when it is nothing for so long."""
    deadline = time.monotonic() + seconds
    while not (given := found()):
        assert time.monotonic() < deadline, f"nothing came in {seconds} s"
        time.sleep(pause)
    return given
