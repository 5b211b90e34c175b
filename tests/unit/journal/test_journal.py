"""The journal keeps what it was given, in order, tells of changes, and says clearly when it cannot; on both databases."""

import sqlite3
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.support.waiting import until
from vats1c.database import Database, DatabaseError
from vats1c.journal import CallFilter, ExchangeFilter, Journal, JournalError, Retention
from vats1c.model import Caller, Confidence, Exchange, Ringing

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
CALLER = Caller("Щербаков Жан-Жак", "ООО «Юг»", "1", "245", "Звонить утром")


def ringing(sequence=1, **changes):
    fields = {
        "publication": "telephony",
        "at": NOON + timedelta(seconds=sequence),
        "received": f"8923000{sequence:04}",
        "number": f"+7923000{sequence:04}",
        "kind": "external",
        "key": "gW3cyUJAtl50PhF",
        "caller": CALLER,
        "confidence": Confidence.EXACT,
    }
    return Ringing(**{**fields, **changes})


def exchange(sequence=1, **changes):
    fields = {"publication": "telephony", "at": NOON + timedelta(seconds=sequence), "operation": "SayName"}
    return Exchange(**{**fields, **changes})


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "postgresql":
        return request.getfixturevalue("postgres_server")("journal")
    return f"sqlite:///{tmp_path / 'made' / 'journal.sqlite'}"


@pytest.fixture
def opened(url):
    journals = []

    def one(limits=None, **given):
        database = Database(url)
        database.upgrade()
        database.prepare()
        journals.append(Journal(database, limits or Retention(), **given))
        return journals[-1]

    yield one
    for journal in journals:
        journal.close()


@pytest.fixture
def journal(opened):
    return opened()


def written(journal):
    """Return the journal once all that was noted is written."""
    journal.flush()
    return journal


def test_a_call_comes_back_as_it_was(journal):
    journal.record(ringing(1, number=None, received="", kind="hidden", caller=None, confidence=None)).result()
    journal.record(ringing(2)).result()
    hidden, known = journal.recent(10)

    assert (hidden.received, hidden.number, hidden.kind, hidden.caller) == ("", None, "hidden", None)
    assert (known.received, known.number, known.caller, known.confidence, known.at) == (
        "89230000002",
        "+79230000002",
        CALLER,
        Confidence.EXACT,
        NOON + timedelta(seconds=2),
    )
    assert [ring.key for ring in known.rings] == ["gW3cyUJAtl50PhF"]


def test_a_time_in_another_zone_is_the_same_moment(journal):
    journal.record(ringing(at=NOON.astimezone(timezone(timedelta(hours=7))))).result()

    assert journal.recent(1)[0].at == NOON


def test_a_time_without_a_zone_is_refused(journal):
    with pytest.raises(JournalError):
        journal.record(ringing(at=NOON.replace(tzinfo=None))).result()


def test_recent_gives_the_last_calls_oldest_first(journal):
    ids = [journal.record(ringing(number)).result().call_id for number in range(5)]

    assert [call.id for call in journal.recent(2)] == ids[-2:]


def test_after_gives_what_was_changed_since_a_cursor_in_the_order_of_the_changes(journal):
    ids = [journal.record(ringing(number)).result().call_id for number in range(3)]
    cursor = journal.cursor()
    journal.set_note(ids[1], "перезвонить", "Анна", NOON)
    journal.set_caller(ids[0], Caller("Новый"), Confidence.EXACT)

    assert [call.id for call in journal.after(cursor)] == [ids[1], ids[0]]
    assert journal.after(journal.cursor()) == []


def test_an_id_is_never_given_twice_even_when_the_last_row_is_gone(journal):
    last = [journal.record(ringing(number)).result() for number in range(3)][-1]
    for number in range(3):
        journal.erase(f"+7923000{number:04}", "")
    again = journal.record(ringing()).result()

    assert again.call_id > last.call_id
    assert again.exchange_id > last.exchange_id


def test_what_was_written_is_there_after_opening_again(journal, opened):
    journal.record(ringing()).result()

    assert len(opened().recent(10)) == 1


