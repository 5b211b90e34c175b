"""Detect that the files of a SQLite database were removed, replaced or truncated, and reopen the database.

Rule: a write is acknowledged only if it is in the files that the service would open after a restart.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
import structlog

from vats1c.database.carried import CarriedState
from vats1c.database.errors import DatabaseError, FilesGoneError, reason
from vats1c.database.files import Condition, InUseError, OpenFiles, remove_log
from vats1c.database.locks import locked

log = structlog.get_logger("vats1c.database")

# A removed file is recreated only after this time: it may be about to be replaced, which would overwrite the new file.
_SETTLE_S = 2.0
_MAX_TRIES = 3
_SHRUNK = frozenset({Condition.SHRUNK, Condition.LOG_SHRUNK})
# VACUUM and a checkpoint that truncates the log also shrink files, so shrunk files are checked before the next use.
_USABLE = frozenset({Condition.CURRENT, *_SHRUNK})


class FileGuard:
    """The open files of one SQLite database."""

    def __init__(
        self,
        name: str,
        connect: Callable[[], sqlite3.Connection],
        disconnect: Callable[[], None],
        prepare: Callable[[Callable[[sa.Connection], None]], None],
    ) -> None:
        """Guard the database `name`: a path, or a URI that begins with "file:", as passed to SQLite.

        `connect` opens a connection to it; `disconnect` closes the connections of the pool; `prepare` creates or
        migrates the tables, then calls the function it gets with a connection in a write transaction.
        """
        self._name = name
        self._path = None if name.startswith("file:") else Path(name).absolute()
        self._connect = connect
        self._disconnect = disconnect
        self._prepare = prepare
        self._opening = threading.RLock()
        self._files: OpenFiles | None = None
        # The state read from the files that were closed; None once other files are open.
        self._carried: CarriedState | None = None
        self._device = 0
        self._missing_since: float | None = None
        self._reported = ""
        self._opened = 0

    @contextmanager
    def held(self, *, create: bool = False) -> Iterator[None]:
        """Open the current files if they are not open; while the block runs, no process of the service reopens them.

        A file that was removed is created anew only if `create` is true. Raises FilesGoneError.
        """
        for _ in range(_MAX_TRIES):
            with self._shared_lock():
                if self._is_current():
                    yield
                    return
            self._open(create=create)
        raise FilesGoneError("the files are replaced again and again")

    def require_current(self) -> None:
        """Raise FilesGoneError unless the open files are current, that is, hold the transaction just committed."""
        condition = self._condition()
        if condition is not Condition.CURRENT:
            self._report(condition.value)
            raise FilesGoneError(condition.value)

    def connection(self, connect: Callable[[], sqlite3.Connection]) -> sqlite3.Connection:
        """Return a new connection, made by `connect`, to the open files.

        Raises sqlite3.OperationalError when the files were removed or replaced, because with a new connection SQLite
        would apply the write-ahead log of the old database to the new database.
        """
        if self._files is None:
            self._open(create=True)
        if self._condition() in _USABLE:
            connection = connect()
            if self._condition() in _USABLE:
                return connection
            connection.close()
        raise sqlite3.OperationalError("the database file was removed or replaced")

    def changes(self) -> tuple[int, int]:
        """Return (times opened, SQLite's data version), which changes with each commit of another connection.

        Raises FilesGoneError, sqlite3.Error.
        """
        with self.held():
            return self._opened, self._files.data_version() if self._files else 0

    def empty_log(self) -> None:
        """Copy the write-ahead log into the database and truncate the log to 0 bytes. Raises FilesGoneError."""
        with self.held():
            if self._files is None:
                return
            try:
                self._files.checkpoint("TRUNCATE")
            except sqlite3.Error as error:
                raise FilesGoneError(reason(error)) from error
            self._files.accept_sizes()

    def close(self) -> None:
        """Close the files."""
        with self._opening:
            if self._files is not None:
                self._files.close()
                self._files = None

    @contextmanager
    def _shared_lock(self) -> Iterator[None]:
        try:
            with locked(self._folder(), exclusive=False):
                yield
        except TimeoutError as error:
            raise FilesGoneError(str(error)) from error

    def _folder(self) -> Path | None:
        return self._path.parent if self._path else None

    def _condition(self) -> Condition:
        if self._files is not None:
            return self._files.condition()
        # No files are open: REPLACED makes the caller open them, again or for the first time.
        was_open = self._carried is not None and self._path is not None
        return Condition.MISSING if was_open and not self._exists() else Condition.REPLACED

    def _is_current(self) -> bool:
        """Tell whether the open files are those that are now at the database's paths. Raises FilesGoneError."""
        condition, files = self._condition(), self._files
        if condition is Condition.LOG_SHRUNK and files is not None:
            try:
                # The expected cause is a truncating checkpoint of another process.
                if not files.is_log_whole():
                    return False
            except InUseError as error:
                self._report(str(error))
                raise FilesGoneError(str(error)) from error
            files.accept_sizes()
        elif condition is not Condition.CURRENT:
            return False
        if self._reported:
            # The files are usable again: the next problem is logged even if its reason is the same.
            self._missing_since, self._reported = None, ""
        return True

    def _exists(self) -> bool:
        return self._path is not None and self._path.exists()

    def _open(self, *, create: bool) -> None:
        """Open the files at the database's paths. Raises FilesGoneError."""
        try:
            with self._opening:
                if self._condition() is Condition.MISSING:
                    self._ensure_folder(create=create)
                with locked(self._folder(), exclusive=True):
                    self._reopen(create=create)
        except (OSError, sqlite3.Error, sa.exc.SQLAlchemyError, DatabaseError) as error:
            self._report(reason(error))
            if isinstance(error, FilesGoneError):
                raise
            raise FilesGoneError(reason(error)) from error

    def _reopen(self, *, create: bool) -> None:
        if self._is_current():
            return
        condition, old_files = self._condition(), self._files
        may_create = old_files is None and self._carried is None
        if condition is Condition.MISSING:
            self._ensure_folder(create=create)
            may_create = True
        if old_files is not None:
            if condition in _SHRUNK and old_files.is_whole():
                old_files.accept_sizes()
                return
            self._report(condition.value)
            self._carried = self._release(old_files, condition)
        is_new = not self._exists()
        if is_new:
            if not may_create and condition not in _SHRUNK:
                raise FilesGoneError(Condition.MISSING.value)
            if self._path is not None:
                remove_log(self._path)
        files = OpenFiles(self._name, self._connect)
        self._files, self._path, self._device = files, files.path, files.device
        if self._carried is not None:
            is_other_database = is_new or condition is not Condition.LOG_GONE
            self._carry_over(self._carried if is_other_database else CarriedState(), files, is_new=is_new)
            log.warning("journal_reopened", reason=self._reported, new=is_new)
        self._carried, self._missing_since, self._reported = None, None, ""
        self._opened += 1

    def _carry_over(self, carried: CarriedState, files: OpenFiles, *, is_new: bool) -> None:
        try:
            self._prepare(lambda connection: carried.write(connection, is_new=is_new))
        except BaseException:
            self._close(files)
            raise

    def _release(self, files: OpenFiles, condition: Condition) -> CarriedState:
        """Save the write-ahead log where possible, close `files`, and return the state for the next files."""
        carried = CarriedState()
        files.read(carried.read)
        suffix = f".damaged-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}"
        if condition in _SHRUNK:
            files.set_aside(suffix, database=True)
        elif condition is Condition.LOG_GONE:
            if not files.has_new_log():
                # The log was removed, but its pages can still be copied into the database.
                if not files.checkpoint():
                    raise InUseError
                files.remove_log()
        else:
            if not files.save_log():
                files.set_aside(suffix, database=False)
            files.remove_stale_log()
        self._close(files)
        return carried

    def _close(self, files: OpenFiles) -> None:
        self._disconnect()
        files.close()
        self._files = None

    def _ensure_folder(self, *, create: bool) -> None:
        """Create the folder of a removed database file. Raises FilesGoneError if it must not be recreated yet, OSError.

        The file may be recreated if `create` is true, the volume is mounted, and `_SETTLE_S` have passed.
        """
        now = time.monotonic()
        if self._missing_since is None:
            self._missing_since = now
        folder = self._folder()
        existing = next(path for path in (folder, *folder.parents) if path.exists()) if folder else None
        if folder is None or existing is None or existing.stat().st_dev != self._device:
            # A file written here would be hidden once the volume is mounted again.
            raise FilesGoneError("the volume of the database is not mounted")
        if not create or now - self._missing_since < _SETTLE_S:
            raise FilesGoneError(Condition.MISSING.value)
        folder.mkdir(parents=True, exist_ok=True)

    def _report(self, cause: str) -> None:
        """Log why the files cannot be used, once per cause; a failed first opening is reported by its caller."""
        if cause != self._reported and (self._files is not None or self._carried is not None):
            self._reported = cause
            log.error("journal_file_unusable", reason=cause)
