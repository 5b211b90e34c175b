"""Database servers of one's own, started for the tests as nobody and gone with them."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.live import free_port


def binary(name, *folders):
    """Return where a server's program is: on PATH, else where Debian puts it."""
    found = shutil.which(name) or next((str(path) for folder in folders for path in Path("/").glob(folder)), None)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@contextmanager
def unprivileged():
    """Give a folder and what makes a server run there as nobody, which servers demand of root."""
    folder = Path(tempfile.mkdtemp(prefix="vats1c-db-"))
    user = {"user": "nobody", "extra_groups": []} if os.geteuid() == 0 else {}
    if user:
        shutil.chown(folder, "nobody")
    try:
        yield folder, {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **user}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def serving(command, port, how):
    process = subprocess.Popen(command, **how)
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, f"{command[0]} ended"
            time.sleep(0.1)
        yield
    finally:
        # PostgreSQL's fast way: by SIGTERM it would wait for its clients.
        process.send_signal(signal.SIGINT if "postgres" in str(command[0]) else signal.SIGTERM)
        process.wait(30)


def answering(url):
    """Return the URL once its server takes questions: an open port is not enough while it starts."""
    engine = sa.create_engine(url)
    for last in [False] * 100 + [True]:
        try:
            engine.connect().close()
            break
        except sa.exc.OperationalError:
            if last:
                raise
            time.sleep(0.1)
    engine.dispose()
    return url


@contextmanager
def postgresql():
    """Give the URL of a PostgreSQL server's first database."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    initdb, server = (binary(name, f"usr/lib/postgresql/*/bin/{name}") for name in ("initdb", "postgres"))
    with unprivileged() as (folder, how):
        data, port = folder / "data", free_port()
        make = [initdb, "-D", data, "-U", "vats1c", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run(make, check=True, **how)
        options = ["-p", str(port), "-c", "listen_addresses=127.0.0.1", "-k", folder, "-c", "fsync=off"]
        with serving([server, "-D", data, *options], port, how):
            yield answering(f"postgresql+psycopg://vats1c:sesame@127.0.0.1:{port}/postgres")