def test_many_threads_write_at_once_and_nothing_is_lost(journal):
    def ring(thread):
        for number in range(25):
            journal.record(ringing(thread * 100 + number)).result()

    threads = [threading.Thread(target=ring, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({call.id for call in journal.recent(1_000)}) == 200
    assert len({call.version for call in journal.recent(1_000)}) == 200


def test_the_future_of_a_call_is_done_once_the_call_is_written(journal):
    written_then = journal.record(ringing())

    recorded = written_then.result(timeout=60)

    assert [call.id for call in journal.recent(10)] == [recorded.call_id]


def test_a_call_that_cannot_be_written_has_a_journal_error_and_harms_no_other(journal, caplog):
    failing = journal.record(ringing(received=object()))
    failing.add_done_callback(lambda _: 1 / 0)
    error = journal.record(ringing(received=object())).exception(timeout=60)

    assert (type(error), str(error)) == (JournalError, "the call could not be recorded")
    assert isinstance(failing.exception(timeout=60), JournalError)
    assert journal.record(ringing()).result().call_id


def test_two_processes_write_into_one_group_call(journal, opened):
    other = opened()
    first = journal.record(ringing(key="anna")).result()
    second = other.record(ringing(key="ilya")).result()

    assert first.call_id == second.call_id
    assert [ring.key for ring in journal.recent(1)[0].rings] == ["anna", "ilya"]


def test_an_absurdly_long_number_or_key_is_cut_and_recorded(journal):
    journal.record(ringing(received="9" * 60_000, number=None, kind="text", key="k" * 60_000)).result()

    (call,) = journal.recent(1)
    assert (len(call.received), len(call.rings[0].key)) == (64, 128)


def test_a_change_is_told_whichever_process_made_it(journal, opened):
    told = []
    journal.watch(lambda calls: told.extend((call.id, call.note and call.note.text) for call in calls))
    other = opened()
    own = journal.record(ringing(1)).result().call_id
    others = other.record(ringing(2)).result().call_id
    other.set_note(own, "важно", "Анна", NOON)

    until(lambda: {(own, "важно"), (others, None)} <= set(told))


def test_a_note_is_kept_and_taken_away(journal):
    call_id = journal.record(ringing()).result().call_id
    journal.set_note(call_id, "перезвонить\nзавтра", "Анна", NOON)
    note = journal.call(call_id).note
    assert (note.text, note.by, note.at) == ("перезвонить\nзавтра", "Анна", NOON)

    journal.set_note(call_id, "", "Анна", NOON)
    assert journal.call(call_id).note is None


def test_a_receipt_is_kept_for_the_phone_it_came_from_and_the_first_counts(journal):
    call_id = journal.record(ringing(1, key="anna")).result().call_id
    journal.record(ringing(1, key="ilya")).result()
    journal.mark_receipt(call_id, ["anna"], "seen", NOON)
    journal.mark_receipt(call_id, ["anna"], "seen", NOON + timedelta(seconds=9))
    anna, ilya = journal.call(call_id).rings

    assert (anna.seen, anna.shown, ilya.seen) == (NOON, None, None)


def test_calls_that_nobody_saw_are_a_list(journal):
    seen = journal.record(ringing(1)).result().call_id
    unseen = journal.record(ringing(2)).result().call_id
    journal.mark_receipt(seen, ["gW3cyUJAtl50PhF"], "seen", NOON)

    assert [call.id for call in journal.unseen(CallFilter("telephony"))] == [unseen]


def test_past_calls_are_renamed_at_once(journal):
    first = journal.record(ringing(1, caller=None, confidence=None)).result().call_id
    other = journal.record(ringing(2)).result().call_id
    assert [one.number for one in journal.unknown(CallFilter("telephony"))] == ["+79230000001"]

    assert journal.rename_callers("telephony", ["+79230000001"], Caller("Новый")) == 1
    assert journal.call(first).caller == Caller("Новый")
    assert journal.call(other).caller == CALLER
    assert journal.unknown(CallFilter("telephony")) == []


def test_unknown_numbers_come_by_how_often_they_rang(journal):
    for second, number in ((0, 1), (1, 2), (100, 2)):
        at = NOON + timedelta(seconds=second)
        journal.record(ringing(number, at=at, caller=None, confidence=None)).result()

    assert [(one.number, one.count, one.last) for one in journal.unknown(CallFilter("telephony"))] == [
        ("+79230000002", 2, NOON + timedelta(seconds=100)),
        ("+79230000001", 1, NOON),
    ]


def test_only_ones_own_calls_are_seen(journal):
    mine = journal.record(ringing(1, key="anna")).result().call_id
    theirs = journal.record(ringing(2, key="ilya")).result().call_id
    elsewhere = journal.record(ringing(3, key="anna", publication="other")).result().call_id
    own = CallFilter("telephony", frozenset({"anna"}))

    assert [call.id for call in journal.recent(10, own)] == [mine]
    assert [call.id for call in journal.after(0, wanted=own)] == [mine]
    assert journal.call(theirs, own) is None
    assert journal.call(elsewhere, own) is None


def test_previous_calls_of_a_number_come_newest_first(journal):
    ids = [journal.record(ringing(1, at=NOON + timedelta(minutes=minute))).result().call_id for minute in range(4)]

    assert [call.id for call in journal.previous(journal.call(ids[3]), 2)] == [ids[2], ids[1]]


def test_keys_that_nobody_owns_are_listed(journal):
    journal.record(ringing(1, key="anna")).result()
    journal.record(ringing(2, key="nobody")).result()

    assert journal.keys_seen("telephony", {"anna"}) == [("nobody", 1, NOON + timedelta(seconds=2))]


def test_an_exchange_is_written_with_its_bytes_and_without_its_password(journal):
    lines = {"authorization": "Basic U09BUDoxMjM=", "user-agent": "VATS", "cookie": "a=b", "content-length": "8"}
    journal.enqueue(exchange(number="+79235292926", caller="Иванов", raw=(lines, b"<asked/>", b"<said/>")))
    (found,) = written(journal).exchanges(10)

    assert (found.operation, found.outcome, found.caller) == ("SayName", "ok", "Иванов")
    assert journal.raw(found.id) == ('{"User-Agent": "VATS"}', b"<asked/>", b"<said/>")


def test_exchanges_come_by_cursor(journal):
    for number in range(5):
        journal.enqueue(exchange(number))
    ids = [one.id for one in written(journal).exchanges(10)]

    assert [one.id for one in journal.exchanges(2)] == ids[-2:]
    assert [one.id for one in journal.exchanges(2, after=ids[1])] == ids[2:4]


def test_what_the_journal_cannot_keep_up_with_is_counted_and_the_bytes_go_first(opened):
    dropped = Counter()
    journal = opened(on_dropped=lambda what, count: dropped.update({what: count}))
    blocked, go_on = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: journal._execute(lambda _: (blocked.set(), go_on.wait())))
    thread.start()
    blocked.wait()
    for number in range(10_005):
        journal.enqueue(exchange(number % 60, raw=({}, b"", b"")))
    go_on.set()
    thread.join()

    assert len(written(journal).exchanges(100_000)) == 10_000
    assert dropped == {"raw": 8_005, "exchange": 5}


def test_what_is_too_old_or_too_much_is_forgotten(opened):
    journal = opened(Retention(days=30, exchanges=3, bytes=40))
    journal.record(ringing(1, at=NOON - timedelta(days=31))).result()
    journal.record(ringing(2)).result()
    for number in range(5):
        journal.enqueue(exchange(number, raw=({}, b"x" * 9, b"y" * 9)))
    written(journal)
    journal.trim(NOON)

    assert [call.number for call in journal.recent(10)] == ["+79230000002"]
    kept = journal.exchanges(10)
    assert len(kept) == 3
    assert [journal.raw(one.id) is not None for one in kept] == [False, True, True]


def test_every_trace_of_a_number_is_erased(journal, url):
    journal.record(ringing(1)).result()
    journal.enqueue(exchange(number="+79230000001", received="89230000001", raw=({}, b"89230000001", b"")))
    journal.record(ringing(2)).result()
    erased = written(journal).erase("+79230000001", "89230000001")

    assert erased == 3
    assert [call.number for call in journal.recent(10)] == ["+79230000002"]
    if url.startswith("sqlite"):
        folder = Path(url.removeprefix("sqlite:///")).parent
        assert not any(b"79230000001" in file.read_bytes() for file in folder.iterdir())


def test_a_call_that_cannot_be_written_takes_no_other_with_it(journal):
    done = []

    def ring(one):
        try:
            done.append(journal.record(one).result().call_id)
        except JournalError:
            done.append(None)

    threads = [threading.Thread(target=ring, args=(ringing(n, kind=None if n == 3 else "external"),)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(done), done.count(None)) == (6, 1)
    assert len(journal.recent(10)) == 5
    assert journal.writable()


def test_a_commit_is_on_disk_before_the_id_is_returned(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'journal.sqlite'}")
    with database.reading() as connection:
        pragmas = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
    database.close()

    assert pragmas == ["wal", 2]


def test_a_journal_that_cannot_be_written_says_so_and_recovers_by_itself(tmp_path):
    file = tmp_path / "journal.sqlite"
    database = Database(f"sqlite:///{file}?timeout=0.1")
    database.prepare()
    journal = Journal(database, Retention())
    journal.record(ringing(1)).result()
    with sqlite3.connect(file) as breaking:
        breaking.execute("ALTER TABLE rings RENAME TO gone")
    breaking.close()
    with pytest.raises(JournalError):
        journal.record(ringing(2)).result()
    assert not journal._writer.well

    with sqlite3.connect(file) as mending:
        mending.execute("ALTER TABLE gone RENAME TO rings")
    mending.close()
    assert journal.writable()
    journal.record(ringing(3)).result()
    assert [call.number for call in journal.recent(10)] == ["+79230000001", "+79230000003"]
    journal.close()


def test_a_journal_whose_file_was_broken_says_so(tmp_path):
    file = tmp_path / "journal.sqlite"
    database = Database(f"sqlite:///{file}")
    database.prepare()
    database.close()
    with file.open("r+b") as opened:
        opened.write(b"not a database at all, not at all")

    with pytest.raises(DatabaseError) as error:
        Database(f"sqlite:///{file}").prepare()
    assert "\n" not in str(error.value)


def test_what_was_noted_can_be_read_once_the_journal_has_settled(opened):
    journal = opened()
    for sequence in range(300):
        journal.enqueue(exchange(sequence))
    journal.flush()

    assert journal.last_exchange() == 300
    assert len(journal.exchanges_matching(ExchangeFilter(operation="SayName"), 1_000)) == 300


def test_exchanges_are_asked_for_by_what_the_vats_sends(opened):
    journal = opened()
    journal.enqueue(exchange(1, received="anonymous"))
    journal.enqueue(exchange(2, number="+79235292926", outcome="auth"))
    journal.record(ringing(3, number="+79235292926", key="key-of-ilya", publication="t-x")).result()
    journal.flush()

    def found(limit=10, after=None, **given):
        return [one.id for one in journal.exchanges_matching(ExchangeFilter(**given), limit, after)]

    assert found() == [1, 3] or found() == [2, 3]
    assert len(found(answered=False)) == 3
    assert len(found(received="anonymous")) == 1
    assert len(found(number="+79235292926", received="anything")) == 1
    assert len(found(number="+79235292926", answered=False)) == 2
    assert found(key="key-of-ilya") == found(publications=frozenset({"t-x"})) == found(operation="IncomingCall")
    assert found(publications=frozenset()) == []
    assert found(limit=1) == found()[-1:]
    assert found(limit=1, after=0) == found()[:1]


def test_a_publication_is_forgotten_and_no_other(opened):
    journal = opened()
    for publication in ("t-x", "telephony"):
        journal.record(ringing(1, publication=publication)).result()
        journal.enqueue(exchange(2, publication=publication, raw=({}, b"q", b"a")))
    journal.flush()

    assert journal.forget("t-x", NOON) == 3
    assert {one.publication for one in journal.exchanges(10)} == {"telephony"}
    assert {call.publication for call in journal.recent(10)} == {"telephony"}
    assert journal.forget("telephony", NOON + timedelta(hours=1)) == 0


def test_a_time_is_stored_as_sqlalchemy_stores_it(tmp_path):
    file = tmp_path / "journal.sqlite"
    database = Database(f"sqlite:///{file}")
    database.prepare()
    journal = Journal(database, Retention())
    journal.record(ringing(at=NOON.astimezone(timezone(timedelta(hours=7))))).result()
    journal.close()
    with sqlite3.connect(file) as stored:
        times = [stored.execute(f"SELECT at FROM {table}").fetchone()[0] for table in ("calls", "rings", "exchanges")]
    stored.close()

    assert times == [NOON.replace(tzinfo=None).isoformat(" ", "microseconds")] * 3
