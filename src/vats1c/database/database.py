"""Open a database, say what is wrong with it, hand out connections."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from vats1c.database.embedded import enable_wal
from vats1c.database.errors import DatabaseError, reason
from vats1c.database.file_guard import FileGuard
from vats1c.database.schema import metadata

# The last step in migrations/versions.
SCHEMA_VERSION = "0003"
# Where PostgreSQL tells other processes of changes.
CHANNEL = "vats1c"
_LOCK_TIMEOUT_S = 3
# Any number will do, as long as nobody else locks by it ("vats1c" in ASCII).
_ADVISORY_LOCK = 0x766174733163
_DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}
_version = sa.table("alembic_version", sa.column("version_num"))


class Database:
    """Connections to one database."""

    def __init__(self, url: str) -> None:
        """Open the database at `url` (SQLAlchemy), making a SQLite file where missing. Raises DatabaseError."""
        self._url = url
        with self._translated_errors("не открывается", "cannot open"):
            parsed = sa.make_url(url)
            parsed = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
            if parsed.get_backend_name() not in ("sqlite", "postgresql"):
                raise ValueError("sqlite, postgresql?")
            self.embedded = parsed.get_backend_name() == "sqlite"
            if self.embedded and parsed.database:
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            # An error that names its parameters would carry numbers and keys into the log.
            self.engine = sa.create_engine(parsed, hide_parameters=True, **({} if self.embedded else _PATIENT))
            self._guard = self._guarded(parsed) if self.embedded else None

    def prepare(self) -> None:
        """Bring an embedded database to this version's tables; refuse another that is not. Raises DatabaseError."""
        with self._translated_errors("не открывается", "cannot open"), self._held(create=True):
            self._prepare()

    def upgrade(self) -> str | None:
        """Bring the tables to this version, and return what version was found. Raises DatabaseError."""
        with self._translated_errors("не обновляется", "cannot upgrade"), self._held(create=True):
            return self._upgrade()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give a connection to read by. Raises FilesGoneError."""
        with self._held(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Give a connection in a transaction that no other writer is in, committed at the end.

        Raises FilesGoneError when the files were removed or replaced meanwhile: what was committed is lost.
        """
        with self._held(create=True):
            with self._transaction() as connection:
                yield connection
            if self._guard is not None:
                self._guard.require_current()

    def changes(self) -> object:
        """Return what is another value after each commit of another connection to an embedded database."""
        return self._guard.changes() if self._guard is not None else None

    def empty_log(self) -> None:
        """Leave nothing in the log of changes of an embedded database."""
        if self._guard is not None:
            self._guard.empty_log()

    def is_readable(self) -> bool:
        """Tell whether the database can be read."""
        try:
            with self.reading() as connection:
                connection.execute(sa.select(_version))
        except sa.exc.SQLAlchemyError:
            return False
        return True

    def close(self) -> None:
        """Let go of the connections."""
        self.engine.dispose()
        if self._guard is not None:
            self._guard.close()

    def _guarded(self, url: sa.URL) -> FileGuard | None:
        """Have the engine connect to the files that are open; None for a database in memory."""
        sa.event.listen(self.engine, "connect", _set_durability)
        sa.event.listen(self.engine, "begin", _begin)
        if not url.database or url.database == ":memory:":
            return None
        arguments, named = self.engine.dialect.create_connect_args(url)

        def connect() -> sqlite3.Connection:
            connection: sqlite3.Connection = self.engine.dialect.connect(*arguments, **named)  # type: ignore[assignment]
            try:
                _set_durability(connection, None)
            except BaseException:
                connection.close()
                raise
            return connection

        guard = FileGuard(url.database, connect, self.engine.dispose, self._prepare)

        def to_open_files(dialect: Any, _record: Any, args: Any, kwargs: Any) -> sqlite3.Connection:
            return guard.connection(lambda: dialect.connect(*args, **kwargs))

        sa.event.listen(self.engine, "do_connect", to_open_files)
        return guard

    def _held(self, *, create: bool = False) -> AbstractContextManager[None]:
        return nullcontext() if self._guard is None else self._guard.held(create=create)

    def _prepare(self, write: Callable[[sa.Connection], None] | None = None) -> None:
        with self.engine.connect() as connection:
            found = _current_version(connection)
        if found != SCHEMA_VERSION:
            _refuse_newer(found)
            if not self.embedded:
                ru = "таблицы журнала старше программы" if found else "в базе ещё нет таблиц журнала"
                en = "the journal's tables are of an older version" if found else "the journal has no tables yet"
                raise DatabaseError(f"{ru}: выполните vats1c journal upgrade", f"{en}: run vats1c journal upgrade")
            with self._translated_errors("не обновляется", "cannot upgrade"):
                self._upgrade()
        if write is not None:
            with self._transaction() as connection:
                write(connection)

    def _upgrade(self) -> str | None:
        with self._transaction() as connection:
            found = _current_version(connection)
            _refuse_newer(found)
            if found is None and not sa.inspect(connection).has_table("calls"):
                # All at once, and alembic is not even imported: a first start takes no longer than any other.
                metadata.create_all(connection)
                connection.execute(
                    sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
                )
                connection.execute(sa.insert(_version), {"version_num": SCHEMA_VERSION})
            elif found != SCHEMA_VERSION:
                _migrate(connection, found)
            return found

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        with self.engine.connect().execution_options(vats1c_writes=True) as connection, connection.begin():
            if not self.embedded:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
            try:
                yield connection
            except (sqlite3.OperationalError, sa.exc.OperationalError) as error:
                if self.embedded:
                    # One that was opened while the volume was read-only stays so.
                    connection.invalidate(error)
                raise

    @contextmanager
    def _translated_errors(self, ru: str, en: str) -> Iterator[None]:
        """Turn whatever goes wrong into one sentence that holds no password."""
        try:
            yield
        except (OSError, ValueError, sa.exc.SQLAlchemyError, ImportError) as error:
            shown = _without_password(self._url)
            raise DatabaseError(
                f"журнал {ru}: {shown}: {reason(error)}", f"{en} the journal {shown}: {reason(error)}"
            ) from error


