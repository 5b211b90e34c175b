"""The embedded directory passes the suite, and what is added, changed, imported and undone is there, or is not."""

import sqlite3
import subprocess
import sys
import threading

import pytest

from vats1c.directory import DirectoryError, HasRows, Row
from vats1c.directory.store import StoreDirectory
from vats1c.directory.store.schema import VERSION
from vats1c.model import Caller, Confidence
from vats1c.number import DEFAULT_PLAN, Number, NumberKind, NumberPlan, identify, parse_cell
from vats1c.testing import CALLERS, DirectoryContract

IVANOV = Caller("Иванов Иван", "ООО «Ёлка»", "1", "244", "друг")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "directory.sqlite"


@pytest.fixture
def opened(path):
    """Open directories over one file, all closed at the end."""
    directories = []

    def open_(plan=DEFAULT_PLAN, **settings):
        directories.append(StoreDirectory("own", {"path": str(path), **settings}, plan))
        return directories[-1]

    yield open_
    for directory in directories:
        directory.close()


@pytest.fixture
def store(opened):
    return opened()


@pytest.fixture
def directory(store):
    for number, caller in CALLERS:
        store.add([number], caller)
    return store


class TestStore(DirectoryContract):
    """The suite over the embedded directory."""


def row(number, name, line=1, **fields):
    return Row(line, number, tuple(parse_cell(number)), Caller(name, **fields))


def name_of(directory, number="89235292926"):
    match = directory.find(identify(number))
    return match.caller.name if match else None


def content(directory):
    return [(entry.cell, entry.caller) for entry in directory.rows()]


def test_a_caller_is_added_changed_and_removed(store):
    own_id = store.add(["8 923 529-29-26", "раб. 8 495 777-12-34"], IVANOV)
    assert store.find(identify("84957771234")).caller == IVANOV
    assert store.state().callers == 1

    store.change(own_id, caller=Caller("Иванов И. И."))
    assert name_of(store) == name_of(store, "84957771234") == "Иванов И. И."
    store.change(own_id, numbers=["+375 29 123-45-67"])
    assert (name_of(store), name_of(store, "+375291234567")) == (None, "Иванов И. И.")

    store.remove(own_id)
    assert name_of(store, "+375291234567") is None
    assert store.state().callers == 0


def test_an_id_is_never_given_twice(store):
    own_id = store.add(["89235292926"], IVANOV)
    store.remove(own_id)

    assert store.add(["89235292926"], IVANOV) > own_id


def test_what_cannot_be_kept_is_refused_and_changes_nothing(store):
    own_id = store.add(["89235292926"], IVANOV)
    for call, key in (
        (lambda: store.add(["105"], IVANOV), "numbers"),
        (lambda: store.add(["89235292926"], Caller(" ")), "name"),
        (lambda: store.add(["89235292926"], Caller("\ud800")), ""),
        (lambda: store.change(own_id, numbers=[]), "numbers"),
        (lambda: store.change(own_id, caller=Caller("")), "name"),
        (lambda: store.change(own_id + 1, caller=IVANOV), ""),
        (lambda: store.remove(own_id + 1), ""),
        (lambda: store.get(own_id + 1), ""),
        (lambda: store.undo(7), ""),
    ):
        with pytest.raises(DirectoryError) as caught:
            call()
        assert caught.value.key == key
        assert "\n" not in str(caught.value)
    assert content(store) == [("89235292926", IVANOV)]
    assert store.state().callers == 1


def test_a_number_of_another_country_is_found_by_its_last_digits_and_never_routes(store):
    store.add(["+7 923 529-29-26"], IVANOV)
    match = store.find(identify("+919235292926"))

    assert (match.confidence, match.caller.manager) == (Confidence.LAST_DIGITS, "")


def test_a_number_without_its_town_is_less_sure(opened):
    plan = NumberPlan(area_code="391")
    store = opened(plan)
    store.add(["274-66-14"], IVANOV)

    assert store.find(identify("83912746614", plan)).confidence is Confidence.LOCAL


@pytest.mark.parametrize(
    "text", ["иванов", "ИВАНОВ иван", "елка", "ЁЛКА", "Друг", "8 923 529-29-26", "529-29", "+7923", "%", "_"]
)
def test_a_caller_is_found_by_text_in_any_case(store, text):
    own_id = store.add(["+79235292926"], IVANOV)
    store.add(["+79031112233"], Caller("Петрова Анна"))
    found = [entry.id for entry in store.find_by_text(text)]

    assert found == ([] if text in "%_" else [own_id])


def test_text_finds_no_more_than_asked_and_nothing_finds_all(store):
    ids = [store.add([f"8923529290{digit}"], Caller(f"Клиент {digit}")) for digit in range(5)]

    assert [entry.id for entry in store.find_by_text("клиент", limit=2)] == ids[:2]
    assert [entry.id for entry in store.find_by_text("")] == ids


