"""Switch a SQLite file to write-ahead logging (WAL), also while several processes open a new file at the same time."""

import sqlite3
import time

_LOCK_TIMEOUT_S = 3
_RETRY_INTERVAL_S = 0.01
# The low byte of SQLite's extended error code is the primary code.
_PRIMARY_CODE_MASK = 0xFF


def enable_wal(connection: sqlite3.Connection) -> None:
    """Switch the file of `connection` to write-ahead logging; a file in this mode stays unchanged.

    Raises sqlite3.OperationalError when other connections lock the file for longer than 3 seconds. SQLite's
    busy_timeout does not apply to this statement: the second process gets SQLITE_BUSY at once.
    """
    deadline = time.monotonic() + _LOCK_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError as error:
            is_busy = error.sqlite_errorcode & _PRIMARY_CODE_MASK == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() > deadline:
                raise
            time.sleep(_RETRY_INTERVAL_S)
        else:
            return
