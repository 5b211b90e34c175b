"""The files of an embedded database as this process has them open: the database, its write-ahead log, the log's index.

SQLite goes on writing into files that were removed, renamed or replaced, and what is written there is gone with the
process. So the files are compared with those that have the names now.
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
# Bytes that every connection of SQLite has locked, first and how many: of the log's index and of the database.
_INDEX_LOCK = 128, 1
_SHARED_LOCK = 0x40000002, 510


class Condition(Enum):
    """How the open files stand to those that have their names now."""

    CURRENT = "current"
    MISSING = "removed"
    REPLACED = "replaced"
    LOG_GONE = "log removed"
    SHRUNK = "truncated"
    LOG_SHRUNK = "log truncated"


class InUseError(sqlite3.OperationalError):
    """Another process reads an earlier state of the database."""

    def __init__(self) -> None:
        super().__init__("the log is in use and cannot be copied into the database")


@dataclass(frozen=True, slots=True)
class _File:
    """What tells one file from another, and its size in bytes."""

    device: int
    inode: int
    size: int

    def is_same(self, other: "_File | None") -> bool:
        return other is not None and (self.device, self.inode) == (other.device, other.inode)


class OpenFiles:
    """The three files, held open by a connection of their own; while it is open SQLite removes none of them."""

    def __init__(self, name: str, connect: Callable[[], sqlite3.Connection]) -> None:
        """Open by `connect` the database that SQLite is given as `name`. Raises sqlite3.Error, OSError."""
        self._connect = connect
        self._using = threading.Lock()
        # None in memory.
        self.path: Path | None = None
        self.device = 0
        self._names: tuple[Path, Path, Path]
        self._main: _File
        self._log: _File
        self._index: _File
        self._connection = self._opened(name)
        if self.path is None:
            return
        try:
            # Reading opens the log and its index.
            self._connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
            real = self._listed(self._connection)
            self._names = self.path, Path(f"{real}-wal"), Path(f"{real}-shm")
            self.device = self.path.parent.stat().st_dev
            self._main, self._log, self._index = (_found(name) for name in self._names)
        except BaseException:
            self._connection.close()
            raise

    def _opened(self, name: str) -> sqlite3.Connection:
        """Return a connection to the file that has the name before and after it is opened."""
        for _ in range(_MAX_TRIES):
            before = _find(self.path)
            connection = self._connect()
            listed = self._listed(connection)
            if listed and self.path is None:
                # As it is in the settings: a link that leads elsewhere now is another file.
                self.path = Path(name).absolute() if Path(name).exists() else Path(listed)
            if not listed or (before is not None and before.is_same(_find(self.path))):
                return connection
            # It was made just now, or replaced meanwhile: which file it has open is not known.
            connection.close()
        raise sqlite3.OperationalError("the file is replaced again and again")

    def accept_sizes(self) -> None:
        """Take the sizes that the open files have now for right."""
        main, wal = _find(self._names[0]), _find(self._names[1])
        self._main = main if main is not None and self._main.is_same(main) else self._main
        self._log = wal if wal is not None and self._log.is_same(wal) else self._log

    def condition(self) -> Condition:
        """Return how the open files stand to those that have their names: three calls of stat(2)."""
        return self._compared() if self.path is not None else Condition.CURRENT

    def _compared(self) -> Condition:
        # Before they are looked at: another thread may see them grown meanwhile.
        before, wal_before = self._main, self._log
        main, wal, index = (_find(name) for name in self._names)
        if main is None:
            return Condition.MISSING
        if not self._main.is_same(main):
            return Condition.REPLACED
        if wal is None or not self._log.is_same(wal) or not self._index.is_same(index):
            return Condition.LOG_GONE
        if main.size < before.size:
            return Condition.SHRUNK
        if wal.size < wal_before.size:
            return Condition.LOG_SHRUNK
        # They only grow, but for a checkpoint that truncates the log, and VACUUM.
        self._main, self._log = main, wal
        return Condition.CURRENT

    def is_begun_anew(self) -> bool:
        """Tell whether another process has begun another log of the open database; it saved what was in this one."""
        index = _find(self._names[2])
        return index is not None and not self._index.is_same(index)

    def data_version(self) -> int:
        """Return a number that is another one after each commit of others. Raises sqlite3.Error."""
        with self._using:
            (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        return int(version)

    def checkpoint(self, mode: str = "FULL") -> bool:
        """Copy what is in the log into the database, on disk; tell whether all of it is there.

        It is not while another process reads an earlier state. Raises sqlite3.Error when the log cannot be read.
        """
        with self._using:
            busy, frames, copied = self._connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        return not busy and frames == copied

    def is_log_whole(self) -> bool:
        """Copy the log into the database, and tell whether it could be read. Raises InUseError while it is in use."""
        try:
            is_copied = self.checkpoint()
        except sqlite3.Error:
            return False
        if not is_copied:
            raise InUseError
        return True

    def is_whole(self) -> bool:
        """Tell whether all pages are there, once the log is copied into the database. Raises InUseError.

        What is missing is filled with zeros by that, so nobody else may write meanwhile, or later if it is not whole.
        """
        if not self.is_log_whole():
            return False
        try:
            # A connection of its own: the others may have pages in memory that the file has no more.
            with closing(self._connect()) as connection:
                return bool(connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
        except sqlite3.Error:
            return False

    def read(self, read: Callable[[sqlite3.Connection], None]) -> None:
        """Have `read` read the open database, whatever became of its name; what it cannot read is left out."""
        with self._using, suppress(sqlite3.Error):
            read(self._connection)

    def save_log(self) -> bool:
        """Copy the log into the database; tell whether that was possible."""
        with suppress(sqlite3.Error):
            return self.checkpoint()
        return False

    def remove_log(self) -> None:
        """Remove the log and its index, whosever they are."""
        remove_log(self._names[0])

    def remove_stale_log(self) -> None:
        """Remove the log and its index where they are not of the database that came in place of the open one.

        SQLite would take them for its own. They are stale if they are the open ones, or those of another process that
        has not noticed yet: they are in use, and the database that has the name is not.
        """
        main, wal, index = self._names
        found = _find(index)
        of_others = found is not None and not self._index.is_same(found)
        stale = of_others and is_locked(index, *_INDEX_LOCK) and not is_locked(main, *_SHARED_LOCK)
        for name, own in (wal, self._log), (index, self._index):
            if stale or own.is_same(_find(name)):
                name.unlink(missing_ok=True)

    def set_aside(self, suffix: str, *, database: bool) -> None:
        """Rename the log, and the database if it is to go, too, where they are the open ones."""
        main, wal, _ = self._names
        if database and self._main.is_same(_find(main)):
            main.replace(f"{main}{suffix}")
        if self._log.is_same(_find(wal)):
            wal.replace(f"{main}{suffix}-wal")

    def close(self) -> None:
        """Let go of the files."""
        with self._using:
            self._connection.close()

    @staticmethod
    def _listed(connection: sqlite3.Connection) -> str:
        (path,) = (row[2] for row in connection.execute("PRAGMA database_list") if row[1] == "main")
        return str(path)


def remove_log(main: Path) -> None:
    """Remove the log of the database `main`, and the log's index. Raises OSError."""
    for suffix in ("-wal", "-shm"):
        Path(f"{main.resolve()}{suffix}").unlink(missing_ok=True)


def _find(path: Path | None) -> _File | None:
    """Return what has the name `path`; None where nothing can be reached by it."""
    if path is None:
        return None
    try:
        found = path.stat()
    except OSError:
        return None
    return _File(found.st_dev, found.st_ino, found.st_size)


def _found(path: Path) -> _File:
    found = _find(path)
    if found is None:
        raise sqlite3.OperationalError(f"{path.name} was removed as it was opened")
    return found
