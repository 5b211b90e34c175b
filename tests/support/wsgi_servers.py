"""The WSGI servers of docs/operations.md, started by the commands of that page."""

import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs/operations.md"
ADDRESS = "127.0.0.1:8080"


def commands():
    """Return the page's commands by the name of the server."""
    section = re.search(
        r"^## Under another WSGI server\n(.*?)(?=^## )", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )[1]
    (block,) = re.findall(r"^```sh\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
    lines = [shlex.split(line) for line in block.replace("\\\n", " ").splitlines()]
    return {line[0]: line for line in lines}


def command(server, *further):
    """Return what gives the command of `server` for a port, in this environment."""
    program, *arguments = commands()[server]
    assert any(ADDRESS in one for one in arguments)

    def at(port):
        if not shutil.which(found := Path(sys.executable).with_name(program)):
            pytest.skip(f"{program} is not installed")
        given = [one.replace(ADDRESS, f"127.0.0.1:{port}") for one in arguments]
        return [str(found), *given[:-1], *further, given[-1]]

    return at
