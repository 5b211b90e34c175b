"""The open files of a SQLite database: the database, its write-ahead log (-wal) and the log's index (-shm).

SQLite continues to write into files that were removed, renamed or replaced, and those writes are lost when the process
ends. So the open files are compared with those that are now at the same paths.
"""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from vats1c.database.locks import is_locked

_MAX_TRIES = 5
# The bytes (offset, count) that every SQLite connection keeps locked: in the log's index and in the database.
_INDEX_LOCK = 128, 1
_SHARED_LOCK = 0x40000002, 510


class Condition(Enum):
    """How the open files compare with those that are now at the same paths."""

    CURRENT = "current"
    MISSING = "removed"
    REPLACED = "replaced"
    LOG_GONE = "log removed"
    SHRUNK = "truncated"
    LOG_SHRUNK = "log truncated"


class InUseError(sqlite3.OperationalError):
    """Another process reads an earlier snapshot of the database, so the log cannot be copied completely."""

    def __init__(self) -> None:
        super().__init__("the log is in use and cannot be copied into the database")


@dataclass(frozen=True, slots=True)
class _FileStatus:
    """A file's identity (device and inode), and its size in bytes."""

    device: int
    inode: int
    size: int

    def is_same(self, other: "_FileStatus | None") -> bool:
        return other is not None and (self.device, self.inode) == (other.device, other.inode)


