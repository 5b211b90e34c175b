"""A database directory passes the suite over SQLite, PostgreSQL and MariaDB, and says what is wrong with it."""

import os
import socket
import subprocess
import threading
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from tests.support.live import free_port
from tests.support.servers import answering, binary, serving, unprivileged
from vats1c.directory import DirectoryError
from vats1c.directory.kinds.sql import SqlDirectory
from vats1c.model import Confidence
from vats1c.number import DEFAULT_PLAN, NumberPlan, identify
from vats1c.testing import CALLERS, DirectoryContract

QUERY = "SELECT * FROM clients WHERE number = :number"
WRITTEN = {"+79031112233": "89031112233"}
TITLES = ("number", "name", "company", "category", "manager", "note")


def fill(url):
    """Make the table of CALLERS, numbers as a database would hold them: the ambiguous ones as dialled."""
    engine = sa.create_engine(url)
    table = sa.Table("clients", sa.MetaData(), *(sa.Column(title, sa.String(100)) for title in TITLES))
    with engine.begin() as connection:
        table.drop(connection, checkfirst=True)
        table.create(connection)
        for number, caller in CALLERS:
            canonical = identify(number).canonical
            values = (WRITTEN.get(canonical, canonical), *caller)
            connection.execute(table.insert().values(dict(zip(TITLES, values, strict=True))))
    engine.dispose()
    return url


@pytest.fixture(scope="session")
def postgres(postgres_server):
    return fill(postgres_server("clients"))


