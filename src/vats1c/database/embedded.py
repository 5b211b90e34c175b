"""Have a SQLite file keep a write-ahead log, however many processes open it for the first time at once."""

import sqlite3
import time

_SECONDS_TO_WAIT_FOR_A_LOCK = 3
_SECONDS_BETWEEN_TRIES = 0.01
# The last byte of an error's code says what it is, the rest why.
_PRIMARY = 0xFF


def keep_log(connection: sqlite3.Connection) -> None:
    """Turn the file of `connection` to a write-ahead log; one that has it stays as it is.

    Raises sqlite3.OperationalError when others hold the file for longer than 3 seconds. SQLite's own patience
    (busy_timeout) does not cover this statement: it refuses at once whoever comes second.
    """
    until = time.monotonic() + _SECONDS_TO_WAIT_FOR_A_LOCK
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & _PRIMARY != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_SECONDS_BETWEEN_TRIES)
        else:
            return
