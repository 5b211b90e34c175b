"""The tables of the store and the connections to its file.

Rule: a file of another program or of another version is never changed.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from vats1c.database import enable_wal
from vats1c.directory import DirectoryError

VERSION = 1
_LOCK_TIMEOUT_S = 5
_POOL_SIZE = 64
# PRAGMA cache_size of the writer (negative: KiB): an import of millions of rows needs the index pages in memory.
_WRITER_CACHE_SIZE = -65_536

metadata = sa.MetaData()

callers = sa.Table(
    "callers",
    metadata,
    # AUTOINCREMENT: the table `imported` refers to ids, so an id is never reused.
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("publication", sa.String(63), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("company", sa.Text, nullable=False),
    sa.Column("category", sa.Text, nullable=False),
    sa.Column("manager", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    # ISO 8601, UTC, as text: it is only compared.
    sa.Column("changed", sa.Text, nullable=False),
    # The normalised text for find_by_text: LIKE of SQLite ignores case for ASCII letters only.
    sa.Column("folded", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)

numbers = sa.Table(
    "numbers",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    # The digits of the E.164 form as an integer, and the last ten digits (NULL when there are fewer).
    sa.Column("number", sa.Integer, nullable=False, index=True),
    sa.Column("last10", sa.Integer, index=True),
    sa.Column("caller_id", sa.Integer, nullable=False, index=True),
    # Whether the area code was added from the settings.
    sa.Column("local", sa.Boolean, nullable=False),
    sa.Column("written", sa.Text, nullable=False),
)

imports = sa.Table(
    "imports",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("publication", sa.String(63), nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)

# The entries that an import wrote: `before` is the previous entry as JSON, NULL for an added entry.
imported = sa.Table(
    "imported",
    metadata,
    sa.Column("import_id", sa.Integer, primary_key=True),
    sa.Column("caller_id", sa.Integer, primary_key=True),
    sa.Column("before", sa.Text),
    sqlite_with_rowid=False,
)

# Caller counts for health checks: counting ten million rows would take seconds.
totals = sa.Table(
    "totals",
    metadata,
    sa.Column("publication", sa.String(63), primary_key=True),
    sa.Column("callers", sa.Integer, nullable=False),
)


def prepare(path: Path) -> None:
    """Create the file and its tables if missing. Raises DirectoryError for a file of another program or version."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, timeout=_LOCK_TIMEOUT_S)) as connection:
        # A single statement: another process may create the tables between two statements.
        version, tables = connection.execute(
            "SELECT user_version, (SELECT COUNT(*) FROM sqlite_master) FROM pragma_user_version"
        ).fetchone()
        if version != VERSION and (version or tables):
            raise DirectoryError(
                f"это не справочник версии {VERSION}, а что-то другое: {path}",
                f"not a directory of version {VERSION} but something else: {path}",
                "path",
            )
        enable_wal(connection)
    engine = writer(path)
    try:
        # Two processes may start at once: the process that gets the lock second finds the tables created.
        with engine.begin() as connection:
            if not connection.exec_driver_sql("PRAGMA user_version").scalar_one():
                metadata.create_all(connection)
                connection.exec_driver_sql(f"PRAGMA user_version={VERSION}")
    finally:
        engine.dispose()


def reader(path: Path) -> sa.Engine:
    """Return the engine of read-only connections. A lookup uses one connection and never waits for the writer."""
    return sa.create_engine(
        "sqlite://",
        creator=_connect(path, "query_only=ON"),
        # A lookup needs no transaction around its statements.
        isolation_level="AUTOCOMMIT",
        poolclass=sa.QueuePool,
        pool_size=_POOL_SIZE,
        max_overflow=-1,
        pool_use_lifo=True,
        hide_parameters=True,
    )


def writer(path: Path) -> sa.Engine:
    """Return the engine of the writer: transactions take the write lock at BEGIN and are durable after COMMIT."""
    engine = sa.create_engine(
        "sqlite://",
        creator=_connect(path, "synchronous=FULL", f"cache_size={_WRITER_CACHE_SIZE}"),
        poolclass=sa.QueuePool,
        pool_size=1,
        hide_parameters=True,
    )
    # Take the lock before the first read, so that no other process changes the values before they are written. The
    # implicit BEGIN of the sqlite3 module would come only at the first write.
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def _connect(path: Path, *pragmas: str) -> Callable[[], Any]:
    # With mode=rw a deleted file is an error; by default SQLite would create a new empty file.
    address = f"{path.absolute().as_uri()}?mode=rw"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            address,
            uri=True,
            timeout=_LOCK_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
        )
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
        return connection

    return connect
