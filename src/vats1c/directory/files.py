"""A directory that is a file: read whole, read again when it changes, the last good content kept when it got worse.

A kind of file is a function that gives the file's rows; everything else is here. Rule: a call is always answered from
a whole set of callers, the old one or the new one, never from half of each.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextvars import ContextVar
from importlib import import_module
from pathlib import Path
from typing import Any

import structlog

from vats1c.directory import DirectoryError, Row, State
from vats1c.directory.index import CallerIndex
from vats1c.directory.settings_checks import refuse_unknown
from vats1c.model import Caller, Match
from vats1c.number import Number, NumberPlan, is_too_long

log = structlog.get_logger("vats1c.directory")

Read = Callable[[Path, NumberPlan], Iterable[Row]]

# By the end of a file's name: who reads it, imported when it is read.
READERS = {
    ".csv": "vats1c.directory.kinds.csv:read",
    ".tsv": "vats1c.directory.kinds.csv:read",
    ".txt": "vats1c.directory.kinds.csv:read",
    ".ods": "vats1c.directory.kinds.xlsx:read",
    ".vcf": "vats1c.directory.kinds.vcard:read",
    ".xls": "vats1c.directory.kinds.xlsx:read",
    ".xlsx": "vats1c.directory.kinds.xlsx:read",
}

# Who watches files being read at the start: told a directory's name and how many rows are read so far.
watched_by: ContextVar[Callable[[str, int], None] | None] = ContextVar("watched_by", default=None)
_PROGRESS_ROWS = 10_000

_POLL_INTERVAL_S = 1.0
# A file with fewer callers than this share of the last good one is taken for half an export.
_MIN_SHARE = 0.5
# Of the rows whose number cell is too long, so many are named in the log; `vats1c check` names all.
_MAX_LOGGED_ROWS = 10


class FileDirectory:
    """Callers of one file."""

    nonblocking = True
    file_settings = ("path",)

    def __init__(
        self, name: str, settings: Mapping[str, Any], plan: NumberPlan, read: Read, own: Collection[str] = ()
    ) -> None:
        """Read the file at `settings["path"]` with `read` and watch it; `own` are the kind's other settings.

        Raises DirectoryError.
        """
        refuse_unknown(settings, ("path", *own))
        if not isinstance(settings.get("path"), str) or not settings["path"]:
            raise DirectoryError("нужен путь к файлу", "the path of a file is needed", "path")
        self.name = name
        self.path = Path(settings["path"])
        self._read = read
        self._plan = plan
        self._stamp = _file_version(self.path)
        self._index = CallerIndex(self._usable_rows(_with_progress(self.rows(), name)))
        # `Directory.find`: the callers of the rows whose number is the same, however it was written.
        self.find: Callable[[Number], Match | None] = self._index.find
        self._fresh = True
        self._closed = threading.Event()
        threading.Thread(target=self._watch, name=f"directory {name}", daemon=True).start()

    def rows(self) -> Iterable[Row]:
        """Read every row of the file anew, those of no use too. Raises DirectoryError."""
        return self._read(self.path, self._plan)

    def state(self) -> State:
        """Return the number of callers in the file; not ready while the file is worse than what is served."""
        return State(ready=self._fresh, callers=len(self._index))

    def close(self) -> None:
        """Stop watching."""
        self._closed.set()

    def refresh(self) -> None:
        """Read the file again if it has changed; keep the last good content when it cannot be used."""
        stamp = _file_version(self.path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            index = CallerIndex(self._usable_rows(self.rows()))
        except DirectoryError as error:
            self._keep_last_good(str(error))
            return
        except Exception as error:  # a reader's defect must not end the watching
            self._keep_last_good(type(error).__name__)
            log.exception("directory_reader_failed", directory=self.name)
            return
        if len(index) < len(self._index) * _MIN_SHARE:
            self._keep_last_good(f"{len(index)} callers instead of {len(self._index)}")
            return
        self._index, self.find = index, index.find
        self._fresh = True
        log.info("directory_reloaded", directory=self.name, callers=len(index))

    def _keep_last_good(self, reason: str) -> None:
        self._fresh = False
        log.warning("directory_kept_last_good", directory=self.name, reason=reason)

    def _usable_rows(self, rows: Iterable[Row]) -> Iterator[tuple[Iterable[Number], Caller]]:
        """Yield the numbers and the caller of each row of use; log the rows whose number cell is too long."""
        too_long = 0
        lines: list[int] = []
        # As `Row.usable` says, unpacked: at a start this is done for every caller.
        for line, cell, numbers, caller in rows:
            if numbers and caller.name:
                yield numbers, caller
            elif is_too_long(cell):
                too_long += 1
                if len(lines) < _MAX_LOGGED_ROWS:
                    lines.append(line)
        if too_long:
            log.warning(
                "number_cells_too_long", directory=self.name, file=self.path.name, count=too_long, first_lines=lines
            )

    def _watch(self) -> None:
        while not self._closed.wait(_POLL_INTERVAL_S):
            self.refresh()


def rows_of(path: Path, plan: NumberPlan) -> Iterable[Row]:
    """Return every row of a file of callers, whose kind its name tells. Raises DirectoryError."""
    target = READERS.get(path.suffix.lower())
    if target is None:
        there_are = ", ".join(sorted(READERS))
        raise DirectoryError(
            f"не знаю таких файлов: {path.name}; бывают: {there_are}",
            f"unknown kind of file: {path.name}; there are: {there_are}",
            "path",
        )
    module, _, name = target.partition(":")
    read: Read = getattr(import_module(module), name)
    return read(path, plan)


def _with_progress(rows: Iterable[Row], name: str) -> Iterable[Row]:
    tell = watched_by.get()
    return rows if tell is None else _reporting_progress(rows, name, tell)


def _reporting_progress(rows: Iterable[Row], name: str, tell: Callable[[str, int], None]) -> Iterator[Row]:
    for done, row in enumerate(rows, 1):
        if done % _PROGRESS_ROWS == 0:
            tell(name, done)
        yield row


def _file_version(path: Path) -> tuple[int, int, int] | None:
    """Return what changes when the file does: time of change, size, inode; None when it is not there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