def test_publications_in_one_file_do_not_see_each_other(opened):
    ours, theirs = opened(), opened(publication="branch")
    own_id = ours.add(["89235292926"], IVANOV)

    assert name_of(theirs) is None
    assert (ours.state().callers, theirs.state().callers) == (1, 0)
    assert (theirs.find_by_text("иванов"), content(theirs)) == ([], [])
    with pytest.raises(DirectoryError):
        theirs.remove(own_id)


def test_the_rows_can_be_looked_through(directory):
    assert isinstance(directory, HasRows)
    assert content(directory) == [(number, caller) for number, caller in CALLERS]


def test_an_import_adds_changes_and_leaves_alone_and_undoing_it_brings_all_back(store):
    store.add(["89235292926"], IVANOV)
    store.add(["89031112233"], Caller("Петрова Анна"))
    before = content(store)
    progress = []
    done = store.import_rows(
        [
            row("8 923 529-29-26, 8 495 777-12-34", "ИВАНОВ ИВАН", manager="300"),
            row("89031112233", "Петрова Анна"),
            row("89031112233", "Сидоров"),
            row("89031112233", "Сидоров", note="ещё раз"),
            row("105", "Никто"),
            row("89990000000", ""),
        ],
        "crm.csv",
        progress.append,
    )

    assert (done.added, done.changed, done.same, done.passed_over) == (1, 1, 2, 2)
    assert progress == [6]
    match = store.find(identify("84957771234"))
    # Empty cells take nothing away.
    assert match.caller == Caller("ИВАНОВ ИВАН", "ООО «Ёлка»", "1", "300", "друг")
    assert store.find(identify("89031112233")).confidence is Confidence.AMBIGUOUS
    assert [each.source for each in store.imports()] == ["crm.csv"]

    undone = store.undo(done.id)
    assert (undone.removed, undone.restored, undone.kept) == (1, 1, 0)
    assert content(store) == before
    assert (store.imports(), store.state().callers) == ([], 2)
    with pytest.raises(DirectoryError):
        store.undo(done.id)


def test_an_import_of_the_same_again_changes_nothing(store):
    rows = [row(number, caller.name, line) for line, (number, caller) in enumerate(CALLERS)]
    store.import_rows(rows, "a")
    before = content(store)
    again = store.import_rows(rows, "b")

    assert (again.added, again.changed, again.same) == (0, 0, len(rows))
    assert content(store) == before


def test_a_caller_changed_in_several_batches_goes_back_to_what_was_before_the_first(store):
    store.add(["89235292926"], IVANOV)
    before = content(store)
    first = [row("89235292926", IVANOV.name, note="1"), row("89990000000", "Новый")]
    filler = [row(f"8903{line:07d}", f"Клиент {line}") for line in range(1_000)]
    last = [row("89235292926", IVANOV.name, note="2"), row("89990000000", "Новый", note="2")]
    done = store.import_rows([*first, *filler, *last], "a")

    assert store.find(identify("89235292926")).caller.note == "2"
    assert store.undo(done.id).kept == 0
    assert content(store) == before


def test_what_was_changed_by_hand_since_an_import_is_kept_when_it_is_undone(store):
    own_id = store.add(["89235292926"], IVANOV)
    done = store.import_rows([row("89235292926", IVANOV.name, note="1"), row("89990000000", "Новый")], "a")
    store.change(own_id, caller=Caller("Правка"))
    undone = store.undo(done.id)

    assert (undone.removed, undone.restored, undone.kept) == (1, 0, 1)
    assert content(store) == [("89235292926", Caller("Правка"))]


def test_imports_are_undone_one_after_another(store):
    first = store.import_rows([row("89235292926", "А", note="1")], "a")
    second = store.import_rows([row("89235292926", "А", note="2")], "b")
    assert [each.source for each in store.imports()] == ["b", "a"]

    store.undo(second.id)
    assert store.find(identify("89235292926")).caller.note == "1"
    assert store.undo(first.id).removed == 1
    assert content(store) == []


def test_an_import_that_fails_leaves_nothing(store):
    def rows():
        yield from (row(f"8903{line:07d}", f"Клиент {line}") for line in range(1_500))
        raise DirectoryError("ошибка", "broken", "path")

    with pytest.raises(DirectoryError, match="broken"):
        store.import_rows(rows(), "a")
    assert (content(store), store.imports(), store.state().callers) == ([], [], 0)