@pytest.fixture(scope="session")
def mariadb():
    given = os.environ.get("VATS1C_TEST_MARIADB")
    if given:
        yield fill(given)
        return
    pytest.importorskip("pymysql", reason="pymysql is not installed")
    install, server = binary("mariadb-install-db"), binary("mariadbd", "usr/sbin/mariadbd")
    with unprivileged() as (folder, how):
        data, port = folder / "data", free_port()
        make = [install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal"]
        # Several test processes start servers at once: the kernel's asynchronous input is scarce, and a server that starts
        # removes every temporary table that it finds in a folder shared with others.
        modest = ["--innodb-use-native-aio=OFF", f"--tmpdir={folder}"]
        made = subprocess.run(
            [*make, "--skip-test-db", *modest],
            **{**how, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT},
            text=True,
            check=False,
        )
        assert made.returncode == 0, made.stdout[-3_000:]
        options = [f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder / 's'}", *modest]
        options += ["--skip-name-resolve", "--character-set-server=utf8mb4"]
        with serving([server, "--no-defaults", f"--datadir={data}", *options], port, how):
            url = f"mysql+pymysql://root@127.0.0.1:{port}"
            engine = sa.create_engine(answering(url))
            with engine.connect() as connection:
                connection.execute(sa.text("CREATE DATABASE vats1c"))
            engine.dispose()
            yield fill(f"{url}/vats1c")


@pytest.fixture
def sqlite(tmp_path):
    return fill(f"sqlite:///{tmp_path / 'clients.sqlite'}")


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def url(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def opened():
    """Open directories, all closed at the end."""
    directories = []

    def open_(url, plan=DEFAULT_PLAN, **settings):
        directories.append(SqlDirectory("crm", {"url": url, "timeout": 5, **settings}, plan))
        return directories[-1]

    yield open_
    for directory in directories:
        directory.close()


def execute(url, *statements):
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


class TestQuery(DirectoryContract):
    """The suite over a query."""

    @pytest.fixture
    def directory(self, url, opened):
        return opened(url, query="SELECT * FROM clients WHERE number IN (:number, :national)")


class TestTable(DirectoryContract):
    """The suite over a table whose columns are named as in the CSV."""

    @pytest.fixture
    def directory(self, url, opened):
        return opened(url, table="clients")


class TestColumns(DirectoryContract):
    """The suite over a table whose columns are named one by one."""

    @pytest.fixture
    def directory(self, url, opened):
        return opened(url, table="clients", columns={title: title for title in TITLES})


def name_of(directory, number="89235292926"):
    match = directory.find(identify(number))
    return match.caller.name if match else None


def wrong(url, **settings):
    with pytest.raises(DirectoryError) as caught:
        SqlDirectory("crm", {"url": url, "timeout": 5, **settings}, DEFAULT_PLAN)
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("bind", "stored"),
    [("number", "+79235292926"), ("received", "8 923 5292926"), ("national", "89235292926"), ("last10", "9235292926")],
)
def test_a_query_may_ask_by_any_form_of_the_number(url, opened, bind, stored):
    directory = opened(url, query=f"SELECT name FROM clients WHERE :{bind} = '{stored}' AND number = '+79235292926'")

    assert name_of(directory, "8 923 5292926") == "VIP:Ренессанс Капитал"


def test_a_foreign_number_has_no_national_form_and_is_not_an_error(url, opened):
    directory = opened(url, query="SELECT name FROM clients WHERE number = :national")

    assert name_of(directory, "+375291234567") is None


def test_columns_may_be_named_in_russian_in_any_case(url, opened):
    quote = "`" if "mysql" in url else '"'
    directory = opened(
        url,
        query=f"SELECT name AS {quote}ФИО{quote}, manager AS {quote}МЕНЕДЖЕР{quote} FROM clients WHERE number = :number",
    )

    match = directory.find(identify("89235292926"))
    assert (match.caller.name, match.caller.manager) == ("VIP:Ренессанс Капитал", "244")


def test_null_is_an_empty_field_and_a_figure_is_text(url, opened):
    directory = opened(url, query="SELECT name, NULL AS company, 244 AS manager FROM clients WHERE number = :number")

    caller = directory.find(identify("89235292926")).caller
    assert (caller.company, caller.manager) == ("", "244")


def test_a_row_without_a_name_is_passed_over(url, opened):
    directory = opened(url, query="SELECT NULL AS name FROM clients WHERE number = :number")

    assert name_of(directory) is None


def test_a_number_that_differs_in_its_country_is_not_sure(url, opened):
    tail = "concat('%', :last10)" if "mysql" in url else "'%' || :last10"
    directory = opened(url, query=f"SELECT * FROM clients WHERE number LIKE {tail}")

    match = directory.find(identify("+449235292926"))
    assert (match.confidence, match.caller.manager) == (Confidence.LAST_DIGITS, "")


def test_a_foreign_number_asked_by_its_last_digits_alone_is_not_sure(sqlite, opened):
    directory = opened(sqlite, query="SELECT name, manager FROM clients WHERE number = '+7' || :last10")

    assert directory.find(identify("+449235292926")).confidence is Confidence.LAST_DIGITS
    assert directory.find(identify("89235292926")).confidence is Confidence.EXACT


def test_a_number_whose_town_was_guessed_is_not_sure(sqlite, opened):
    execute(sqlite, "INSERT INTO clients (number, name) VALUES ('+73912746614', 'Сосед')")
    plan = NumberPlan(area_code="391")
    directory = opened(sqlite, plan, table="clients")

    assert directory.find(identify("2746614", plan)).confidence is Confidence.LOCAL


def test_a_table_never_takes_a_foreign_number_for_a_russian_one(sqlite, opened):
    execute(sqlite, "INSERT INTO clients (number, name) VALUES ('5291234567', 'Другой')")
    directory = opened(sqlite, table="clients")

    assert name_of(directory, "+375291234567") == "Ковалёва Янина"


def test_a_directory_cannot_write(url, opened):
    directory = opened(url, query=QUERY)
    with pytest.raises(sa.exc.DBAPIError), directory._engine.connect() as connection:
        connection.execute(sa.text("DELETE FROM clients"))

    assert name_of(directory) == "VIP:Ренессанс Капитал"


def test_a_query_without_a_name_stops_the_start(url):
    error = wrong(url, query="SELECT number FROM clients WHERE number = :number")

    assert (error.key, "name" in str(error)) == ("query", True)


def test_a_query_that_asks_for_something_unknown_stops_the_start(sqlite):
    assert wrong(sqlite, query="SELECT name FROM clients WHERE number = :phone").key == "query"


def test_a_query_that_does_not_ask_for_the_number_stops_the_start(sqlite):
    assert wrong(sqlite, query="SELECT name FROM clients").key == "query"


def test_a_query_that_the_database_does_not_understand_stops_the_start(url):
    assert wrong(url, query="SELEKT name FROM clients WHERE number = :number").key == "query"


def test_a_column_that_is_not_there_stops_the_start(url):
    assert wrong(url, query="SELECT naame FROM clients WHERE number = :number").key == "query"
    assert wrong(url, table="clients", columns={"number": "Телефон", "name": "name"}).key == "table"


def test_a_table_that_is_not_there_stops_the_start(url):
    assert wrong(url, table="nobody").key == "table"
    assert wrong(url, query="SELECT name FROM nobody WHERE number = :number").key == "query"


def test_a_sqlite_file_that_is_not_there_stops_the_start_and_is_not_made(tmp_path):
    file = tmp_path / "none.sqlite"

    assert wrong(f"sqlite:///{file}", query=QUERY).key == "url"
    assert not file.exists()


def test_a_file_that_is_no_database_stops_the_start(tmp_path):
    (tmp_path / "letter.txt").write_text("Dear customer, " * 100)

    assert wrong(f"sqlite:///{tmp_path / 'letter.txt'}", query=QUERY).key == "query"


@pytest.mark.parametrize(
    "url", ["", "clients", "postgresql://u:sesame@host:port/db", "nonesuch://u:sesame@host/db", "sqlite://"]
)
def test_a_bad_url_stops_the_start_and_its_password_is_not_said(url):
    error = wrong(url, query=QUERY)

    assert (error.key, "sesame" in str(error)) == ("url", False)


def test_a_missing_driver_stops_the_start_and_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pymysql", None)
    error = wrong("mysql://u:sesame@host/db", query=QUERY)

    assert (error.key, "pymysql" in str(error)) == ("url", True)


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"query": QUERY, "table": "clients"}, "query"),
        ({}, "query"),
        ({"query": QUERY, "querry": "x"}, "querry"),
        ({"query": 7}, "query"),
        ({"query": QUERY, "timeout": 0}, "timeout"),
        ({"query": QUERY, "timeout": "fast"}, "timeout"),
        ({"table": "clients", "columns": {"number": "number"}}, "columns"),
        ({"table": "clients", "columns": {"number": "number", "name": "name", "age": "age"}}, "columns"),
        ({"table": "clients", "columns": ["number", "name"]}, "columns"),
    ],
)
def test_settings_that_cannot_be_used_are_named(sqlite, settings, key):
    assert wrong(sqlite, **settings).key == key


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_a_server_that_is_away_does_not_stop_the_start_and_says_no_password(scheme, opened):
    directory = opened(f"{scheme}://someone:sesame@127.0.0.1:{free_port()}/crm", query=QUERY, timeout=1)
    assert not directory.state().ready

    with pytest.raises(DirectoryError) as caught:
        directory.find(identify("89235292926"))
    assert "\n" not in str(caught.value)
    assert "sesame" not in str(caught.value)


