"""Open the service's database, migrate it, and provide connections in read and write transactions."""

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

# The last revision in migrations/versions.
SCHEMA_VERSION = "0003"
# The PostgreSQL NOTIFY channel on which other processes learn of changes.
CHANNEL = "vats1c"
_LOCK_TIMEOUT_S = 3
# The key of the advisory lock on a PostgreSQL server: "vats1c" in ASCII, which no other application should use.
_ADVISORY_LOCK = 0x766174733163
_DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}
_version_table = sa.table("alembic_version", sa.column("version_num"))


class Database:
    """One SQLite or PostgreSQL database. `embedded` is True for SQLite."""

    def __init__(self, url: str) -> None:
        """Prepare connections to the SQLAlchemy `url`; create a SQLite file's missing folder. Raises DatabaseError.

        The folder of a SQLite URI (`file:…?uri=true`) is not created.
        """
        self._url = url
        with self._translated_errors("не открывается", "cannot open"):
            parsed = sa.make_url(url)
            parsed = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
            if parsed.get_backend_name() not in ("sqlite", "postgresql"):
                raise ValueError("sqlite, postgresql?")
            self.embedded = parsed.get_backend_name() == "sqlite"
            if self.embedded and parsed.database and not parsed.database.startswith("file:"):
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            # hide_parameters: error messages with parameters would put phone numbers and keys into the log.
            self.engine = sa.create_engine(parsed, hide_parameters=True, **({} if self.embedded else _SERVER_OPTIONS))
            self._guard = self._attach_guard(parsed) if self.embedded else None

    def prepare(self) -> None:
        """Create or migrate the tables of a SQLite database. Raises DatabaseError.

        A PostgreSQL database is only checked: DatabaseError is raised if its tables are missing or of another version.
        """
        with self._translated_errors("не открывается", "cannot open"), self._current_files(create=True):
            self._prepare()

    def upgrade(self) -> str | None:
        """Create or migrate the tables; return the version they had before, None for none. Raises DatabaseError."""
        with self._translated_errors("не обновляется", "cannot upgrade"), self._current_files(create=True):
            return self._upgrade()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Yield a connection for reading. Raises FilesGoneError."""
        with self._current_files(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Yield a connection in a write transaction; commit it at the end. All processes write one after another.

        Raises FilesGoneError when the files were removed or replaced meanwhile: the committed transaction is lost.
        """
        with self._current_files(create=True):
            with self._transaction() as connection:
                yield connection
            if self._guard is not None:
                self._guard.require_current()

    def changes(self) -> object:
        """Return a value that changes with each commit of another connection to a SQLite file; otherwise None."""
        return self._guard.changes() if self._guard is not None else None

    def empty_log(self) -> None:
        """Copy a SQLite file's write-ahead log into the database and truncate the log. Raises FilesGoneError."""
        if self._guard is not None:
            self._guard.empty_log()

    def is_readable(self) -> bool:
        """Tell whether the database can be read."""
        try:
            with self.reading() as connection:
                connection.execute(sa.select(_version_table))
        except sa.exc.SQLAlchemyError:
            return False
        return True

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()
        if self._guard is not None:
            self._guard.close()

    def _attach_guard(self, url: sa.URL) -> FileGuard | None:
        """Make the engine connect through a FileGuard, and return the guard; None for a database in memory."""
        sa.event.listen(self.engine, "connect", _configure_sqlite)
        sa.event.listen(self.engine, "begin", _begin_transaction)
        if not url.database or url.database == ":memory:":
            return None
        connect_args, connect_kwargs = self.engine.dialect.create_connect_args(url)

        def connect() -> sqlite3.Connection:
            connection: sqlite3.Connection = self.engine.dialect.connect(*connect_args, **connect_kwargs)  # type: ignore[assignment]
            try:
                _configure_sqlite(connection, None)
            except BaseException:
                connection.close()
                raise
            return connection

        guard = FileGuard(url.database, connect, self.engine.dispose, self._prepare)

        def connect_to_open_files(dialect: Any, _record: Any, args: Any, kwargs: Any) -> sqlite3.Connection:
            return guard.connection(lambda: dialect.connect(*args, **kwargs))

        sa.event.listen(self.engine, "do_connect", connect_to_open_files)
        return guard

    def _current_files(self, *, create: bool = False) -> AbstractContextManager[None]:
        return nullcontext() if self._guard is None else self._guard.held(create=create)

    def _prepare(self, write: Callable[[sa.Connection], None] | None = None) -> None:
        with self.engine.connect() as connection:
            version = _current_version(connection)
        if version != SCHEMA_VERSION:
            _refuse_newer(version)
            if not self.embedded:
                ru = "таблицы журнала старше программы" if version else "в базе ещё нет таблиц журнала"
                en = "the journal's tables are of an older version" if version else "the journal has no tables yet"
                raise DatabaseError(f"{ru}: выполните vats1c journal upgrade", f"{en}: run vats1c journal upgrade")
            with self._translated_errors("не обновляется", "cannot upgrade"):
                self._upgrade()
        if write is not None:
            with self._transaction() as connection:
                write(connection)

    def _upgrade(self) -> str | None:
        with self._transaction() as connection:
            version = _current_version(connection)
            _refuse_newer(version)
            if version is None and not sa.inspect(connection).has_table("calls"):
                # Create the current tables without importing alembic, which is slow.
                metadata.create_all(connection)
                connection.execute(
                    sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
                )
                connection.execute(sa.insert(_version_table), {"version_num": SCHEMA_VERSION})
            elif version != SCHEMA_VERSION:
                _migrate(connection, version)
            return version

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        with self.engine.connect().execution_options(vats1c_writes=True) as connection, connection.begin():
            if not self.embedded:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
            try:
                yield connection
            except (sqlite3.OperationalError, sa.exc.OperationalError) as error:
                if self.embedded:
                    # Discard the connection: if it was opened on a read-only volume, it remains read-only.
                    connection.invalidate(error)
                raise

    @contextmanager
    def _translated_errors(self, ru: str, en: str) -> Iterator[None]:
        """Convert errors into a DatabaseError, whose sentence contains `ru` or `en` but not the password."""
        try:
            yield
        except (OSError, ValueError, sa.exc.SQLAlchemyError, ImportError) as error:
            url = _without_password(self._url)
            raise DatabaseError(
                f"журнал {ru}: {url}: {reason(error)}", f"{en} the journal {url}: {reason(error)}"
            ) from error


