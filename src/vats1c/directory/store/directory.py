"""The callers of one SQLite file, found by number through its indexes: ten million of them take no more than ten."""

import re
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from vats1c.directory import DirectoryContext, DirectoryError, Row, State
from vats1c.directory.editing import Entry, Import, ImportResult, UndoResult
from vats1c.directory.settings_checks import refuse_no_text, refuse_unknown
from vats1c.directory.store import records
from vats1c.directory.store.imports import ImportBatch, undo
from vats1c.directory.store.records import FIELDS, distinct_numbers, fold, now
from vats1c.directory.store.schema import callers, imports, numbers, prepare, reader, totals, writer
from vats1c.model import Caller, Confidence, Match
from vats1c.number import Number, NumberPlan, identify, parse_cell

_SETTINGS = ("path", "publication")
_PATH = "directory.sqlite"
_PUBLICATION = "telephony"
_BATCH_ROWS = 1_000
# More callers than a phone can show say no more than "ambiguous".
_MAX_CALLERS = 50
_MIN_DIGITS = 3


class StoreDirectory:
    """The embedded directory. Reading never waits for writing; of writers, one goes at a time."""

    nonblocking = False
    local = True
    file_settings = ("path",)

    @staticmethod
    def default_settings(home: DirectoryContext) -> dict[str, str]:
        """Return where the callers of a publication are kept when the settings do not say."""
        return {"path": str(home.data / _PATH), "publication": home.publication}

    def __init__(self, name: str, settings: Mapping[str, Any], plan: NumberPlan) -> None:
        """Open the file at `settings["path"]`, making it where missing. Raises DirectoryError."""
        refuse_unknown(settings, _SETTINGS)
        refuse_no_text(settings, _SETTINGS)
        self.name = name
        self.path = Path(settings.get("path", _PATH))
        self._publication = settings.get("publication", _PUBLICATION)
        self._plan = plan
        self._writing = threading.Lock()
        with _translated_errors(self.path, "path"):
            prepare(self.path)
            self._reader = reader(self.path)
            self._writer = writer(self.path)
        self._by_number = _by(numbers.c.number, self._publication)
        self._by_last10 = _by(numbers.c.last10, self._publication)

    def find(self, number: Number) -> Match | None:
        """Return the callers with this number, else those with its last ten digits. Raises DirectoryError."""
        with self._read() as connection:
            rows = connection.execute(self._by_number, {"wanted": int(number.canonical or 0)}).all()
            if rows:
                guessed = number.local or any(row[0] for row in rows)
                return _match(rows, Confidence.LOCAL if guessed else Confidence.EXACT)
            if number.last10 is None:
                return None
            rows = connection.execute(self._by_last10, {"wanted": int(number.last10)}).all()
            return _match(rows, Confidence.LAST_DIGITS)

    def state(self) -> State:
        """Return the number of callers; not ready when the file cannot be read."""
        query = sa.select(totals.c.callers).where(totals.c.publication == self._publication)
        # Connections that are open would not notice that the file was taken away.
        if not self.path.exists():
            return State(ready=False)
        try:
            with self._read() as connection:
                return State(ready=True, callers=connection.execute(query).scalar() or 0)
        except DirectoryError:
            return State(ready=False)

    def close(self) -> None:
        """Close the connections."""
        self._reader.dispose()
        self._writer.dispose()

    def add(self, numbers: Iterable[str], caller: Caller) -> int:
        """Return the id of `caller`, now known by `numbers`, written in any way. Raises DirectoryError."""
        own = self._numbers(numbers)
        _named(caller)
        with self._write() as connection:
            record = Entry(records.next_id(connection), caller, own, now())
            records.write(connection, self._publication, [record])
            records.count(connection, self._publication, 1)
        return record.id

    def change(self, own_id: int, *, numbers: Iterable[str] | None = None, caller: Caller | None = None) -> None:
        """Put other numbers or other words in place of those there are. Raises DirectoryError."""
        own = None if numbers is None else self._numbers(numbers)
        if caller is not None:
            _named(caller)
        with self._write() as connection:
            held = self._existing(connection, own_id)
            changed = replace(held, numbers=own or held.numbers, caller=caller or held.caller, changed=now())
            records.write(connection, self._publication, [changed])

    def remove(self, own_id: int) -> None:
        """Take a caller out. Raises DirectoryError when there is none with this id."""
        with self._write() as connection:
            self._existing(connection, own_id)
            records.delete(connection, [own_id])
            records.count(connection, self._publication, -1)

    def get(self, own_id: int) -> Entry:
        """Return the caller with this id. Raises DirectoryError when there is none."""
        with self._read() as connection:
            return self._existing(connection, own_id)

    def find_by_text(self, text: str, limit: int = 50) -> list[Entry]:
        """Return callers whose name, company, note or number has every word of `text`, in any case of letters.

        Every caller is looked at until `limit` are found: this is for people, not for calls. Raises DirectoryError.
        """
        query = sa.select(callers.c.id).where(callers.c.publication == self._publication)
        for word in self._words(text):
            query = query.where(sa.func.instr(callers.c.folded, word) > 0)
        with self._read() as connection:
            found = connection.execute(query.order_by(callers.c.id).limit(limit)).scalars().all()
            return list(records.read(connection, found).values())

    def rows(self) -> Iterator[Row]:
        """Yield every caller as a row whose line is the id. Raises DirectoryError."""
        last = 0
        while True:
            # By pieces: one long reading would keep the file's journal from being emptied.
            query = sa.select(callers.c.id).where(callers.c.publication == self._publication, callers.c.id > last)
            with self._read() as connection:
                ids = connection.execute(query.order_by(callers.c.id).limit(_BATCH_ROWS)).scalars().all()
                found = records.read(connection, ids)
            if not ids:
                return
            last = ids[-1]
            for own_id, record in found.items():
                cell = ", ".join(number.received for number in record.numbers)
                yield Row(own_id, cell, record.numbers, record.caller)

    def import_rows(
        self,
        rows: Iterable[Row],
        source: str,
        on_progress: Callable[[int], None] = lambda _done: None,
        *,
        dry_run: bool = False,
    ) -> ImportResult:
        """Take `rows` in and return what was done, with the id to undo it by; a failure undoes it at once.

        With `dry_run` return what would be done; other writers wait for it. `on_progress` is told how many rows are
        done, every thousand. Raises DirectoryError.
        """
        at = now()
        with self._write(keep=not dry_run) as connection:
            new = sa.insert(imports).values(publication=self._publication, source=source, at=at).returning(imports.c.id)
            done = ImportResult(connection.execute(new).scalar_one())
            if dry_run:
                return self._take(lambda: nullcontext(connection), rows, done, at, on_progress)
        try:
            return self._take(self._write, rows, done, at, on_progress)
        except BaseException:
            self.undo(done.id)
            raise
        finally:
            # With it goes the cache that an import of millions lives off.
            self._writer.dispose()

    def undo(self, import_id: int) -> UndoResult:
        """Remove what the import added and restore what it changed, save what was changed since.

        Raises DirectoryError when there is no such import, or it was undone before.
        """
        with self._write() as connection:
            undone = undo(connection, self._publication, import_id)
        if undone is None:
            raise DirectoryError(f"нет такой загрузки: {import_id}", f"no such import: {import_id}")
        return undone

    def imports(self) -> list[Import]:
        """Return the imports that can be undone, the newest first. Raises DirectoryError."""
        query = sa.select(imports.c.id, imports.c.source, imports.c.at)
        query = query.where(imports.c.publication == self._publication).order_by(imports.c.id.desc())
        with self._read() as connection:
            return [Import(*row) for row in connection.execute(query)]

    def _take(
        self,
        writing: Callable[[], AbstractContextManager[sa.Connection]],
        rows: Iterable[Row],
        done: ImportResult,
        at: str,
        on_progress: Callable[[int], None],
    ) -> ImportResult:
        """Take `rows` in, batch by batch, each within its own `writing`."""
        taken, given = 0, iter(rows)
        while batch := list(islice(given, _BATCH_ROWS)):
            with writing() as connection:
                done = ImportBatch(connection, self._publication, done, at).write(batch)
            taken += len(batch)
            on_progress(taken)
        return replace(done, passed_over=taken - done.added - done.changed - done.same)

    def _numbers(self, written: Iterable[str]) -> tuple[Number, ...]:
        own = distinct_numbers(number for cell in written for number in parse_cell(cell, self._plan))
        if not own:
            raise DirectoryError("нужен номер телефонной сети", "a public number is needed", "numbers")
        return own

    def _words(self, text: str) -> list[str]:
        # However a number is written, it is looked for as it is kept; a part of one, by its digits.
        number = identify(text, self._plan)
        if number.canonical:
            return [number.canonical]
        digits = re.sub(r"\D", "", text)
        if len(digits) >= _MIN_DIGITS and re.fullmatch(r"[\d\s()+.-]+", text):
            return [digits]
        return fold(text).split()

    def _existing(self, connection: sa.Connection, own_id: int) -> Entry:
        mine = sa.select(callers.c.id).where(callers.c.id == own_id, callers.c.publication == self._publication)
        if connection.execute(mine).first() is None:
            raise DirectoryError(f"нет такой записи: {own_id}", f"no such caller: {own_id}")
        return records.read(connection, [own_id])[own_id]

    @contextmanager
    def _read(self) -> Iterator[sa.Connection]:
        with _translated_errors(self.path), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def _write(self, *, keep: bool = True) -> Iterator[sa.Connection]:
        with (
            _translated_errors(self.path),
            self._writing,
            self._writer.connect() as connection,
            connection.begin() as writing,
        ):
            yield connection
            if not keep:
                writing.rollback()


