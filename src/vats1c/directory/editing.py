"""The interface of an editable directory, for the command line and the web pages, and its result types."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from vats1c.directory import Row
from vats1c.messages import Message
from vats1c.model import Caller
from vats1c.number import Number


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored caller: id, fields, distinct external numbers, time of the last change (ISO 8601, UTC)."""

    id: int
    caller: Caller
    numbers: tuple[Number, ...]
    changed: str


@dataclass(frozen=True, slots=True)
class Import:
    """An import that can be undone: id, name of its source, time of its start (ISO 8601, UTC)."""

    id: int
    source: str
    at: str


@dataclass(frozen=True, slots=True)
class ImportResult:
    """The row counts of an import; `same` counts rows that changed nothing, `passed_over` counts unusable rows."""

    id: int
    added: int = 0
    changed: int = 0
    same: int = 0
    passed_over: int = 0


@dataclass(frozen=True, slots=True)
class UndoResult:
    """The caller counts of an undo; `kept` counts callers that were changed or removed after the import."""

    removed: int
    restored: int
    kept: int


@runtime_checkable
class Editable(Protocol):
    """A directory whose callers can be edited. Every method except `close` raises DirectoryError on failure."""

    def add(self, numbers: Iterable[str], caller: Caller) -> int:
        """Add `caller` with `numbers`, in any notation, and return the id of the new entry."""

    def change(self, entry_id: int, *, numbers: Iterable[str] | None = None, caller: Caller | None = None) -> None:
        """Replace the numbers, the caller's fields or both; None leaves them unchanged."""

    def remove(self, entry_id: int) -> None:
        """Remove the entry with this id."""

    def get(self, entry_id: int) -> Entry:
        """Return the entry with this id."""

    def find_by_text(self, text: str, limit: int = 50) -> list[Entry]:
        """Return entries that contain every word of `text` in name, company, note or number, ignoring case."""

    def rows(self) -> Iterable[Row]:
        """Yield each entry as a row whose `line` is the id of the entry."""

    def import_rows(
        self,
        rows: Iterable[Row],
        source: str,
        on_progress: Callable[[int], None] = lambda _done: None,
        *,
        dry_run: bool = False,
    ) -> ImportResult:
        """Import `rows` and return the counts; with `dry_run` count without writing.

        `on_progress` receives the number of rows imported so far.
        """

    def undo(self, import_id: int) -> UndoResult:
        """Remove the entries that the import added, restore those it changed; leave entries that were edited later."""

    def imports(self) -> list[Import]:
        """Return the imports that can be undone, newest first."""

    def close(self) -> None:
        """Close files and connections. MAY be called twice."""


def no_editable_directory(publication: str, name: str | None) -> Message:
    """Return the error message for a publication that has no editable directory called `name`.

    With None as `name` the message says that the publication has no editable directory at all.
    """
    return Message(
        f"нет справочника, который можно изменять: публикация {publication}, справочник {name or 'любой'}; "
        'добавьте [[directories]] с type = "store"',
        f"no directory that can be edited: publication {publication}, directory {name or 'any'}; "
        'add [[directories]] with type = "store"',
    )