# By default libpq waits minutes for a server that does not answer, and a call would wait with it. connect_timeout is in
# seconds, the other two timeouts are in milliseconds.
_SERVER_OPTIONS: dict[str, Any] = {
    "pool_pre_ping": True,
    "connect_args": {"connect_timeout": 3, "tcp_user_timeout": 5_000, "options": "-c statement_timeout=10000"},
}


def _current_version(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.execute(sa.select(_version_table)).scalar()
    return version


def _refuse_newer(version: str | None) -> None:
    if version is not None and version > SCHEMA_VERSION:
        raise DatabaseError(
            f"таблицы журнала версии {version}, программа знает {SCHEMA_VERSION}: нужна программа новее",
            f"the journal's tables are of version {version}, "
            f"this program knows {SCHEMA_VERSION}: a later one is needed",
        )


def _migrate(connection: sa.Connection, version: str | None) -> None:
    from alembic import command  # noqa: PLC0415 - slow to import, and needed for migrations only
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "vats1c.database:migrations")
    config.attributes["connection"] = connection
    if version is None:
        # The first release did not record the version of its tables.
        command.stamp(config, "0001")
    command.upgrade(config, SCHEMA_VERSION)


def _begin_transaction(connection: sa.Connection) -> None:
    # The sqlite3 module begins a transaction only at the first write. A writer must lock the database before its first
    # read, so that no other writer changes the rows between that read and the write.
    connection.exec_driver_sql(
        "BEGIN IMMEDIATE" if connection.get_execution_options().get("vats1c_writes") else "BEGIN"
    )


def _configure_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    enable_wal(connection)
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={_LOCK_TIMEOUT_S * 1000}",
        "synchronous=FULL",
        # A checkpoint needs additional fsyncs, so run it only every 8,000 pages (32 MB).
        "wal_autocheckpoint=8000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _without_password(url: str) -> str:
    try:
        return sa.make_url(url).render_as_string(hide_password=True)
    except sa.exc.ArgumentError:
        return "database"
