"""Directory backed by a file: loaded as a whole and reloaded on change; the last good callers survive a bad file.

A kind of file supplies a function that yields the rows of a file; this module does the rest.
Rule: a lookup sees one complete set of callers, the old set or the new one, never a mixture.
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

# File suffix -> "module:function" of its reader. A module is imported only when a file of its kind is read.
READERS = {
    ".csv": "vats1c.directory.kinds.csv:read",
    ".tsv": "vats1c.directory.kinds.csv:read",
    ".txt": "vats1c.directory.kinds.csv:read",
    ".ods": "vats1c.directory.kinds.xlsx:read",
    ".vcf": "vats1c.directory.kinds.vcard:read",
    ".xls": "vats1c.directory.kinds.xlsx:read",
    ".xlsx": "vats1c.directory.kinds.xlsx:read",
}

# Progress callback for the initial load of a file. Receives the name of the directory and the number of rows read.
watched_by: ContextVar[Callable[[str, int], None] | None] = ContextVar("watched_by", default=None)
_PROGRESS_ROWS = 10_000

_POLL_INTERVAL_S = 1.0
# A new file with less than this share of the last good callers is rejected as an incomplete export.
_MIN_SHARE = 0.5
# Rows with an overlong number cell are logged by line number, at most this many; `vats1c check` lists all of them.
_MAX_LOGGED_ROWS = 10


class FileDirectory:
    """The callers in one file."""

    nonblocking = True
    file_settings = ("path",)

    def __init__(
        self, name: str, settings: Mapping[str, Any], plan: NumberPlan, read: Read, extra: Collection[str] = ()
    ) -> None:
        """Load the file at `settings["path"]` with `read` and start to watch it for changes.

        `extra` are the names of the kind's settings besides `path`. Raises DirectoryError.
        """
        refuse_unknown(settings, ("path", *extra))
        if not isinstance(settings.get("path"), str) or not settings["path"]:
            raise DirectoryError("нужен путь к файлу", "the path of a file is needed", "path")
        self.name = name
        self.path = Path(settings["path"])
        self._read = read
        self._plan = plan
        self._version = _file_version(self.path)
        self._index = CallerIndex(self._usable_rows(_with_progress(self.rows(), name)))
        # Implements `Directory.find` with the method of the current index.
        self.find: Callable[[Number], Match | None] = self._index.find
        self._ready = True
        self._closed = threading.Event()
        threading.Thread(target=self._watch, name=f"directory {name}", daemon=True).start()

    def rows(self) -> Iterable[Row]:
        """Read all rows of the file again, unusable rows included. Raises DirectoryError."""
        return self._read(self.path, self._plan)

    def state(self) -> State:
        """Return the number of callers in memory; not ready while the current file is rejected."""
        return State(ready=self._ready, callers=len(self._index))

    def close(self) -> None:
        """Stop watching the file."""
        self._closed.set()

    def refresh(self) -> None:
        """Reload the file if it has changed; keep the last good callers when the new file is rejected."""
        version = _file_version(self.path)
        if version == self._version:
            return
        self._version = version
        try:
            index = CallerIndex(self._usable_rows(self.rows()))
        except DirectoryError as error:
            self._keep_last_good(str(error))
            return
        except Exception as error:  # a defect of a reader must not end the watcher thread
            self._keep_last_good(type(error).__name__)
            log.exception("directory_reader_failed", directory=self.name)
            return
        if len(index) < len(self._index) * _MIN_SHARE:
            self._keep_last_good(f"{len(index)} callers instead of {len(self._index)}")
            return
        self._index, self.find = index, index.find
        self._ready = True
        log.info("directory_reloaded", directory=self.name, callers=len(index))

    def _keep_last_good(self, reason: str) -> None:
        self._ready = False
        log.warning("directory_kept_last_good", directory=self.name, reason=reason)

    def _usable_rows(self, rows: Iterable[Row]) -> Iterator[tuple[Iterable[Number], Caller]]:
        """Yield pairs of (numbers, caller) for the usable rows; log the rows whose number cell is too long."""
        too_long = 0
        lines: list[int] = []
        # Inlines `Row.usable`: this loop runs for every row during a start.
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
    """Return all rows of a caller file; the suffix of `path` selects the reader. Raises DirectoryError."""
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
    on_progress = watched_by.get()
    return rows if on_progress is None else _reporting_progress(rows, name, on_progress)


def _reporting_progress(rows: Iterable[Row], name: str, on_progress: Callable[[str, int], None]) -> Iterator[Row]:
    for done, row in enumerate(rows, 1):
        if done % _PROGRESS_ROWS == 0:
            on_progress(name, done)
        yield row


def _file_version(path: Path) -> tuple[int, int, int] | None:
    """Return (modification time in ns, size, inode), which changes with the file; None when the file is missing."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
