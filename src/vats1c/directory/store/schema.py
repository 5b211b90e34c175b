"""The store's tables, and how its file is opened. Rule: a file not ours, or of a later version, is left alone."""

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
# Of the writer alone: an import of millions lives off the indexes' pages (negative: KiB).
_WRITERS_CACHE = -65_536

metadata = sa.MetaData()

callers = sa.Table(
    "callers",
    metadata,
    # AUTOINCREMENT: an import remembers ids, so no id is ever given twice.
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("publication", sa.String(63), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("company", sa.Text, nullable=False),
    sa.Column("category", sa.Text, nullable=False),
    sa.Column("manager", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    # Text (ISO 8601, UTC): compared, never reckoned with.
    sa.Column("changed", sa.Text, nullable=False),
    # What find_by_text looks in: SQLite's own LIKE knows no Cyrillic capitals.
    sa.Column("folded", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)

numbers = sa.Table(
    "numbers",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    # The digits of the E.164 form, and the last ten of them (NULL when there are fewer).
    sa.Column("number", sa.Integer, nullable=False, index=True),
    sa.Column("last10", sa.Integer, index=True),
    sa.Column("caller_id", sa.Integer, nullable=False, index=True),
    # Whether the area code was not written but comes from the settings.
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

# What an import did: `before` is the caller as JSON, NULL for one that was added.
imported = sa.Table(
    "imported",
    metadata,
    sa.Column("import_id", sa.Integer, primary_key=True),
    sa.Column("caller_id", sa.Integer, primary_key=True),
    sa.Column("before", sa.Text),
    sqlite_with_rowid=False,
)

# Counting ten million rows takes seconds; a health check has none.
totals = sa.Table(
    "totals",
    metadata,
    sa.Column("publication", sa.String(63), primary_key=True),
    sa.Column("callers", sa.Integer, nullable=False),
)


def prepare(path: Path) -> None:
    """Make the file and its tables where missing. Raises DirectoryError when it is somebody else's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, timeout=_LOCK_TIMEOUT_S)) as connection:
        # In one statement: another process may make the tables between two.
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
        # Two processes may start at once: whoever gets the lock second finds the tables there.
        with engine.begin() as connection:
            if not connection.exec_driver_sql("PRAGMA user_version").scalar_one():
                metadata.create_all(connection)
                connection.exec_driver_sql(f"PRAGMA user_version={VERSION}")
    finally:
        engine.dispose()


def reader(path: Path) -> sa.Engine:
    """Return connections that only read; each thread that asks has one to itself, and none waits for the writer."""
    return sa.create_engine(
        "sqlite://",
        creator=_connect(path, "query_only=ON"),
        # Without a transaction: one question, one statement.
        isolation_level="AUTOCOMMIT",
        poolclass=sa.QueuePool,
        pool_size=_POOL_SIZE,
        max_overflow=-1,
        pool_use_lifo=True,
        hide_parameters=True,
    )


def writer(path: Path) -> sa.Engine:
    """Return a connection whose transactions take the file's write lock at once, and are on disk when they end."""
    engine = sa.create_engine(
        "sqlite://",
        creator=_connect(path, "synchronous=FULL", f"cache_size={_WRITERS_CACHE}"),
        poolclass=sa.QueuePool,
        pool_size=1,
        hide_parameters=True,
    )
    # What is read before a write must still be so at the write; the module's own BEGIN comes too late for that.
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def _connect(path: Path, *pragmas: str) -> Callable[[], Any]:
    # mode=rw: a file that was taken away is an error, not a new and empty directory.
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
