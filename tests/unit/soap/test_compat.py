"""Spyne imports quietly on every Python we support, whoever imports it, and leaves no hook behind."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "program",
    [
        "import vats1c.soap",
        "import vats1c.app",
        "import vats1c.soap.service",
        "import vats1c.soap, sys; assert not [f for f in sys.meta_path if 'six' in type(f).__module__]",
        "import vats1c.soap, importlib.metadata as m; assert m.version('spyne') == '2.14.0'",
    ],
)
def test_it_imports_in_a_fresh_process_with_warnings_as_errors(program):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], check=False, capture_output=True, text=True, timeout=60
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_spyne_says_nothing_in_any_log():
    import logging

    import vats1c.soap  # noqa: F401

    assert not logging.getLogger("spyne.protocol.soap.soap11.invalid").isEnabledFor(logging.CRITICAL)
