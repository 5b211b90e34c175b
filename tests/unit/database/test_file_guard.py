"""A database whose files are removed, replaced or cut short is opened again, and nothing is committed into nothing."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from queue import Queue

import pytest
import sqlalchemy as sa

from vats1c.database import Database, DatabaseError, FilesGoneError
from vats1c.database.file_guard import FileGuard
from vats1c.database.locks import locked
from vats1c.database.schema import calls, counters, sessions, subscribers
from vats1c.journal import ExchangeFilter, ExchangeSearch, Journal, JournalError, Retention
from vats1c.journal.rings import record_rings
from vats1c.model import Caller, Confidence, Exchange, Ringing

FILE = "journal.sqlite"
LATER = datetime.now(UTC) + timedelta(hours=1)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def opened(folder):
    """Return what opens the database once more, as another process would."""
    databases = []

    def one():
        databases.append(Database(f"sqlite:///{folder / FILE}"))
        databases[-1].prepare()
        return databases[-1]

    yield one
    for database in databases:
        database.close()


@pytest.fixture
def database(opened):
    return opened()


@pytest.fixture
def at_once(monkeypatch):
    """A file that was removed is made anew without waiting for one that may be put there."""
    monkeypatch.setattr("vats1c.database.file_guard._SETTLE_S", 0)


def put(database, key):
    row = {"publication": "t", "key": key, "name": "", "extension": "", "login": "", "password_hash": ""}
    with database.writing() as connection:
        connection.execute(sa.insert(subscribers), row)


def keys(database):
    with database.reading() as connection:
        return sorted(connection.execute(sa.select(subscribers.c.key)).scalars())


def keys_in(path):
    """Return what a restart would read, in a copy of the files."""
    copy = path.parent / "restart"
    copy.mkdir(exist_ok=True)
    for suffix in ("", "-wal"):
        if (source := path.with_name(path.name + suffix)).exists():
            shutil.copy(source, copy / f"copy{suffix}")
    with closing(sqlite3.connect(copy / "copy")) as connection:
        found = sorted(row[0] for row in connection.execute("SELECT key FROM subscribers"))
    shutil.rmtree(copy)
    return found


def remove(folder, *suffixes):
    for suffix in suffixes:
        (folder / f"{FILE}{suffix}").unlink()


def fill(database, rows=300):
    """Write as many rows in all, and have them in the file itself."""
    for number in range(len(keys(database)), rows):
        put(database, f"{number:03}" + "k" * 100)
    database.empty_log()


@pytest.mark.parametrize("suffixes", [("",), ("", "-wal", "-shm")])
def test_a_removed_file_is_a_refusal_until_another_may_be_made(database, folder, monkeypatch, suffixes):
    put(database, "before")
    remove(folder, *suffixes)

    for _ in range(2):
        with pytest.raises(FilesGoneError, match="removed"):
            put(database, "during")
    assert not database.is_readable()
    assert not (folder / FILE).exists()
    monkeypatch.setattr("vats1c.database.file_guard._SETTLE_S", 0)
    put(database, "after")
    # Subscribers are not calls: who works here is not forgotten with the journal.
    assert keys(database) == keys_in(folder / FILE) == ["after", "before"]
    assert database.is_readable()


def test_reading_makes_no_file(database, folder, at_once):
    remove(folder, "")

    with pytest.raises(FilesGoneError):
        keys(database)
    with pytest.raises(FilesGoneError):
        database.changes()
    assert not (folder / FILE).exists()


def test_a_moved_file_has_all_that_was_in_its_log(database, folder, at_once):
    put(database, "before")
    (folder / FILE).rename(folder / "moved.sqlite")
    put(database, "after")

    assert keys_in(folder / "moved.sqlite") == ["before"]
    assert keys_in(folder / FILE) == ["after", "before"]


def test_a_removed_folder_is_made_again(database, folder, at_once):
    shutil.rmtree(folder)
    put(database, "after")

    assert keys_in(folder / FILE) == ["after"]


def test_no_file_is_made_where_another_volume_is_missing(database, folder, at_once):
    remove(folder, "")
    database._guard._device += 1

    with pytest.raises(FilesGoneError, match="not mounted"):
        put(database, "after")
    assert not (folder / FILE).exists()


def test_a_file_put_in_its_place_is_opened_without_the_log_of_the_one_before(database, folder, tmp_path):
    backup = tmp_path / "backup.sqlite"
    put(database, "in the backup")
    with closing(sqlite3.connect(folder / FILE)) as source, closing(sqlite3.connect(backup)) as made:
        source.backup(made)
    put(database, "before")
    backup.replace(folder / FILE)
    put(database, "after")

    assert keys(database) == keys_in(folder / FILE) == ["after", "in the backup"]
    with database.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def test_a_file_put_in_its_place_comes_with_a_log_of_its_own(database, folder, tmp_path):
    with closing(sqlite3.connect(tmp_path / "other.sqlite")) as other:
        with closing(sqlite3.connect(folder / FILE)) as source:
            source.backup(other)
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("INSERT INTO subscribers VALUES ('t', 'in the log', '', '', '', '')")
        other.commit()
        for suffix in ("", "-wal"):
            shutil.copy(tmp_path / f"other.sqlite{suffix}", tmp_path / f"copy{suffix}")
    remove(folder, "-shm")
    for suffix in ("-wal", ""):
        (tmp_path / f"copy{suffix}").replace(folder / f"{FILE}{suffix}")
    put(database, "after")

    assert keys_in(folder / FILE) == ["after", "in the log"]


def test_a_file_of_the_first_version_put_in_its_place_is_brought_to_this_one(database, folder, tmp_path):
    with closing(sqlite3.connect(tmp_path / "old.sqlite")) as old:
        old.execute(
            "CREATE TABLE calls (id INTEGER PRIMARY KEY AUTOINCREMENT, publication VARCHAR(63) NOT NULL,"
            ' at DATETIME NOT NULL, received VARCHAR(64) NOT NULL, number VARCHAR(16), "key" VARCHAR(128) NOT NULL,'
            " caller TEXT NOT NULL)"
        )
        old.execute("INSERT INTO calls VALUES (7, 't', '2026-11-20 10:00:00.000000', '8', NULL, 'k', '')")
        old.commit()
    (tmp_path / "old.sqlite").replace(folder / FILE)
    put(database, "after")

    with database.reading() as connection:
        assert connection.execute(sa.select(calls.c.id)).scalars().all() == [7]


@pytest.mark.parametrize("content", [b"not a database at all, not at all" * 100, None])
def test_a_file_that_cannot_be_used_is_a_refusal_until_a_right_one_is_there(database, folder, tmp_path, content):
    put(database, "before")
    with closing(sqlite3.connect(folder / FILE)) as source, closing(sqlite3.connect(tmp_path / "right")) as made:
        source.backup(made)
    wrong = tmp_path / "wrong"
    if content is None:
        shutil.copy(tmp_path / "right", wrong)
        with closing(sqlite3.connect(wrong)) as later:
            later.execute("UPDATE alembic_version SET version_num = '9999'")
            later.commit()
    else:
        wrong.write_bytes(content)
    wrong.replace(folder / FILE)

    for _ in range(2):
        with pytest.raises(FilesGoneError):
            put(database, "during")
        assert not database.is_readable()
    (tmp_path / "right").replace(folder / FILE)
    put(database, "after")
    assert keys_in(folder / FILE) == ["after", "before"]


def replace(folder):
    shutil.copy(folder / FILE, folder / "other")
    (folder / "other").replace(folder / FILE)


@pytest.mark.parametrize(
    "act",
    [
        lambda folder: remove(folder, ""),
        lambda folder: remove(folder, "-wal"),
        lambda folder: (folder / FILE).rename(folder / "moved"),
        shutil.rmtree,
        replace,
    ],
    ids=["remove", "remove log", "move", "remove folder", "replace"],
)
def test_what_is_committed_into_files_that_are_gone_is_an_error(database, folder, act):
    put(database, "before")
    writing = database.writing()
    connection = writing.__enter__()
    connection.execute(sa.update(subscribers).values(name="x"))
    act(folder)

    with pytest.raises(FilesGoneError):
        writing.__exit__(None, None, None)


def test_a_file_that_is_removed_while_its_log_is_looked_for_is_not_made_at_once(database, folder, monkeypatch):
    put(database, "before")

    @contextmanager
    def removing(locked_folder, *, exclusive):
        if exclusive:
            remove(folder, "")
        with locked(locked_folder, exclusive=exclusive):
            yield

    monkeypatch.setattr("vats1c.database.file_guard.locked", removing)
    remove(folder, "-wal")
    with pytest.raises(FilesGoneError, match="removed"):
        put(database, "during")
    assert not (folder / FILE).exists()


def test_a_file_that_is_removed_as_its_log_is_opened_again_is_not_made_at_once(database, folder, monkeypatch):
    put(database, "before")
    close = FileGuard._close

    def removing(guard, files):
        close(guard, files)
        remove(folder, "")

    monkeypatch.setattr(FileGuard, "_close", removing)
    remove(folder, "-wal")
    with pytest.raises(FilesGoneError, match="removed"):
        put(database, "during")
    assert not (folder / FILE).exists()


@contextmanager
def another_process(folder):
    """Have the files that have the names now open in another process, which writes the key "other" into them."""
    program = (
        "import sqlite3, sys; held = sqlite3.connect(sys.argv[1], isolation_level=None);"
        " held.execute('PRAGMA journal_mode=WAL');"
        """ held.execute("INSERT INTO subscribers VALUES ('t', 'other', '', '', '', '')");"""
        " print('open', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, folder / FILE]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline().strip() == b"open"
        yield
        other.communicate(b"")


def is_whole(database):
    with database.reading() as connection:
        return connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def test_the_log_that_another_process_has_begun_of_the_same_file_is_gone_on_with(database, folder):
    put(database, "before")
    database.empty_log()
    remove(folder, "-wal", "-shm")
    with another_process(folder):
        put(database, "after")

        assert keys(database) == keys_in(folder / FILE) == ["after", "before", "other"]


@pytest.mark.parametrize("is_replaced", [False, True])
def test_the_log_that_another_process_has_begun_of_a_file_that_is_gone_is_not_taken(
    database, folder, tmp_path, at_once, is_replaced
):
    fill(database)
    with closing(sqlite3.connect(folder / FILE)) as source, closing(sqlite3.connect(tmp_path / "backup")) as made:
        source.backup(made)
    put(database, "before")
    remove(folder, "-wal", "-shm")
    # As another worker, which has noticed that the log is gone, and not yet that the file is.
    with another_process(folder):
        if is_replaced:
            (tmp_path / "backup").replace(folder / FILE)
        else:
            remove(folder, "")
        put(database, "after")

        assert keys_in(folder / FILE) == keys(database)
        assert keys(database)[300:] == (["after"] if is_replaced else ["after", "before"])
        assert is_whole(database)


def test_a_file_that_is_made_does_not_take_the_log_of_one_that_is_gone(database, folder, monkeypatch, at_once):
    fill(database)

    def failing(*_):
        raise sqlite3.OperationalError("unable to open database file")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr("vats1c.database.file_guard.OpenFiles", failing)
        remove(folder, "-wal", "-shm")
        with pytest.raises(FilesGoneError, match="unable to open"):
            put(database, "during")
    with another_process(folder):
        remove(folder, "")
        put(database, "after")

        assert keys_in(folder / FILE) == keys(database)
        assert len(keys(database)) == 301
        assert is_whole(database)


@pytest.fixture(params=[False, True], ids=["alone", "beside another process"])
def beside_another_process(request, database, folder):
    """SQLite does not empty the log when this process lets go of it, while another one has it open."""
    with another_process(folder) if request.param else nullcontext():
        yield ["other"] if request.param else []


@pytest.mark.parametrize("suffixes", [("-wal",), ("-shm",), ("-wal", "-shm")])
def test_what_was_in_a_log_that_is_removed_is_saved(database, folder, beside_another_process, suffixes):
    put(database, "before")
    remove(folder, *suffixes)
    put(database, "after")

    assert keys(database) == keys_in(folder / FILE) == ["after", "before", *beside_another_process]


def test_an_emptied_file_whose_log_has_everything_loses_nothing(database, folder):
    put(database, "before")
    os.truncate(folder / FILE, 0)
    put(database, "after")

    assert keys(database) == keys_in(folder / FILE) == ["after", "before"]
    assert [file.name for file in folder.iterdir() if "damaged" in file.name] == []


@pytest.mark.parametrize("size", [0, 4_096, 10_000])
def test_a_file_that_was_cut_short_is_set_aside_and_another_is_begun(database, folder, size):
    fill(database)
    os.truncate(folder / FILE, size)
    put(database, "after")

    assert "after" in keys_in(folder / FILE)
    with database.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    assert any(file.name.startswith(f"{FILE}.damaged-") for file in folder.iterdir())


def test_a_log_that_was_cut_short_is_set_aside_with_its_file(database, folder):
    put(database, "before")
    os.truncate(folder / f"{FILE}-wal", 1_000)
    put(database, "after")

    assert "after" in keys_in(folder / FILE)
    assert any(file.name.endswith("-wal") for file in folder.iterdir() if "damaged" in file.name)


def test_a_file_that_was_cut_short_is_a_refusal_while_another_process_reads_what_was_there(folder, opened, monkeypatch):
    monkeypatch.setattr("vats1c.database.database._LOCK_TIMEOUT_S", 0)
    database = opened()
    fill(database, 20)
    with closing(sqlite3.connect(folder / FILE, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM subscribers").fetchall()
        put(database, "before")
        os.truncate(folder / FILE, 60_000)
        with pytest.raises(FilesGoneError, match="in use"):
            put(database, "during")
        assert [file.name for file in folder.iterdir() if "damaged" in file.name] == []
    put(database, "after")

    assert "after" in keys_in(folder / FILE)


def test_a_file_that_was_away_is_used_again_when_it_is_back(database, folder):
    put(database, "before")
    for _ in range(2):
        (folder / FILE).rename(folder / "away")
        with pytest.raises(FilesGoneError, match="removed"):
            put(database, "during")
        (folder / "away").rename(folder / FILE)
        put(database, "after" if "after" not in keys(database) else "again")

    assert keys_in(folder / FILE) == ["after", "again", "before"]
    assert database.changes()[0] == 1


def test_a_file_or_log_that_got_shorter_in_order_is_no_damage(database, opened, folder):
    other = opened()
    fill(database)
    fill(other, 0)
    with closing(sqlite3.connect(folder / FILE, isolation_level=None)) as admin:
        admin.execute("DELETE FROM subscribers")
        admin.execute("VACUUM")
        admin.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    put(database, "after")
    put(other, "again")

    assert keys_in(folder / FILE) == ["after", "again"]
    assert [file.name for file in folder.iterdir() if "damaged" in file.name] == []
    assert database.changes()[0] == other.changes()[0] == 1


def test_each_process_opens_the_same_new_file(database, opened, folder, at_once):
    other = opened()
    put(database, "before")
    remove(folder, "", "-wal", "-shm")
    put(database, "one")
    put(other, "two")
    put(database, "three")

    assert keys_in(folder / FILE) == ["before", "one", "three", "two"]


def test_who_is_signed_in_stays_so(database, folder, at_once):
    row = {"digest": "d", "once": False, "publication": "t", "login": "anna", "stamp": "s", "expires": LATER}
    with database.writing() as connection:
        connection.execute(sa.insert(sessions), row)
    remove(folder, "")
    put(database, "after")

    with database.reading() as connection:
        assert [dict(found) for found in connection.execute(sa.select(sessions)).mappings()] == [row]


def test_a_link_that_leads_to_another_file_is_followed(tmp_path, folder):
    for name in ("one", "two"):
        with closing(Database(f"sqlite:///{tmp_path / name / FILE}")) as made:
            made.prepare()
    folder.symlink_to(tmp_path / "one")
    database = Database(f"sqlite:///{folder / FILE}")
    put(database, "before")
    folder.unlink()
    folder.symlink_to(tmp_path / "two")
    put(database, "after")
    database.close()

    assert (keys_in(tmp_path / "one" / FILE), keys_in(tmp_path / "two" / FILE)) == (["before"], ["after"])


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file::memory:?uri=true"])
def test_a_database_in_memory_has_no_file_to_lose(url):
    database = Database(url)
    database.upgrade()
    assert database.engine.connect().closed is False
    database.close()


def test_a_file_named_by_a_uri_is_watched_too(folder, at_once, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder.mkdir()
    database = Database(f"sqlite:///file:{folder / FILE}?uri=true")
    database.prepare()
    remove(folder, "", "-wal", "-shm")
    put(database, "after")
    database.close()

    assert keys_in(folder / FILE) == ["after"]
    assert not (tmp_path / "file:").exists()


def test_a_folder_that_is_locked_is_a_refusal_and_not_a_wait_for_ever(database, folder, monkeypatch):
    monkeypatch.setattr("vats1c.database.locks._MAX_WAIT_S", 0.05)
    with locked(folder, exclusive=True), pytest.raises(FilesGoneError, match="locked"):
        put(database, "during")
    put(database, "after")
    assert keys(database) == ["after"]


def ringing(sequence=1):
    at = datetime.now(UTC) + timedelta(minutes=sequence)
    return Ringing("t", at, f"8923000{sequence:04}", f"+7923000{sequence:04}", "external", "key", None, None)


@pytest.fixture
def journal(database):
    opened = Journal(database, Retention())
    yield opened
    opened.close()


def test_a_call_is_an_error_while_the_file_is_gone_and_written_once_another_is_there(journal, folder, monkeypatch):
    before = journal.record(ringing(1)).result()
    remove(folder, "", "-wal", "-shm")

    with pytest.raises(JournalError):
        journal.record(ringing(2)).result()
    assert not journal.writable()
    monkeypatch.setattr("vats1c.database.file_guard._SETTLE_S", 0)
    # Health asks for it though nobody rings.
    assert journal.writable()
    after = journal.record(ringing(3)).result()
    assert [call.number for call in journal.recent(10)] == ["+79230000003"]
    assert after.call_id > before.call_id
    assert after.exchange_id > before.exchange_id


def test_a_cursor_of_the_file_before_goes_on(journal, folder, at_once):
    for sequence in range(5):
        journal.record(ringing(sequence)).result()
    told = Queue()
    journal.watch(told.put)
    cursor, exchange = journal.cursor(), journal.last_exchange()
    remove(folder, "", "-wal", "-shm")
    journal.record(ringing(6)).result()

    assert [call.number for call in told.get(timeout=20)] == ["+79230000006"]
    assert [call.number for call in journal.after(cursor)] == ["+79230000006"]
    assert [one.number for one in journal.search(ExchangeSearch(), 10, exchange).exchanges] in ([], ["+79230000006"])
    assert [one.number for one in journal.recorded_calls_after(exchange)] == ["+79230000006"]


def test_a_watcher_sees_the_calls_that_another_process_writes_into_the_new_file(journal, opened, folder, at_once):
    told = Queue()
    journal.watch(told.put)
    other = Journal(opened(), Retention())
    remove(folder, "", "-wal", "-shm")
    other.record(ringing(1)).result()

    assert [call.number for call in told.get(timeout=20)] == ["+79230000001"]
    other.close()


def test_what_is_said_later_of_a_call_of_the_file_before_changes_no_other(journal, folder, at_once):
    old = journal.record(ringing(1)).result()
    remove(folder, "", "-wal", "-shm")
    new = journal.record(ringing(2)).result()
    journal.set_caller(old.call_id, Caller("Кто-то"), Confidence.EXACT)
    finished = Exchange("t", LATER, "IncomingCall", id=old.exchange_id, call_id=old.call_id, address="203.0.113.9")
    finished.raw = {}, b"request", b"answer"
    journal.enqueue(finished)
    journal.flush()

    assert journal.call(new.call_id).caller is None
    assert journal.exchange(new.exchange_id).address == ""
    assert journal.raw(old.exchange_id) is None


def test_the_bytes_of_an_exchange_that_was_erased_meanwhile_are_not_written(journal):
    rang = journal.record(ringing(1)).result()
    journal.erase("+79230000001", "")
    finished = Exchange("t", LATER, "IncomingCall", id=rang.exchange_id, call_id=rang.call_id)
    finished.raw = {}, b"89230000001", b""
    journal.enqueue(finished)
    journal.flush()

    assert journal.raw(rang.exchange_id) is None


def test_exchanges_are_kept_though_what_is_written_with_them_fails(journal):
    journal.enqueue(Exchange("t", LATER, "SayName", received="8"))
    with pytest.raises(JournalError):
        journal._execute(lambda connection: connection.exec_driver_sql("no SQL at all"))
    journal.flush()

    assert [one.received for one in journal.exchanges(10)] == ["8"]


def test_a_batch_that_went_with_its_file_is_written_into_the_next(journal, folder, at_once):
    gone = []

    def write(connection):
        if not gone:
            gone.append(remove(folder, ""))
        connection.execute(sa.insert(counters), {"name": "probe", "value": 1})

    journal.enqueue(Exchange("t", LATER, "SayName", received="8"))
    journal._execute(write)
    journal.flush()

    with closing(sqlite3.connect(folder / FILE)) as restart:
        assert restart.execute("SELECT value FROM counters WHERE name = 'probe'").fetchall() == [(1,)]
        assert restart.execute("SELECT received FROM exchanges").fetchall() == [("8",)]


def test_exchanges_that_went_with_their_file_wait_for_the_next(journal, folder, monkeypatch):
    journal.enqueue(Exchange("t", LATER, "SayName", received="8"))
    with pytest.raises(JournalError):
        journal._execute(lambda _connection: remove(folder, ""))
    monkeypatch.setattr("vats1c.database.file_guard._SETTLE_S", 0)
    journal.flush()

    assert [one.received for one in journal.exchanges(10)] == ["8"]


def test_numbers_go_on_beyond_those_that_another_process_draws_from_the_file_that_is_gone(
    journal, opened, folder, at_once
):
    journal.record(ringing(1)).result()
    with opened().engine.connect().execution_options(vats1c_writes=True) as other:
        remove(folder, "", "-wal", "-shm")
        new = journal.record(ringing(2)).result()
        with other.begin():
            late = record_rings(other, [ringing(3), ringing(4)])

    assert late[-1].exchange_id < new.exchange_id
    assert late[-1].call_id < new.call_id


def test_a_cursor_beyond_all_that_there_is_belongs_to_another_journal(journal):
    journal.record(ringing(1)).result()
    journal.enqueue(Exchange("t", LATER, "SayName", received="8"))
    journal.flush()
    last = journal.last_exchange()

    assert [call.number for call in journal.after(journal.cursor() + 1)] == ["+79230000001"]
    assert journal.after(2**62) != []
    assert journal.after(journal.cursor()) == []
    found = journal.search(ExchangeSearch(operation="SayName"), 10, last + 1)
    assert ([one.received for one in found.exchanges], found.cursor) == (["8"], last)
    assert [one.received for one in journal.exchanges_matching(ExchangeFilter(operation="SayName"), 10, last + 1)] == [
        "8"
    ]
    journal.erase(None, "8")
    # Its last row is gone, and no other has come.
    assert journal.search(ExchangeSearch(), 10, last).exchanges == []


def test_the_log_says_once_why_the_file_is_gone_and_that_another_is_open(database, folder, monkeypatch, capsys):
    import structlog

    with structlog.testing.capture_logs() as lines:
        remove(folder, "", "-wal", "-shm")
        for _ in range(3):
            with pytest.raises(FilesGoneError):
                put(database, "during")
        monkeypatch.setattr("vats1c.database.file_guard._SETTLE_S", 0)
        put(database, "after")

    assert [(line["event"], line["reason"], line["log_level"]) for line in lines] == [
        ("journal_file_unusable", "removed", "error"),
        ("journal_reopened", "removed", "warning"),
    ]


def test_a_first_opening_that_fails_says_why(tmp_path):
    (tmp_path / FILE).mkdir()
    with pytest.raises(DatabaseError, match="unable to open database file"):
        Database(f"sqlite:///{tmp_path / FILE}").prepare()
