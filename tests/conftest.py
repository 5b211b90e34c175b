"""Fixtures: a running service on a port of its own, and the vendor's examples."""

import json
import os
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.live import Live, free_port
from tests.support.office import SOAP_USER
from tests.support.servers import postgresql


@pytest.fixture(scope="session")
def callers(tmp_path_factory):
    """A directory file with the vendor's caller and a few awkward names."""
    path = tmp_path_factory.mktemp("callers") / "callers.csv"
    path.write_text(
        "number;name;company;category;manager\n"
        "8 (923) 529-29-26;VIP:Ренессанс Капитал;Ренессанс Капитал;0;244\n"
        '+7 495 777-12-34;"Рога & Копыта <ООО> ""Юг""";;1;245\n'
        "+7 913 500-44-55;Ёлкина\x0bАлёна;;;\n",
        encoding="utf-8",
    )
    return path


@pytest.fixture(scope="session")
def start(callers, tmp_path_factory):
    """Start services with settings of one's own; all are stopped at the end."""
    running = []

    def started(*, extra="", users=SOAP_USER, arguments=(), env=None, wait=True, command=None):
        folder = tmp_path_factory.mktemp("service")
        port = free_port()
        file = folder / "vats1c.toml"
        file.write_text(
            f'listen = "127.0.0.1:{port}"\ndata = "data"\n{extra}\n{users}\n'
            f'[[directories]]\nname = "crm"\ntype = "csv"\npath = {json.dumps(str(callers))}\n',
            encoding="utf-8",
        )
        live = Live(port, file, arguments, {**os.environ, **(env or {})}, command)
        running.append(live)
        if wait:
            live.wait_until_ready()
        return live

    yield started
    for live in running:
        live.kill()


@pytest.fixture(scope="session")
def live(start):
    """One service for every test that does not change it."""
    return start()


@pytest.fixture(scope="session")
def shared():
    """The folder of shared material beside the checkout; tests that need it are skipped elsewhere."""
    folder = Path(os.environ.get("VATS1C_TEST_SHARED", Path(__file__).resolve().parents[2] / "shared"))
    if not folder.is_dir():
        pytest.skip("the shared folder is not beside the checkout")
    return folder


@pytest.fixture(scope="session")
def postgres_server():
    """Return what gives the URL of a fresh database, by name, of a real PostgreSQL server."""
    with postgresql() as url:

        def fresh(name):
            engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
                connection.execute(sa.text(f"CREATE DATABASE {name}"))
            engine.dispose()
            return url.rpartition("/")[0] + f"/{name}"

        yield fresh
