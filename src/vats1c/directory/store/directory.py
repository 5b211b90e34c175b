"""The directory kind "store": lookup, editing and import of callers in one SQLite file.

Lookups use database indexes, so ten million callers take no more time than ten.
"""

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
# More callers do not matter: the match is ambiguous, and the phone cannot show more names.
_MAX_CALLERS = 50
_MIN_DIGITS = 3


class StoreDirectory:
    """The embedded directory. Readers never wait for a writer; writers run one at a time."""

    nonblocking = False
    local = True
    file_settings = ("path",)

    @staticmethod
    def default_settings(context: DirectoryContext) -> dict[str, str]:
        """Return the default settings for `context`: a file in the data folder, and the name of the publication."""
        return {"path": str(context.data / _PATH), "publication": context.publication}

    def __init__(self, name: str, settings: Mapping[str, Any], plan: NumberPlan) -> None:
        """Open the file at `settings["path"]`; create it if it is missing. Raises DirectoryError."""
        refuse_unknown(settings, _SETTINGS)
        refuse_no_text(settings, _SETTINGS)
        self.name = name
        self.path = Path(settings.get("path", _PATH))
        self._publication = settings.get("publication", _PUBLICATION)
        self._plan = plan
        self._write_lock = threading.Lock()
        with _translated_errors(self.path, "path"):
            prepare(self.path)
            self._reader = reader(self.path)
            self._writer = writer(self.path)
        self._by_number = _query_by(numbers.c.number, self._publication)
        self._by_last10 = _query_by(numbers.c.last10, self._publication)

    def find(self, number: Number) -> Match | None:
        """Return the match by canonical number, else by the last ten digits. Raises DirectoryError."""
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
        """Return the number of callers; not ready when the file is missing or cannot be read."""
        query = sa.select(totals.c.callers).where(totals.c.publication == self._publication)
        # Queries on open connections succeed even after the file was deleted.
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
        """Add `caller` with `numbers`, in any notation, and return the id of the new entry. Raises DirectoryError."""
        parsed = self._numbers(numbers)
        _check_name(caller)
        with self._write() as connection:
            record = Entry(records.next_id(connection), caller, parsed, now())
            records.write(connection, self._publication, [record])
            records.count(connection, self._publication, 1)
        return record.id

    def change(self, entry_id: int, *, numbers: Iterable[str] | None = None, caller: Caller | None = None) -> None:
        """Replace the numbers, the caller's fields or both; None leaves them unchanged. Raises DirectoryError."""
        parsed = None if numbers is None else self._numbers(numbers)
        if caller is not None:
            _check_name(caller)
        with self._write() as connection:
            existing = self._existing(connection, entry_id)
            changed = replace(
                existing, numbers=parsed or existing.numbers, caller=caller or existing.caller, changed=now()
            )
            records.write(connection, self._publication, [changed])

    def remove(self, entry_id: int) -> None:
        """Remove the entry with this id. Raises DirectoryError when there is none."""
        with self._write() as connection:
            self._existing(connection, entry_id)
            records.delete(connection, [entry_id])
            records.count(connection, self._publication, -1)

    def get(self, entry_id: int) -> Entry:
        """Return the entry with this id. Raises DirectoryError when there is none."""
        with self._read() as connection:
            return self._existing(connection, entry_id)

    def find_by_text(self, text: str, limit: int = 50) -> list[Entry]:
        """Return entries that contain every word of `text` in name, company, note or number, ignoring case.

        Scans the table until `limit` entries match, so it is too slow for calls. Raises DirectoryError.
        """
        query = sa.select(callers.c.id).where(callers.c.publication == self._publication)
        for word in self._words(text):
            query = query.where(sa.func.instr(callers.c.folded, word) > 0)
        with self._read() as connection:
            ids = connection.execute(query.order_by(callers.c.id).limit(limit)).scalars().all()
            return list(records.read(connection, ids).values())

    def rows(self) -> Iterator[Row]:
        """Yield each entry as a row whose `line` is the id of the entry. Raises DirectoryError."""
        last_id = 0
        while True:
            # Read in batches: one long read transaction would keep SQLite from truncating the WAL.
            query = sa.select(callers.c.id).where(callers.c.publication == self._publication, callers.c.id > last_id)
            with self._read() as connection:
                ids = connection.execute(query.order_by(callers.c.id).limit(_BATCH_ROWS)).scalars().all()
                entries = records.read(connection, ids)
            if not ids:
                return
            last_id = ids[-1]
            for entry_id, record in entries.items():
                cell = ", ".join(number.received for number in record.numbers)
                yield Row(entry_id, cell, record.numbers, record.caller)

    def import_rows(
        self,
        rows: Iterable[Row],
        source: str,
        on_progress: Callable[[int], None] = lambda _done: None,
        *,
        dry_run: bool = False,
    ) -> ImportResult:
        """Import `rows` in batches and return the counts, with the id for `undo`. A failure undoes the whole import.

        With `dry_run` count in one transaction that is rolled back; other writers wait for its end. `on_progress`
        receives the number of rows done, after each batch of 1,000. Raises DirectoryError.
        """
        at = now()
        with self._write(keep=not dry_run) as connection:
            new = sa.insert(imports).values(publication=self._publication, source=source, at=at).returning(imports.c.id)
            done = ImportResult(connection.execute(new).scalar_one())
            if dry_run:
                return self._import_batches(lambda: nullcontext(connection), rows, done, at, on_progress)
        try:
            return self._import_batches(self._write, rows, done, at, on_progress)
        except BaseException:
            self.undo(done.id)
            raise
        finally:
            # Closing the writer connection frees its page cache, which is sized for imports.
            self._writer.dispose()

    def undo(self, import_id: int) -> UndoResult:
        """Remove the entries that the import added, restore those it changed; leave entries that were edited later.

        Raises DirectoryError when there is no such import or it has been undone.
        """
        with self._write() as connection:
            undone = undo(connection, self._publication, import_id)
        if undone is None:
            raise DirectoryError(f"нет такой загрузки: {import_id}", f"no such import: {import_id}")
        return undone

    def imports(self) -> list[Import]:
        """Return the imports that can be undone, newest first. Raises DirectoryError."""
        query = sa.select(imports.c.id, imports.c.source, imports.c.at)
        query = query.where(imports.c.publication == self._publication).order_by(imports.c.id.desc())
        with self._read() as connection:
            return [Import(*row) for row in connection.execute(query)]

    def _import_batches(
        self,
        transaction: Callable[[], AbstractContextManager[sa.Connection]],
        rows: Iterable[Row],
        done: ImportResult,
        at: str,
        on_progress: Callable[[int], None],
    ) -> ImportResult:
        """Import `rows` in batches, each within its own `transaction`, and return the total counts."""
        processed, remaining = 0, iter(rows)
        while batch := list(islice(remaining, _BATCH_ROWS)):
            with transaction() as connection:
                done = ImportBatch(connection, self._publication, done, at).write(batch)
            processed += len(batch)
            on_progress(processed)
        return replace(done, passed_over=processed - done.added - done.changed - done.same)

    def _numbers(self, cells: Iterable[str]) -> tuple[Number, ...]:
        parsed = distinct_numbers(number for cell in cells for number in parse_cell(cell, self._plan))
        if not parsed:
            raise DirectoryError("нужен номер телефонной сети", "a public number is needed", "numbers")
        return parsed

    def _words(self, text: str) -> list[str]:
        # A complete number is searched in its stored canonical form, a part of a number by its digits.
        number = identify(text, self._plan)
        if number.canonical:
            return [number.canonical]
        digits = re.sub(r"\D", "", text)
        if len(digits) >= _MIN_DIGITS and re.fullmatch(r"[\d\s()+.-]+", text):
            return [digits]
        return fold(text).split()

    def _existing(self, connection: sa.Connection, entry_id: int) -> Entry:
        query = sa.select(callers.c.id).where(callers.c.id == entry_id, callers.c.publication == self._publication)
        if connection.execute(query).first() is None:
            raise DirectoryError(f"нет такой записи: {entry_id}", f"no such caller: {entry_id}")
        return records.read(connection, [entry_id])[entry_id]

    @contextmanager
    def _read(self) -> Iterator[sa.Connection]:
        with _translated_errors(self.path), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def _write(self, *, keep: bool = True) -> Iterator[sa.Connection]:
        with (
            _translated_errors(self.path),
            self._write_lock,
            self._writer.connect() as connection,
            connection.begin() as transaction,
        ):
            yield connection
            if not keep:
                transaction.rollback()


