"""What starting the service loads, and what it does without."""

import subprocess
import sys


def test_the_log_does_without_rich_and_who_asks_for_rich_later_gets_it():
    code = (
        "import sys; from vats1c.cli.running import configure_log; configure_log('info', 'text'); "
        "assert 'structlog' in sys.modules and 'rich' not in sys.modules; import rich"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr
