"""What the tests of several kinds of directory share."""

import threading

import pytest


@pytest.fixture
def end_of_test():
    """An event that is set when the test is over: a source may wait for it, so that it answers nothing before."""
    event = threading.Event()
    yield event
    event.set()
