"""Open a database, say what is wrong with it, hand out connections."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from vats1c.database.embedded import keep_log
from vats1c.database.schema import metadata
from vats1c.language import Message

# The last step in migrations/versions.
HEAD = "0003"
# Where PostgreSQL tells other processes of changes.
CHANNEL = "vats1c"
_SECONDS_TO_WAIT_FOR_A_LOCK = 3
# Any number will do, as long as nobody else locks by it ("vats1c" in ASCII).
_ADVISORY_LOCK = 0x766174733163
_DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}
_version = sa.table("alembic_version", sa.column("version_num"))


class DatabaseError(Exception):
    """The database cannot be opened, written or read; `message` says why in one sentence."""

    def __init__(self, ru: str, en: str) -> None:
        super().__init__(en)
        self.message = Message(ru, en)


class Database:
    """Connections to one database."""

    def __init__(self, url: str) -> None:
        """Open the database at `url` (SQLAlchemy), making a SQLite file where missing. Raises DatabaseError."""
        self._url = url
        with self._told("не открывается", "cannot open"):
            parsed = sa.make_url(url)
            parsed = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
            if parsed.get_backend_name() not in ("sqlite", "postgresql"):
                raise ValueError("sqlite, postgresql?")
            self.embedded = parsed.get_backend_name() == "sqlite"
            if self.embedded and parsed.database:
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            # An error that names its parameters would carry numbers and keys into the log.
            self.engine = sa.create_engine(parsed, hide_parameters=True, **({} if self.embedded else _PATIENT))
            if self.embedded:
                sa.event.listen(self.engine, "connect", _durable)
                sa.event.listen(self.engine, "begin", _begin)

    def prepare(self) -> None:
        """Bring an embedded database to this version's tables; refuse another that is not. Raises DatabaseError."""
        with self._told("не открывается", "cannot open"):
            with self.engine.connect() as connection:
                found = _found(connection)
            if found == HEAD:
                return
            _refuse_later(found)
            if not self.embedded:
                ru = "таблицы журнала старше программы" if found else "в базе ещё нет таблиц журнала"
                en = "the journal's tables are of an older version" if found else "the journal has no tables yet"
                raise DatabaseError(f"{ru}: выполните vats1c journal upgrade", f"{en}: run vats1c journal upgrade")
            self.upgrade()

    def upgrade(self) -> str | None:
        """Bring the tables to this version, and return what version was found. Raises DatabaseError."""
        with self._told("не обновляется", "cannot upgrade"), self.writing() as connection:
            found = _found(connection)
            _refuse_later(found)
            if found is None and not sa.inspect(connection).has_table("calls"):
                # All at once, and alembic is not even imported: a first start takes no longer than any other.
                metadata.create_all(connection)
                connection.execute(
                    sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
                )
                connection.execute(sa.insert(_version), {"version_num": HEAD})
            elif found != HEAD:
                _migrate(connection, found)
            return found

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give a connection to read by."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Give a connection in a transaction that no other writer is in, committed at the end."""
        with self.engine.connect().execution_options(vats1c_writes=True) as connection, connection.begin():
            if not self.embedded:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
            yield connection

    def answers(self) -> bool:
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

    @contextmanager
    def _told(self, ru: str, en: str) -> Iterator[None]:
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


def reason(error: Exception) -> str:
    """Return what the driver says, in one line."""
    cause = getattr(error, "orig", None) or error
    return str(cause).splitlines()[0] if str(cause) else type(cause).__name__


def _found(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.execute(sa.select(_version)).scalar()
    return version


def _refuse_later(found: str | None) -> None:
    if found is not None and found > HEAD:
        raise DatabaseError(
            f"таблицы журнала версии {found}, программа знает {HEAD}: нужна программа новее",
            f"the journal's tables are of version {found}, this program knows {HEAD}: a later one is needed",
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
    command.upgrade(config, HEAD)


def _begin(connection: sa.Connection) -> None:
    # The module's own BEGIN comes too late: what a writer read before its first write must still be so.
    connection.exec_driver_sql(
        "BEGIN IMMEDIATE" if connection.get_execution_options().get("vats1c_writes") else "BEGIN"
    )


def _durable(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    keep_log(connection)
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={_SECONDS_TO_WAIT_FOR_A_LOCK * 1000}",
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
