"""The journal keeps what it was given, in order, and says clearly when it cannot."""

import sqlite3
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from vats1c.journal import Journal, JournalError
from vats1c.model import Call

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def call(sequence=1, **changes):
    fields = {
        "publication": "telephony",
        "at": NOON + timedelta(seconds=sequence),
        "received": f"8923000{sequence:04}",
        "number": f"+7923000{sequence:04}",
        "key": "gW3cyUJAtl50PhF",
        "caller": "Щербаков Жан-Жак",
    }
    return Call(**{**fields, **changes})


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'made' / 'journal.sqlite'}"


@pytest.fixture
def journal(url):
    opened = Journal(url)
    yield opened
    opened.close()


def test_a_call_comes_back_as_it_was(journal):
    journal.add(call(1, number=None, received="", caller=""))
    journal.add(call(2))

    assert [recorded.call for recorded in journal.recent(10)] == [call(1, number=None, received="", caller=""), call(2)]


def test_a_time_in_another_zone_is_the_same_moment(journal):
    journal.add(call(at=NOON.astimezone(timezone(timedelta(hours=7)))))

    assert journal.recent(1)[0].call.at == NOON


def test_a_time_without_a_zone_is_refused(journal):
    with pytest.raises(JournalError):
        journal.add(call(at=NOON.replace(tzinfo=None)))


def test_recent_gives_the_last_calls_oldest_first(journal):
    ids = [journal.add(call(number)) for number in range(5)]

    assert [recorded.id for recorded in journal.recent(2)] == ids[-2:]


def test_after_gives_what_came_since_a_cursor(journal):
    ids = [journal.add(call(number)) for number in range(5)]

    assert [recorded.id for recorded in journal.after(ids[1], limit=2)] == ids[2:4]


def test_an_id_is_never_given_twice_even_when_the_last_row_is_gone(journal, url):
    last = [journal.add(call(number)) for number in range(3)][-1]
    with sqlite3.connect(url.removeprefix("sqlite:///")) as database:
        database.execute("DELETE FROM calls")
    database.close()

    assert journal.add(call()) > last


def test_a_commit_is_on_disk_before_the_id_is_returned(journal):
    with journal._engine.connect() as connection:
        pragmas = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]

    assert pragmas == ["wal", 2]


def test_what_was_written_is_there_after_opening_again(journal, url):
    journal.add(call())
    again = Journal(url)

    assert len(again.recent(10)) == 1
    again.close()


def test_many_threads_write_at_once_and_nothing_is_lost(journal):
    threads = [threading.Thread(target=lambda: [journal.add(call(n)) for n in range(25)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({recorded.id for recorded in journal.recent(1_000)}) == 200


def test_an_absurdly_long_number_or_key_is_cut_and_recorded(journal):
    journal.add(call(received="9" * 60_000, key="k" * 60_000))

    (recorded,) = journal.recent(1)
    assert (len(recorded.call.received), len(recorded.call.key)) == (64, 128)


def test_a_journal_whose_file_was_broken_says_so(journal, url):
    journal.close()
    with Path(url.removeprefix("sqlite:///")).open("r+b") as file:
        file.write(b"not a database at all, not at all")

    with pytest.raises(JournalError):
        Journal(url).recent(1)
    assert not journal.writable()


@pytest.mark.parametrize("url", ["sqlite:////proc/nowhere/journal.sqlite", "nonsense", "oracle+nothing://u:secret@h/d"])
def test_a_journal_that_cannot_be_opened_is_one_sentence_without_the_password(url):
    with pytest.raises(JournalError) as error:
        Journal(url)

    assert "secret" not in str(error.value)
    assert "\n" not in str(error.value)
