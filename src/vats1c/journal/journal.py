"""The journal of all exchanges and calls: one thread writes them, and readers continue from a cursor.

Rule: the future of `record` is done only when the call is on disk (SQLite: WAL with synchronous=FULL, so that a commit
is an fsync).
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

import sqlalchemy as sa
import structlog

from vats1c.database import Database, DatabaseError
from vats1c.database.schema import calls, rings
from vats1c.journal.change_notifier import ChangeNotifier
from vats1c.journal.queries import Reader
from vats1c.journal.retention import Retention, erase, forget, trim
from vats1c.journal.rings import RecordedCall, next_version, record_rings
from vats1c.journal.rows import caller_fields, write_exchanges
from vats1c.journal.watcher import Watcher
from vats1c.journal.writer import Writer
from vats1c.model import Call, Caller, Confidence, Exchange, Ringing

T = TypeVar("T")

log = structlog.get_logger("vats1c.journal")

_TRIM_INTERVAL_S = 60.0
RECEIPTS = ("shown", "seen", "closed")


class JournalError(DatabaseError):
    """The journal cannot be opened, written or read."""


class Journal(Reader):
    """The calls and exchanges of one database."""

    def __init__(
        self, database: Database, limits: Retention, on_dropped: Callable[[str, int], None] = lambda _what, _count: None
    ) -> None:
        """Write into `database`, whose tables must exist; rows beyond `limits` are deleted.

        When exchanges come faster than they are written, `on_dropped` is called with "exchange" and the number of
        dropped exchanges, or with "raw" and the number of exchanges that lost only their bytes.
        """
        super().__init__(database)
        self._database = database
        self._limits = limits
        self._watcher = Watcher(database, self)
        self.changes = ChangeNotifier()
        self._writer = Writer(
            database,
            write_exchanges,
            on_commit=self._watcher.wake,
            on_dropped=on_dropped,
            on_written=self.changes.notify,
            to_error=_to_journal_error,
        )
        # Enqueues an exchange to be written soon; never waits and never raises.
        self.enqueue: Callable[[Exchange], None] = self._writer.enqueue
        self._closed = threading.Event()

    def record(self, ringing: Ringing) -> "Future[RecordedCall]":
        """Return a future of the call that `ringing` belongs to; the future is done once the call is on disk.

        The future's exception is a JournalError. Its callbacks run on the thread that writes, so they must not wait.
        """
        if ringing.at.tzinfo is None:
            raise JournalError("время звонка без часового пояса", "the call's time has no zone")
        return self._writer.submit(record_rings, ringing)

    def set_caller(self, call_id: int, caller: Caller, confidence: Confidence | None) -> None:
        """Set the caller of a call that was recorded without one. Raises JournalError."""
        self._change([call_id], caller_fields(caller, confidence))

    def rename_callers(self, publication: str, numbers: Iterable[str], caller: Caller) -> int:
        """Set the caller of past calls of `numbers` (E.164); return the number of calls. Raises JournalError."""
        mine = sa.select(calls.c.id).where(calls.c.publication == publication, calls.c.number.in_(list(numbers)))

        def work(connection: sa.Connection) -> int:
            ids = list(connection.execute(mine.order_by(calls.c.id.desc()).limit(1_000)).scalars())
            _change(connection, ids[::-1], caller_fields(caller, Confidence.EXACT))
            return len(ids)

        return self._execute(work)

    def set_note(self, call_id: int, text: str, by: str, at: datetime) -> None:
        """Store the note that `by` wrote about a call; an empty text removes it. Raises JournalError."""
        self._change([call_id], {"note": text or None, "note_by": by, "note_at": at})

    def mark_receipt(self, call_id: int, keys: Iterable[str], what: str, at: datetime) -> None:
        """Record that the owners of `keys` were shown, saw or closed the card of a call at the time `at`.

        `what` is "shown", "seen" or "closed"; only the first time of each is kept. Raises JournalError.
        """
        column = rings.c[what]
        mine = (rings.c.call_id == call_id) & rings.c.key.in_(list(keys)) & column.is_(None)

        def work(connection: sa.Connection) -> None:
            if connection.execute(sa.update(rings).where(mine).values({what: at})).rowcount:
                _change(connection, [call_id], {})

        self._execute(work)

    def erase(self, number: str | None, received: str) -> int:
        """Delete every row of a number; return the number of rows. Raises JournalError."""
        erased = self._execute(lambda connection: erase(connection, number, received))
        with self._translated_errors():
            # Deleted rows must not survive in the write-ahead log either.
            self._database.empty_log()
        return erased

    def forget(self, publication: str, since: datetime) -> int:
        """Delete every row of `publication` written after `since`; return their number. Raises JournalError."""
        removed, piece = 0, 1
        while piece:
            piece = self._execute(lambda connection: forget(connection, publication, since))
            removed += piece
        return removed

    def flush(self) -> None:
        """Return once every exchange enqueued before can be read. Raises JournalError."""
        self._writer.flush()

    def trim(self, now: datetime | None = None) -> int:
        """Delete rows beyond the limits of age, count and size; return their number. Raises JournalError."""
        removed, piece = 0, 1
        while piece:
            piece = self._execute(lambda connection: trim(connection, self._limits, now or datetime.now(UTC)))
            removed += piece
        return removed

    def start_retention(self) -> None:
        """Start the thread that deletes rows beyond the limits at intervals."""
        threading.Thread(target=self._run_retention, name="journal-retention", daemon=True).start()

    def _run_retention(self) -> None:
        while not self._closed.wait(_TRIM_INTERVAL_S):
            try:
                removed = self.trim()
            except JournalError as error:
                log.warning("journal_trim_failed", reason=str(error))
                continue
            if removed:
                log.info("journal_trimmed", rows=removed)

    def watch(self, on_change: Callable[[list[Call]], None], needs_changes: Callable[[], bool] = lambda: True) -> None:
        """Call `on_change` with the calls that any process has changed; `on_change` must not wait.

        While `needs_changes` returns False, changes are not read at all.
        """
        self._watcher.watch(on_change, needs_changes)

    def writable(self) -> bool:
        """Tell whether the last write succeeded and the database answers."""
        if self._writer.well and self._database.is_readable():
            return True
        # There may be no call for hours, so this check itself writes, to find out whether the database works again.
        try:
            self._execute(next_version)
        except JournalError:
            return False
        return self._database.is_readable()

    def close(self) -> None:
        """Write what is enqueued and close the connections."""
        self._closed.set()
        self.changes.close()
        self._writer.close()
        self._watcher.close()
        self._database.close()

    def _change(self, ids: list[int], values: dict[str, Any]) -> None:
        self._execute(lambda connection: _change(connection, ids, values))

    def _execute(self, work: Callable[[sa.Connection], T]) -> T:
        return cast("T", self._writer.execute(_each, work))


def _to_journal_error(error: Exception) -> JournalError:
    journal_error = JournalError("звонок не записан в журнал", "the call could not be recorded")
    journal_error.__cause__ = error
    return journal_error


def _each(connection: sa.Connection, works: Sequence[Callable[[sa.Connection], Any]]) -> list[Any]:
    return [work(connection) for work in works]


def _change(connection: sa.Connection, ids: list[int], values: dict[str, Any]) -> None:
    """Update calls, and assign a new version to each of them."""
    if not ids:
        return
    first = next_version(connection, len(ids))
    update = sa.update(calls).where(calls.c.id == sa.bindparam("own_id"))
    connection.execute(
        update.values(version=sa.bindparam("drawn"), **values),
        [{"own_id": own_id, "drawn": first + place} for place, own_id in enumerate(ids)],
    )
