"""Caller directories: whatever can say who owns a number.

To add a kind, write a class with the methods of `Directory` and a constructor that takes the directory's name, the
kind's own settings and how numbers are dialled; then name it in KINDS, or in an entry point of your own package.
Rule: nothing outside this room names a kind.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

from vats1c.messages import Message
from vats1c.model import Caller, Match
from vats1c.number import Number, NumberPlan

# A kind's module is imported when a directory of that kind is opened, and no sooner.
KINDS = {
    "csv": "vats1c.directory.kinds.csv:CsvDirectory",
    "xlsx": "vats1c.directory.kinds.xlsx:XlsxDirectory",
    "vcard": "vats1c.directory.kinds.vcard:VcardDirectory",
    "http": "vats1c.directory.kinds.http:HttpDirectory",
    "ldap": "vats1c.directory.kinds.ldap:LdapDirectory",
    "memory": "vats1c.directory.kinds.memory:MemoryDirectory",
    "odata": "vats1c.directory.kinds.odata:OdataDirectory",
    "soap": "vats1c.directory.kinds.soap:SoapDirectory",
    "sql": "vats1c.directory.kinds.sql:SqlDirectory",
    "store": "vats1c.directory.store:StoreDirectory",
}

# The kind that asks a 1C as the VATS does: a whole 1C behind the service is asked in the same way.
REAL_1C = "soap"

# Where other packages name theirs.
ENTRY_POINTS = "vats1c.directories"


class DirectoryError(Exception):
    """A directory cannot be opened or asked; `message` says why, `key` which of its settings is to blame."""

    def __init__(self, ru: str, en: str, key: str = "") -> None:
        super().__init__(en)
        self.message = Message(ru, en)
        self.key = key


@dataclass(frozen=True, slots=True)
class State:
    """How a directory is: whether it can answer, and how many callers it knows (None when it cannot say)."""

    ready: bool
    callers: int | None = None


class Row(NamedTuple):
    """A row of somebody's table as it stands there: its place (1 is the first line), the number's cell, what was read.

    It is of use when it has a number of the public network and a name; `vats1c check` shows those that are not.
    """

    line: int
    cell: str
    numbers: tuple[Number, ...]
    caller: Caller

    @property
    def usable(self) -> bool:
        """Whether a caller can be found by it."""
        return bool(self.numbers and self.caller.name)


@runtime_checkable
class HasRows(Protocol):
    """A directory whose rows can be looked through."""

    path: Path

    def rows(self) -> Iterable[Row]:
        """Read every row anew, those of no use too. Raises DirectoryError."""


@runtime_checkable
class Refreshable(Protocol):
    """A directory that copies its callers from elsewhere in its own time."""

    def refresh(self) -> None:
        """Bring the callers up to date now. A failure is logged, and the last good callers are kept."""


class Directory(Protocol):
    """Says who owns a number. Called by many threads at once.

    `nonblocking` tells that `find` neither does I/O nor waits for a lock that is held during I/O: such a directory is
    asked by the server's own thread. All others are asked by worker threads, within a deadline and with a cache, unless
    an attribute `local` is True: then `find` reads nothing but files of this machine, and is simply called.
    """

    name: str
    nonblocking: bool

    def find(self, number: Number) -> Match | None:
        """Return who owns `number` and how surely, or None. MUST NOT be asked without a canonical form.

        MAY raise DirectoryError when it cannot answer; an unknown number is an answer, not an error.
        """

    def state(self) -> State:
        """Return how the directory is, without asking anyone else: health checks call this."""

    def close(self) -> None:
        """Let go of files and connections. MAY be called twice."""


def is_local(directory: Directory) -> bool:
    """Tell whether a directory reads nothing but files of this machine: no deadline and no cache stand before it."""
    return bool(getattr(directory, "local", False))


@dataclass(frozen=True, slots=True)
class DirectoryContext:
    """Where a directory lives.

    `data` is the service's data folder, `publication` the publication that asks the directory, `folder` the folder that
    relative paths in the settings are taken from.
    """

    data: Path
    publication: str
    folder: Path


def load(
    kind: str, name: str, settings: Mapping[str, Any], plan: NumberPlan, context: DirectoryContext | None = None
) -> Directory:
    """Open the directory `name` of `kind` with the kind's own settings.

    `kind` is one of ours, the name of an entry point in the group `vats1c.directories`, or "module:Class". The class
    MAY have two attributes that are read here where a `home` is given: the method `at_home(home)` returns default
    settings, and the tuple `file_settings` names the settings that are paths of files. Raises DirectoryError when there
    is no such kind or its settings cannot be used.
    """
    cls = class_of(kind)
    try:
        directory: Directory = cls(name, _resolved_settings(cls, settings, context) if context else settings, plan)
    except DirectoryError:
        raise
    except Exception as error:
        if kind in KINDS:
            raise
        raise _unusable_kind(kind, error) from error
    return directory


def _resolved_settings(cls: Any, settings: Mapping[str, Any], home: DirectoryContext) -> dict[str, Any]:
    """Return the settings with the kind's defaults, and with relative paths taken from the home's folder."""
    at_home = getattr(cls, "default_settings", None)
    complete = {**(at_home(home) if at_home else {}), **settings}
    for key in getattr(cls, "file_settings", ()):
        # A path of another type, or an empty one, is for the kind to refuse.
        if isinstance(complete.get(key), str) and complete[key]:
            complete[key] = str(home.folder / complete[key])
    return complete


def class_of(kind: str) -> Any:
    """Return the class of `kind`, imported. Raises DirectoryError when there is none."""
    target = KINDS.get(kind, kind if ":" in kind else "")
    try:
        if target:
            module, _, cls = target.partition(":")
            return getattr(import_module(module), cls)
        for plugged in entry_points(group=ENTRY_POINTS, name=kind):
            return plugged.load()
    except DirectoryError:
        raise
    except Exception as error:
        raise _unusable_kind(kind, error) from error
    kinds = ", ".join(sorted(KINDS.keys() | {plugged.name for plugged in entry_points(group=ENTRY_POINTS)}))
    raise DirectoryError(
        f"нет такого вида справочника: «{kind}»; есть: {kinds}",
        f"no such kind of directory: {kind!r}; there are: {kinds}",
        "type",
    )


def _unusable_kind(kind: str, error: Exception) -> DirectoryError:
    reason = next(iter(str(error).splitlines()), "") or type(error).__name__
    return DirectoryError(
        f"вид справочника «{kind}» не загружается: {reason}",
        f"cannot load the kind of directory {kind!r}: {reason}",
        "type",
    )
