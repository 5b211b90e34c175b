"""The database's tables are the same however they came to be, and nothing in them is lost on the way."""

import sqlite3
import threading
from contextlib import closing

import pytest
import sqlalchemy as sa

from vats1c.database import SCHEMA_VERSION, Database, DatabaseError, enable_wal
from vats1c.database.schema import metadata
from vats1c.journal import Reader

FIRST = """
CREATE TABLE calls (id INTEGER PRIMARY KEY AUTOINCREMENT, publication VARCHAR(63) NOT NULL, at DATETIME NOT NULL,
 received VARCHAR(64) NOT NULL, number VARCHAR(16), "key" VARCHAR(128) NOT NULL, caller TEXT NOT NULL);
INSERT INTO calls VALUES (7, 'telephony', '2026-11-20 10:00:00.000000', '89235292926', '+79235292926', 'k1', 'Иванов');
INSERT INTO calls VALUES (9, 'telephony', '2026-11-20 11:00:00.000000', '', NULL, 'k2', '');
"""


def differences(database):
    """Return what alembic finds to differ between the tables there are and those there should be."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with database.reading() as connection:
        return compare_metadata(MigrationContext.configure(connection), metadata)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "postgresql":
        return request.getfixturevalue("postgres_server")("tables")
    return f"sqlite:///{tmp_path / 'journal.sqlite'}"


@pytest.fixture
def database(url):
    opened = Database(url)
    yield opened
    opened.close()


def test_a_new_database_has_the_tables_there_should_be(database):
    assert database.upgrade() is None
    assert differences(database) == []
    assert database.upgrade() == SCHEMA_VERSION


def test_the_first_version_is_brought_to_this_one_step_by_step_with_what_was_in_it(database):
    statements = FIRST
    if not database.embedded:
        statements = statements.replace("INTEGER PRIMARY KEY AUTOINCREMENT", "SERIAL PRIMARY KEY")
        statements = statements.replace("DATETIME", "TIMESTAMP WITH TIME ZONE").replace(".000000'", "+00'")
    with database.engine.begin() as connection:
        for statement in statements.strip().split(";")[:-1]:
            connection.execute(sa.text(statement))
    database.upgrade()
    database.prepare()
    journal = Reader(database)

    assert differences(database) == []
    known, hidden = journal.recent(10)
    assert (known.id, known.number, known.caller.name, known.rings[0].key) == (7, "+79235292926", "Иванов", "k1")
    assert known.at.isoformat() == "2026-11-20T10:00:00+00:00"
    assert (hidden.id, hidden.number, hidden.caller) == (9, None, None)
    assert [(one.id, one.key) for one in journal.recorded_calls(10)] == [(7, "k1"), (9, "k2")]
    assert journal.cursor() == 9
    with database.writing() as connection:
        after = connection.execute(
            sa.text(
                "INSERT INTO exchanges (publication, at, operation, outcome, status, soap, namespace, address, received,"
                " key, caller, directory, elapsed) VALUES ('t', '2026-11-23 00:00:00', '', '', 200, '', '', '', '', '',"
                " '', '', 0) RETURNING id"
            )
        ).scalar()
    assert after == 10


def test_a_server_s_database_is_brought_to_this_version_by_command_alone(postgres_server):
    database = Database(postgres_server("fresh"))
    with pytest.raises(DatabaseError, match="vats1c journal upgrade"):
        database.prepare()
    database.upgrade()
    database.prepare()
    database.close()


def test_two_processes_may_start_at_once_on_a_new_file(tmp_path):
    failed = []

    def start():
        database = Database(f"sqlite:///{tmp_path / 'journal.sqlite'}")
        try:
            database.prepare()
        except DatabaseError as error:
            failed.append(error)
        database.close()

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []


@pytest.fixture
def held(tmp_path):
    """A file without a log, and another process's connection that is about to write to it."""
    file = tmp_path / "new.sqlite"
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
        other.execute("CREATE TABLE calls (id)")
        # SQLite refuses to turn such a file at once, without the patience it was told to have.
        other.execute("BEGIN IMMEDIATE")
        yield file, other


def test_a_file_that_another_process_writes_is_turned_to_a_log_once_it_is_free(held):
    file, other = held
    threading.Timer(0.2, other.commit).start()
    with closing(sqlite3.connect(file)) as connection:
        enable_wal(connection)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_file_that_another_process_does_not_let_go_of_is_given_up(held, monkeypatch):
    monkeypatch.setattr("vats1c.database.embedded._LOCK_TIMEOUT_S", 0.05)
    with closing(sqlite3.connect(held[0])) as connection, pytest.raises(sqlite3.OperationalError, match="locked"):
        enable_wal(connection)


def test_a_later_version_s_file_is_left_alone(tmp_path):
    file = tmp_path / "journal.sqlite"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        connection.execute("INSERT INTO alembic_version VALUES ('9999')")
    connection.close()
    before = file.read_bytes()
    database = Database(f"sqlite:///{file}")
    with pytest.raises(DatabaseError, match="9999"):
        database.prepare()
    database.close()

    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("alembic_version",)]
    connection.close()
    assert before[:16] == file.read_bytes()[:16]


@pytest.mark.parametrize("url", ["sqlite:////proc/nowhere/journal.sqlite", "nonsense", "oracle+nothing://u:secret@h/d"])
def test_a_database_that_cannot_be_opened_is_one_sentence_without_the_password(url):
    with pytest.raises(DatabaseError) as error:
        Database(url).prepare()

    assert "secret" not in str(error.value)
    assert "\n" not in str(error.value)