# A server that does not answer must not hold a call for minutes: libpq would.
_PATIENT: dict[str, Any] = {
    "pool_pre_ping": True,
    "connect_args": {"connect_timeout": 3, "tcp_user_timeout": 5_000, "options": "-c statement_timeout=10000"},
}


def _current_version(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.execute(sa.select(_version)).scalar()
    return version


def _refuse_newer(found: str | None) -> None:
    if found is not None and found > SCHEMA_VERSION:
        raise DatabaseError(
            f"таблицы журнала версии {found}, программа знает {SCHEMA_VERSION}: нужна программа новее",
            f"the journal's tables are of version {found}, this program knows {SCHEMA_VERSION}: a later one is needed",
        )


def _migrate(connection: sa.Connection, found: str | None) -> None:
    from alembic import command  # noqa: PLC0415 - a start without a migration does without it
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "vats1c.database:migrations")
    config.attributes["connection"] = connection
    if found is None:
        # The first version kept no account of its version.
        command.stamp(config, "0001")
    command.upgrade(config, SCHEMA_VERSION)


def _begin(connection: sa.Connection) -> None:
    # The module's own BEGIN comes too late: what a writer read before its first write must still be so.
    connection.exec_driver_sql(
        "BEGIN IMMEDIATE" if connection.get_execution_options().get("vats1c_writes") else "BEGIN"
    )


def _set_durability(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    enable_wal(connection)
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={_LOCK_TIMEOUT_S * 1000}",
        "synchronous=FULL",
        # Moving the log into the file takes fsyncs of its own: every 32 MB is often enough.
        "wal_autocheckpoint=8000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _without_password(url: str) -> str:
    try:
        return sa.make_url(url).render_as_string(hide_password=True)
    except sa.exc.ArgumentError:
        return "database"