def test_threads_read_while_others_write(directory):
    wrong = []

    def read():
        wrong.extend("read" for _ in range(100) if name_of(directory) != "VIP:Ренессанс Капитал")

    def write(base):
        for place in range(20):
            number = f"8903{base}{place:06d}"
            directory.add([number], Caller(number))
            if name_of(directory, number) != number:
                wrong.append(number)

    threads = [threading.Thread(target=read) for _ in range(4)]
    threads += [threading.Thread(target=write, args=(base,)) for base in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert directory.state().callers == len(CALLERS) + 80


def test_reading_does_not_wait_for_a_writer_that_takes_its_time(directory, path):
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("DELETE FROM callers")
    try:
        assert name_of(directory) == "VIP:Ренессанс Капитал"
    finally:
        other.rollback()
        other.close()


def test_many_open_a_new_file_at_once(path):
    failed, ready = [], threading.Barrier(8)

    def start():
        ready.wait()
        try:
            StoreDirectory("own", {"path": str(path)}, DEFAULT_PLAN).close()
        except (DirectoryError, sqlite3.Error) as error:
            failed.append(error)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []


def test_two_processes_write_and_each_sees_the_others(path, store):
    code = (
        "import sys; from vats1c.directory.store import StoreDirectory; from vats1c.model import Caller\n"
        "from vats1c.number import DEFAULT_PLAN\n"
        "store = StoreDirectory('own', {'path': sys.argv[1]}, DEFAULT_PLAN)\n"
        "for place in range(50): store.add([f'8{sys.argv[2]}{place:07d}'], Caller(sys.argv[2]))\n"
        "store.close()"
    )
    # A new file: who comes second finds the tables made.
    new = path.with_name("new.sqlite")
    processes = [subprocess.Popen([sys.executable, "-c", code, new, part]) for part in ("903", "916")]
    assert [process.wait(60) for process in processes] == [0, 0]
    other = StoreDirectory("own", {"path": str(new)}, DEFAULT_PLAN)

    assert (name_of(other, "89030000049"), name_of(other, "89160000049")) == ("903", "916")
    assert other.state().callers == 100
    other.close()


def test_a_file_that_is_missing_is_made_and_found_again(opened, path):
    opened().add(["89235292926"], IVANOV)

    assert path.is_file()
    assert name_of(opened()) == IVANOV.name
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
    connection.close()


def test_without_a_path_the_file_has_its_usual_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    StoreDirectory("own", {}, DEFAULT_PLAN).close()

    assert (tmp_path / "directory.sqlite").is_file()


def make_foreign(path):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE calls(id)")
    connection.close()


def make_later(path):
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version={VERSION + 1}")
    connection.close()


@pytest.mark.parametrize(
    "make",
    [lambda path: path.write_bytes(b"not a database" * 100), lambda path: path.mkdir(), make_foreign, make_later],
    ids=["corrupt", "folder", "foreign", "later"],
)
def test_a_file_that_is_not_ours_stops_the_start_and_is_left_alone(path, make):
    path.parent.mkdir()
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(DirectoryError) as caught:
        StoreDirectory("own", {"path": str(path)}, DEFAULT_PLAN)

    assert caught.value.key == "path"
    assert (path.read_bytes() if path.is_file() else None) == before


def test_a_file_that_is_taken_away_is_not_made_anew(directory, path):
    directory.close()
    for file in path.parent.iterdir():
        file.unlink()

    with pytest.raises(DirectoryError):
        directory.find(identify("89235292926"))
    assert not directory.state().ready
    assert not path.exists()


@pytest.mark.parametrize(("settings", "key"), [({"path": ""}, "path"), ({"path": 7}, "path"), ({"url": "x"}, "url")])
def test_a_wrong_setting_stops_the_start_and_is_named(settings, key):
    with pytest.raises(DirectoryError) as caught:
        StoreDirectory("own", settings, DEFAULT_PLAN)

    assert caught.value.key == key


def plan_of(directory, query):
    from sqlalchemy import text

    compiled = str(query.compile(directory._reader, compile_kwargs={"literal_binds": True}))
    with directory._reader.connect() as connection:
        steps = connection.execute(text("EXPLAIN QUERY PLAN " + compiled.replace(":", r"\:")))
        return [step.detail for step in steps]


@pytest.mark.slow
def test_among_many_callers_a_number_is_found_by_its_index(store):
    def rows():
        for place in range(200_000):
            written = f"+79{place * 7919 % 10**9:09d}"
            yield Row(place, written, (Number(written, written, NumberKind.EXTERNAL),), Caller(f"Клиент {place}"))

    done = store.import_rows(rows(), "many")

    assert done.added == store.state().callers == 200_000
    assert name_of(store, "+79000007919") == "Клиент 1"
    assert store.find(identify("+919000007919")).confidence is Confidence.LAST_DIGITS
    for query, column in ((store._by_number, "number"), (store._by_last10, "last10")):
        steps = plan_of(store, query.params(wanted=9_000_007_919))
        assert f"SEARCH numbers USING INDEX ix_numbers_{column} ({column}=?)" in steps
        assert "SEARCH callers USING INTEGER PRIMARY KEY (rowid=?)" in steps
        assert not any("SCAN" in step or "TEMP" in step for step in steps)
    assert store.undo(done.id).removed == 200_000
