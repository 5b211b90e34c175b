"""Somebody who waits sees how far it is; somebody who reads a file of output does not."""

import json
import os
import pty
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminal on Windows")


@pytest.fixture
def settings(tmp_path):
    callers = tmp_path / "callers.csv"
    rows = "".join(f"8{9_000_000_000 + number},Абонент {number}\n" for number in range(30_000))
    callers.write_text("number,name\n" + rows, encoding="utf-8")
    path = tmp_path / "vats1c.toml"
    path.write_text(
        '[[users]]\nname = "SOAP"\npassword = "123"\n'
        f'[[directories]]\nname = "clients"\ntype = "csv"\npath = {json.dumps(str(callers))}\n',
        encoding="utf-8",
    )
    return path


def errors_of(settings, on_terminal):
    """Return what `vats1c check` writes to standard error."""
    return errors("check", "-c", settings, on_terminal=on_terminal)


def errors(*arguments, on_terminal):
    """Return what a command writes to standard error."""
    leader, follower = pty.openpty() if on_terminal else os.pipe()
    command = [sys.executable, "-m", "vats1c", *arguments]
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=follower, env=env) as running:
        os.close(follower)
        said = b""
        while running.poll() is None or not on_terminal:
            try:
                piece = os.read(leader, 65_536)
            except OSError:  # the terminal's other end is gone
                break
            if not piece:
                break
            said += piece
    os.close(leader)
    return said.decode()


def test_a_terminal_shows_how_many_rows_of_which_directory_are_read(settings):
    said = errors_of(settings, on_terminal=True)

    assert "clients" in said
    assert "0,000" in said


def test_a_file_of_output_holds_none_of_it(settings):
    assert errors_of(settings, on_terminal=False) == ""


def test_many_calls_show_on_a_terminal_how_many_are_answered(live):
    arguments = ("call", live.url, "--number", "1", "--count", "30", "--rate", "30")

    assert "/30" in errors(*arguments, on_terminal=True)
    assert errors(*arguments, on_terminal=False) == ""
