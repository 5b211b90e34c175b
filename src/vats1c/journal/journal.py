"""Write calls down and read them back, through SQLAlchemy.

Rule: `add` returns only when the call is on disk (SQLite: WAL with synchronous=FULL, so that a commit is an fsync).
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from vats1c.journal.schema import LONGEST_KEY, LONGEST_NUMBER, calls, metadata
from vats1c.language import Message
from vats1c.model import Call

_SECONDS_TO_WAIT_FOR_A_LOCK = 5


class JournalError(Exception):
    """The journal cannot be opened, written or read."""

    def __init__(self, ru: str, en: str) -> None:
        super().__init__(en)
        self.message = Message(ru, en)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A call as it stands in the journal; `id` grows and is never given twice."""

    id: int
    call: Call


class Journal:
    """The calls of one database."""

    def __init__(self, url: str) -> None:
        """Open the database at `url` (SQLAlchemy) and make its tables where missing. Raises JournalError."""
        self._writing = threading.Lock()
        try:
            parsed = sa.make_url(url)
            if parsed.get_backend_name() == "sqlite" and parsed.database:
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            # An error that names its parameters would carry numbers and keys into the log.
            self._engine = sa.create_engine(parsed, hide_parameters=True)
            if parsed.get_backend_name() == "sqlite":
                sa.event.listen(self._engine, "connect", _durable)
            metadata.create_all(self._engine)
        except (OSError, sa.exc.SQLAlchemyError, ImportError) as error:
            shown = _without_password(url)
            raise JournalError(
                f"журнал не открывается: {shown}: {_reason(error)}",
                f"cannot open the journal {shown}: {_reason(error)}",
            ) from error

    def add(self, call: Call) -> int:
        """Return the id of `call` once it is durably written. Raises JournalError."""
        row = {
            "publication": call.publication,
            "at": call.at,
            "received": call.received[:LONGEST_NUMBER],
            "number": call.number,
            "key": call.key[:LONGEST_KEY],
            "caller": call.caller,
        }
        try:
            # SQLite has one writer: waiting here is cheaper than in the database.
            with self._writing, self._engine.begin() as connection:
                return int(connection.execute(sa.insert(calls).returning(calls.c.id), row).scalar_one())
        except sa.exc.SQLAlchemyError as error:
            raise JournalError("звонок не записан в журнал", "the call could not be recorded") from error

    def recent(self, limit: int) -> list[Recorded]:
        """Return the last `limit` calls, oldest first."""
        newest = sa.select(calls).order_by(calls.c.id.desc()).limit(limit)
        return self._rows(newest)[::-1]

    def after(self, cursor: int, limit: int = 1_000) -> list[Recorded]:
        """Return up to `limit` calls whose id is above `cursor`, oldest first."""
        return self._rows(sa.select(calls).where(calls.c.id > cursor).order_by(calls.c.id).limit(limit))

    def writable(self) -> bool:
        """Tell whether the database answers."""
        try:
            with self._engine.connect() as connection:
                connection.execute(sa.select(calls.c.id).limit(1))
        except sa.exc.SQLAlchemyError:
            return False
        return True

    def close(self) -> None:
        """Let go of the connections."""
        self._engine.dispose()

    def _rows(self, query: sa.Select[Any]) -> list[Recorded]:
        try:
            with self._engine.connect() as connection:
                return list(_recorded(connection.execute(query).mappings().all()))
        except sa.exc.SQLAlchemyError as error:
            raise JournalError(
                f"журнал не читается: {_reason(error)}", f"cannot read the journal: {_reason(error)}"
            ) from error


def _recorded(rows: Sequence[sa.RowMapping]) -> Iterator[Recorded]:
    for row in rows:
        fields = dict(row)
        yield Recorded(fields.pop("id"), Call(**fields))


def _durable(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={_SECONDS_TO_WAIT_FOR_A_LOCK * 1000}",
        "journal_mode=WAL",
        "synchronous=FULL",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _without_password(url: str) -> str:
    try:
        return sa.make_url(url).render_as_string(hide_password=True)
    except sa.exc.ArgumentError:
        return "database"


def _reason(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return str(cause).splitlines()[0] if str(cause) else type(cause).__name__