class OpenFiles:
    """The three files, kept open by a dedicated connection; SQLite removes none of them while it is open."""

    def __init__(self, name: str, connect: Callable[[], sqlite3.Connection]) -> None:
        """Open the database `name` (a path or URI as passed to SQLite) by `connect`. Raises sqlite3.Error, OSError."""
        self._connect = connect
        self._connection_lock = threading.Lock()
        # None for a database in memory.
        self.path: Path | None = None
        self.device = 0
        self._paths: tuple[Path, Path, Path]
        self._main: _FileStatus
        self._log: _FileStatus
        self._index: _FileStatus
        self._connection = self._open(name)
        if self.path is None:
            return
        try:
            # Reading opens the log and its index.
            self._connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
            real_path = self._path_of(self._connection)
            self._paths = self.path, Path(f"{real_path}-wal"), Path(f"{real_path}-shm")
            self.device = self.path.parent.stat().st_dev
            self._main, self._log, self._index = (_existing_status(path) for path in self._paths)
        except BaseException:
            self._connection.close()
            raise

    def _open(self, name: str) -> sqlite3.Connection:
        """Return a connection to a file that was at the path both before and after it was opened."""
        for _ in range(_MAX_TRIES):
            status_before = _status(self.path)
            connection = self._connect()
            real_path = self._path_of(connection)
            if real_path and self.path is None:
                # Keep the path of the settings, without resolving links: when a link gets another target, the path
                # leads to another file.
                self.path = Path(name).absolute() if Path(name).exists() else Path(real_path)
            if not real_path or (status_before is not None and status_before.is_same(_status(self.path))):
                return connection
            # The file was created just now, or replaced meanwhile: it is not known which file the connection has open.
            connection.close()
        raise sqlite3.OperationalError("the file is replaced again and again")

    def accept_sizes(self) -> None:
        """Use the present sizes of the open files as the base for detecting truncation."""
        main, wal = _status(self._paths[0]), _status(self._paths[1])
        self._main = main if main is not None and self._main.is_same(main) else self._main
        self._log = wal if wal is not None and self._log.is_same(wal) else self._log

    def condition(self) -> Condition:
        """Return how the open files compare with those at the same paths. Costs three calls of stat(2)."""
        return self._compare() if self.path is not None else Condition.CURRENT

    def _compare(self) -> Condition:
        # Read the old sizes before stat(2): another thread may record larger ones meanwhile.
        main_before, wal_before = self._main, self._log
        main, wal, index = (_status(path) for path in self._paths)
        if main is None:
            return Condition.MISSING
        if not self._main.is_same(main):
            return Condition.REPLACED
        if wal is None or not self._log.is_same(wal) or not self._index.is_same(index):
            return Condition.LOG_GONE
        if main.size < main_before.size:
            return Condition.SHRUNK
        if wal.size < wal_before.size:
            return Condition.LOG_SHRUNK
        # Both files have grown or kept their size, so these sizes are the base for the next comparison. Only VACUUM
        # shrinks the database, and only a checkpoint that truncates the log shrinks the log.
        self._main, self._log = main, wal
        return Condition.CURRENT

    def has_new_log(self) -> bool:
        """Tell whether another process has started a new log for the open database.

        That process has copied the open log into the database before.
        """
        index = _status(self._paths[2])
        return index is not None and not self._index.is_same(index)

    def data_version(self) -> int:
        """Return SQLite's data version, which changes with each commit of another connection. Raises sqlite3.Error."""
        with self._connection_lock:
            (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        return int(version)

    def checkpoint(self, mode: str = "FULL") -> bool:
        """Copy the log into the database, on disk; tell whether all frames were copied.

        Frames remain while another process reads an earlier snapshot. `mode` is one of SQLite's checkpoint modes.
        Raises sqlite3.Error when the log cannot be read.
        """
        with self._connection_lock:
            busy, frames, copied = self._connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        return not busy and frames == copied

    def is_log_whole(self) -> bool:
        """Copy the log into the database; tell whether the log could be read. Raises InUseError while it is in use."""
        try:
            is_copied = self.checkpoint()
        except sqlite3.Error:
            return False
        if not is_copied:
            raise InUseError
        return True

    def is_whole(self) -> bool:
        """Copy the log into the database, and tell whether the database then has all pages. Raises InUseError.

        Copying fills missing pages with zeros, so no other connection may write during the call, or after it if the
        result is False.
        """
        if not self.is_log_whole():
            return False
        try:
            # A new connection: the others may have pages in their cache that the file no longer has.
            with closing(self._connect()) as connection:
                return bool(connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
        except sqlite3.Error:
            return False

    def read(self, read_from: Callable[[sqlite3.Connection], None]) -> None:
        """Call `read_from` with the connection to the open database, removed or not; ignore sqlite3.Error."""
        with self._connection_lock, suppress(sqlite3.Error):
            read_from(self._connection)

    def save_log(self) -> bool:
        """Copy the log into the database; tell whether all frames were copied."""
        with suppress(sqlite3.Error):
            return self.checkpoint()
        return False

    def remove_log(self) -> None:
        """Remove the log and the index that are at the database's paths, even if they are not the open ones."""
        remove_log(self._paths[0])

    def remove_stale_log(self) -> None:
        """Remove a log and an index that do not belong to the database that replaced the open one.

        If they stayed, SQLite would apply them to the new database. They are stale in two cases: they are the open
        files; or another process has locked the index while no process has locked the new database, which means that
        the other process has not noticed the replacement and still uses the old database.
        """
        main, wal, index = self._paths
        current_index = _status(index)
        is_foreign = current_index is not None and not self._index.is_same(current_index)
        is_stale = is_foreign and is_locked(index, *_INDEX_LOCK) and not is_locked(main, *_SHARED_LOCK)
        for path, open_file in (wal, self._log), (index, self._index):
            if is_stale or open_file.is_same(_status(path)):
                path.unlink(missing_ok=True)

    def set_aside(self, suffix: str, *, database: bool) -> None:
        """Append `suffix` to the names of the log and, if `database` is true, of the database.

        Only the open files are renamed, not files that replaced them. Raises OSError.
        """
        main, wal, _ = self._paths
        if database and self._main.is_same(_status(main)):
            main.replace(f"{main}{suffix}")
        if self._log.is_same(_status(wal)):
            wal.replace(f"{main}{suffix}-wal")

    def close(self) -> None:
        """Close the connection, and with it the files."""
        with self._connection_lock:
            self._connection.close()

    @staticmethod
    def _path_of(connection: sqlite3.Connection) -> str:
        """Return the resolved path of the connection's database file; "" for a database in memory."""
        (path,) = (row[2] for row in connection.execute("PRAGMA database_list") if row[1] == "main")
        return str(path)


def remove_log(main: Path) -> None:
    """Remove the write-ahead log of the database `main`, and the log's index. Raises OSError."""
    for suffix in ("-wal", "-shm"):
        Path(f"{main.resolve()}{suffix}").unlink(missing_ok=True)


def _status(path: Path | None) -> _FileStatus | None:
    """Return the status of the file at `path`; None if there is none or it cannot be reached."""
    if path is None:
        return None
    try:
        result = path.stat()
    except OSError:
        return None
    return _FileStatus(result.st_dev, result.st_ino, result.st_size)


def _existing_status(path: Path) -> _FileStatus:
    status = _status(path)
    if status is None:
        raise sqlite3.OperationalError(f"{path.name} was removed as it was opened")
    return status