def _by(column: sa.ColumnElement[Any], publication: str) -> sa.Select[Any]:
    """Return the query of the callers by one column of their numbers, which has an index."""
    return (
        sa.select(numbers.c.local, *(callers.c[field] for field in FIELDS))
        .join(callers, callers.c.id == numbers.c.caller_id)
        .where(column == sa.bindparam("wanted"), callers.c.publication == publication)
        .limit(_MAX_CALLERS)
    )


def _match(rows: Iterable[Any], confidence: Confidence) -> Match | None:
    return Match.of((Caller(*row[1:]) for row in rows), confidence)


def _named(caller: Caller) -> None:
    if not caller.name.strip():
        raise DirectoryError("нужно имя", "a name is needed", "name")


@contextmanager
def _translated_errors(path: Path, key: str = "") -> Iterator[None]:
    """Turn whatever the file fails with into DirectoryError, in one line without what was asked."""
    try:
        yield
    except (OSError, UnicodeError, sqlite3.Error, sa.exc.SQLAlchemyError) as error:
        cause = getattr(error, "orig", None) or error
        known = isinstance(cause, sqlite3.Error | OSError)
        reason = next(iter(str(cause).splitlines()), "") if known else type(cause).__name__
        raise DirectoryError(f"справочник {path}: {reason}", f"directory {path}: {reason}", key) from error
