"""Keep an embedded database on the files that have its names; open it again when they were removed or replaced.

Rule: nothing is acknowledged that does not stand in the files that a restart would read.
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

from vats1c.database.carried import Carried
from vats1c.database.errors import DatabaseError, FilesGoneError, reason
from vats1c.database.files import Condition, InUseError, OpenFiles, remove_log
from vats1c.database.locks import locked

log = structlog.get_logger("vats1c.database")

# A file that was removed may be about to be replaced: one that is made meanwhile would be written over.
_SETTLE_S = 2.0
_MAX_TRIES = 3
_SHRUNK = frozenset({Condition.SHRUNK, Condition.LOG_SHRUNK})
# What shrinks in order is looked into before the next use.
_USABLE = frozenset({Condition.CURRENT, *_SHRUNK})


class FileGuard:
    """The open files of one embedded database."""

    def __init__(
        self,
        name: str,
        connect: Callable[[], sqlite3.Connection],
        disconnect: Callable[[], None],
        prepare: Callable[[Callable[[sa.Connection], None]], None],
    ) -> None:
        """Take the file's name as SQLite is given it.

        `connect` opens it; `disconnect` closes all other connections to it; `prepare` makes its tables and has what it
        is given write into it.
        """
        self._name = name
        self._path = None if name.startswith("file:") else Path(name).absolute()
        self._connect = connect
        self._disconnect = disconnect
        self._prepare = prepare
        self._opening = threading.RLock()
        self._files: OpenFiles | None = None
        # Of files that were let go, until others are open.
        self._carried: Carried | None = None
        self._device = 0
        self._missing_since: float | None = None
        self._reported = ""
        self._opened = 0

    @contextmanager
    def held(self, *, create: bool = False) -> Iterator[None]:
        """Keep this program's processes from opening other files meanwhile; open them first where they are others.

        A file that was removed is made anew if `create` says so. Raises FilesGoneError.
        """
        for _ in range(_MAX_TRIES):
            with self._shared():
                if self._is_current():
                    yield
                    return
            self._open(create=create)
        raise FilesGoneError("the files are replaced again and again")

    def require_current(self) -> None:
        """Raise FilesGoneError unless what was committed stands in the files that have the names."""
        condition = self._condition()
        if condition is not Condition.CURRENT:
            self._report(condition.value)
            raise FilesGoneError(condition.value)

    def connection(self, connect: Callable[[], sqlite3.Connection]) -> sqlite3.Connection:
        """Return another connection to the open files. Raises sqlite3.OperationalError when they lost their names.

        SQLite would take the log of a database that is gone for that of the one that came in its place.
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
        """Return what is another value after each commit of others, and once other files are open."""
        with self.held():
            return self._opened, self._files.data_version() if self._files else 0

    def empty_log(self) -> None:
        """Copy the log into the database and leave nothing in it."""
        with self.held():
            if self._files is None:
                return
            try:
                self._files.checkpoint("TRUNCATE")
            except sqlite3.Error as error:
                raise FilesGoneError(reason(error)) from error
            self._files.accept_sizes()

    def close(self) -> None:
        """Let go of the files."""
        with self._opening:
            if self._files is not None:
                self._files.close()
                self._files = None

    @contextmanager
    def _shared(self) -> Iterator[None]:
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
        # What there is has to be opened, again or for the first time.
        was_open = self._carried is not None and self._path is not None
        return Condition.MISSING if was_open and not self._exists() else Condition.REPLACED

    def _is_current(self) -> bool:
        """Tell whether the open files are those that have the names. Raises FilesGoneError."""
        condition, files = self._condition(), self._files
        if condition is Condition.LOG_SHRUNK and files is not None:
            try:
                # As after a checkpoint that truncates it, of another process.
                if not files.is_log_whole():
                    return False
            except InUseError as error:
                self._report(str(error))
                raise FilesGoneError(str(error)) from error
            files.accept_sizes()
        elif condition is not Condition.CURRENT:
            return False
        if self._reported:
            # They are back.
            self._missing_since, self._reported = None, ""
        return True

    def _exists(self) -> bool:
        return self._path is not None and self._path.exists()

    def _open(self, *, create: bool) -> None:
        """Open the files that have the names. Raises FilesGoneError."""
        try:
            with self._opening:
                if self._condition() is Condition.MISSING:
                    self._make_room(create=create)
                with locked(self._folder(), exclusive=True):
                    self._open_again(create=create)
        except (OSError, sqlite3.Error, sa.exc.SQLAlchemyError, DatabaseError) as error:
            self._report(reason(error))
            if isinstance(error, FilesGoneError):
                raise
            raise FilesGoneError(reason(error)) from error

    def _open_again(self, *, create: bool) -> None:
        if self._is_current():
            return
        condition, before = self._condition(), self._files
        may_make = before is None and self._carried is None
        if condition is Condition.MISSING:
            self._make_room(create=create)
            may_make = True
        if before is not None:
            if condition in _SHRUNK and before.is_whole():
                before.accept_sizes()
                return
            self._report(condition.value)
            self._carried = self._let_go(before, condition)
        is_new = not self._exists()
        if is_new:
            if not may_make and condition not in _SHRUNK:
                raise FilesGoneError(Condition.MISSING.value)
            if self._path is not None:
                remove_log(self._path)
        files = OpenFiles(self._name, self._connect)
        self._files, self._path, self._device = files, files.path, files.device
        if self._carried is not None:
            is_other = is_new or condition is not Condition.LOG_GONE
            self._carry_over(self._carried if is_other else Carried(), files, is_new=is_new)
            log.warning("journal_reopened", reason=self._reported, new=is_new)
        self._carried, self._missing_since, self._reported = None, None, ""
        self._opened += 1

    def _carry_over(self, carried: Carried, files: OpenFiles, *, is_new: bool) -> None:
        try:
            self._prepare(lambda connection: carried.put(connection, is_new=is_new))
        except BaseException:
            self._close(files)
            raise

    def _let_go(self, files: OpenFiles, condition: Condition) -> Carried:
        """Close files that are not right any more, and return what the next ones get of them."""
        carried = Carried()
        files.read(carried.read)
        suffix = f".damaged-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}"
        if condition in _SHRUNK:
            files.set_aside(suffix, database=True)
        elif condition is Condition.LOG_GONE:
            if not files.is_begun_anew():
                # What is in a log without a name is saved.
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

    def _make_room(self, *, create: bool) -> None:
        """Make the folder for a file that is made in place of one that was removed. Raises FilesGoneError, OSError."""
        now = time.monotonic()
        if self._missing_since is None:
            self._missing_since = now
        folder = self._folder()
        nearest = next(one for one in (folder, *folder.parents) if one.exists()) if folder else None
        if folder is None or nearest is None or nearest.stat().st_dev != self._device:
            # What is written there would be hidden once the volume is back.
            raise FilesGoneError("the volume of the database is not mounted")
        if not create or now - self._missing_since < _SETTLE_S:
            raise FilesGoneError(Condition.MISSING.value)
        folder.mkdir(parents=True, exist_ok=True)

    def _report(self, why: str) -> None:
        """Write into the log why the files cannot be used, once for each reason; a first opening has another reader."""
        if why != self._reported and (self._files is not None or self._carried is not None):
            self._reported = why
            log.error("journal_file_unusable", reason=why)
