"""A directory that can be edited, by command and by page: what it is asked to do, and what it gives back."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from vats1c.directory import Row
from vats1c.messages import Message
from vats1c.model import Caller
from vats1c.number import Number


@dataclass(frozen=True, slots=True)
class Entry:
    """A caller with the numbers of the public network, each once, and the time of the last change (ISO 8601, UTC)."""

    id: int
    caller: Caller
    numbers: tuple[Number, ...]
    changed: str


@dataclass(frozen=True, slots=True)
class Import:
    """An import that can be undone."""

    id: int
    source: str
    at: str


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did; `passed_over` counts the rows of no use."""

    id: int
    added: int = 0
    changed: int = 0
    same: int = 0
    passed_over: int = 0


@dataclass(frozen=True, slots=True)
class UndoResult:
    """What undoing did; `kept` counts the callers left alone because they were changed or removed since."""

    removed: int
    restored: int
    kept: int


@runtime_checkable
class Editable(Protocol):
    """A directory whose callers are ours to change. Every method raises DirectoryError when it cannot be done."""

    def add(self, numbers: Iterable[str], caller: Caller) -> int:
        """Return the id of `caller`, now known by `numbers`, written in any way."""

    def change(self, own_id: int, *, numbers: Iterable[str] | None = None, caller: Caller | None = None) -> None:
        """Put other numbers or other words in place of those there are."""

    def remove(self, own_id: int) -> None:
        """Take a caller out."""

    def get(self, own_id: int) -> Entry:
        """Return the caller with this id."""

    def find_by_text(self, text: str, limit: int = 50) -> list[Entry]:
        """Return callers whose name, company, note or number has every word of `text`, in any case of letters."""

    def rows(self) -> Iterable[Row]:
        """Yield every caller as a row whose line is the id."""

    def import_rows(
        self,
        rows: Iterable[Row],
        source: str,
        on_progress: Callable[[int], None] = lambda _done: None,
        *,
        dry_run: bool = False,
    ) -> ImportResult:
        """Take `rows` in and return what was done; with `dry_run` what would be."""

    def undo(self, import_id: int) -> UndoResult:
        """Remove what the import added and restore what it changed, save what was changed since."""

    def imports(self) -> list[Import]:
        """Return the imports that can be undone, the newest first."""

    def close(self) -> None:
        """Let go of files and connections. MAY be called twice."""


def no_editable_directory(publication: str, name: str | None) -> Message:
    """Say that the publication has no such directory, or none under that name, and how to get one."""
    return Message(
        f"нет справочника, который можно изменять: публикация {publication}, справочник {name or 'любой'}; "
        'добавьте [[directories]] с type = "store"',
        f"no directory that can be edited: publication {publication}, directory {name or 'any'}; "
        'add [[directories]] with type = "store"',
    )