def test_a_server_that_comes_is_asked_again(postgres, opened, monkeypatch):
    away = sa.make_url(postgres).set(port=free_port())
    directory = opened(away.render_as_string(hide_password=False), query=QUERY)
    assert not directory.state().ready
    here = sa.make_url(postgres)
    with forwarding(away.port, here.port):
        assert name_of(directory) == "VIP:Ренессанс Капитал"
        assert directory.state().ready
        directory.close()


@contextmanager
def forwarding(port, to):
    """Pass one connection at `port` on to the server at `to`."""
    with socket.create_server(("127.0.0.1", port)) as listening:

        def pump(source, sink):
            with source, sink:
                try:
                    while data := source.recv(65536):
                        sink.sendall(data)
                    sink.shutdown(socket.SHUT_WR)
                except OSError:
                    pass

        def accept():
            client, _ = listening.accept()
            server = socket.create_connection(("127.0.0.1", to))
            back = threading.Thread(target=pump, args=(server.dup(), client.dup()))
            back.start()
            pump(client, server)
            back.join()

        thread = threading.Thread(target=accept)
        thread.start()
        yield
        thread.join(10)


@pytest.mark.parametrize("url", ["postgres", "mariadb"], indirect=True)
def test_connections_that_the_server_dropped_are_replaced(url, opened):
    directory = opened(url, query=QUERY)
    if "postgres" in url:
        execute(
            url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
        )
    else:
        engine = sa.create_engine(url)
        with engine.connect() as connection:
            own = connection.exec_driver_sql("SELECT connection_id()").scalar()
            for (other,) in connection.exec_driver_sql(
                "SELECT id FROM information_schema.processlist WHERE command = 'Sleep'"
            ).all():
                if other != own:
                    connection.exec_driver_sql(f"KILL {other}")
        engine.dispose()

    assert name_of(directory) == "VIP:Ренессанс Капитал"


@pytest.mark.parametrize(
    ("url", "sleep"), [("postgres", "pg_sleep(60)::text"), ("mariadb", "sleep(60)")], indirect=["url"]
)
def test_a_statement_that_takes_too_long_is_given_up_and_does_not_stop_the_start(url, sleep, opened):
    directory = opened(url, query=f"SELECT {sleep} AS name, :number AS number", timeout=0.3)

    # Waited for, it would have answered.
    assert not directory.state().ready


def test_a_locked_file_does_not_stop_the_start(sqlite, opened):
    engine = sa.create_engine(sqlite, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN EXCLUSIVE")
        directory = opened(sqlite, query=QUERY, timeout=0.1)
        assert not directory.state().ready
        connection.exec_driver_sql("ROLLBACK")
    engine.dispose()

    assert name_of(directory) == "VIP:Ренессанс Капитал"
    assert directory.state().ready


def test_an_error_does_not_say_the_number(postgres, opened):
    broken = "CASE WHEN :last10 = '0000000000' THEN '' ELSE CAST(CAST(CAST(:number AS text) AS date) AS text) END"
    directory = opened(postgres, query=f"SELECT {broken} AS name")
    with pytest.raises(DirectoryError) as caught:
        directory.find(identify("89235292926"))

    assert "9235292926" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not directory.state().ready
