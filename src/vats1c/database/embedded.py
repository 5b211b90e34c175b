"""Have a SQLite file keep a write-ahead log, however many processes open it for the first time at once."""

import sqlite3
import time

_LOCK_TIMEOUT_S = 3
_RETRY_INTERVAL_S = 0.01
# The last byte of an error's code says what it is, the rest why.
_PRIMARY = 0xFF


def enable_wal(connection: sqlite3.Connection) -> None:
    """Turn the file of `connection` to a write-ahead log; one that has it stays as it is.

    Raises sqlite3.OperationalError when others hold the file for longer than 3 seconds. SQLite's own patience
    (busy_timeout) does not cover this statement: it refuses at once whoever comes second.
    """
    until = time.monotonic() + _LOCK_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & _PRIMARY != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_RETRY_INTERVAL_S)
        else:
            return
