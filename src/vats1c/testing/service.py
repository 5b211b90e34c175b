"""A service for a test run: a child process on a free port. The process ends with the run, even if the run crashes.

Run as a module, this file is the child process: it serves the settings file in its first argument until its standard
input closes.
"""

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

_START_TIMEOUT_S = 30.0
_MAX_ATTEMPTS = 3
_SETTINGS = """\
listen = "127.0.0.1:{port}"
data = "."
trusted_hosts = ["*"]

[[users]]
name = "SOAP"
password = "123"

[staging]
enabled = true
token = "{token}"
publications = 10000
"""


class NotStartedError(Exception):
    """The service did not start; the text is the output of its process."""


class ServiceProcess:
    """A child process with the service and its staging bench; `url` is its address, `token` the bench's token."""

    def __init__(self) -> None:
        """Start the process and wait until the service answers. Raises NotStartedError."""
        self.token = secrets.token_urlsafe(24)
        self._folder = tempfile.TemporaryDirectory(prefix="vats1c-test-")
        printed = ""
        # Another process may take the free port before the service listens on it.
        for _ in range(_MAX_ATTEMPTS):
            port = _free_port()
            self.url = f"http://127.0.0.1:{port}"
            self._start(port)
            if self._is_ready():
                return
            printed = self.stop_process()
        self._folder.cleanup()
        raise NotStartedError(printed)

    def stop(self) -> None:
        """End the process and delete its folder."""
        self.stop_process()
        self._folder.cleanup()

    def stop_process(self) -> str:
        """End the process and return its output."""
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        return (Path(self._folder.name) / "printed.log").read_text(encoding="utf-8", errors="replace")

    def _start(self, port: int) -> None:
        folder = Path(self._folder.name)
        file = folder / "vats1c.toml"
        file.write_text(_SETTINGS.format(port=port, token=self.token), encoding="utf-8")
        # Variables of a real service on this machine must not change the settings.
        env = {name: value for name, value in os.environ.items() if not name.upper().startswith("VATS1C_")}
        with (folder / "printed.log").open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", "vats1c.testing.service", str(file)],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=env,
            )

    def _is_ready(self) -> bool:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        # The token distinguishes this service from another vats1c that may have taken the port.
        request = urllib.request.Request(  # noqa: S310 - our own address
            f"{self.url}/api/v1/exchanges?limit=1", headers={"Authorization": f"Bearer {self.token}"}
        )
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                with opener.open(request, timeout=5):
                    return True
            except (OSError, urllib.error.URLError):
                time.sleep(0.02)
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _serve(file: Path) -> None:
    from vats1c.cli.running import run  # noqa: PLC0415 - only the child process needs it
    from vats1c.cli.settings import load  # noqa: PLC0415 - likewise

    def end_with_the_test_run() -> None:
        sys.stdin.buffer.read()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=end_with_the_test_run, daemon=True).start()
    run(load(file))


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