def _query_by(column: sa.ColumnElement[Any], publication: str) -> sa.Select[Any]:
    """Return the query of callers by an indexed column of the table `numbers`."""
    return (
        sa.select(numbers.c.local, *(callers.c[field] for field in FIELDS))
        .join(callers, callers.c.id == numbers.c.caller_id)
        .where(column == sa.bindparam("wanted"), callers.c.publication == publication)
        .limit(_MAX_CALLERS)
    )


def _match(rows: Iterable[Any], confidence: Confidence) -> Match | None:
    return Match.of((Caller(*row[1:]) for row in rows), confidence)


def _check_name(caller: Caller) -> None:
    if not caller.name.strip():
        raise DirectoryError("нужно имя", "a name is needed", "name")


@contextmanager
def _translated_errors(path: Path, key: str = "") -> Iterator[None]:
    """Translate file and database errors into a DirectoryError with a one-line message without query parameters."""
    try:
        yield
    except (OSError, UnicodeError, sqlite3.Error, sa.exc.SQLAlchemyError) as error:
        cause = getattr(error, "orig", None) or error
        is_printable = isinstance(cause, sqlite3.Error | OSError)
        reason = next(iter(str(cause).splitlines()), "") if is_printable else type(cause).__name__
        raise DirectoryError(f"справочник {path}: {reason}", f"directory {path}: {reason}", key) from error
