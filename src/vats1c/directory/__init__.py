"""Caller directories: the sources that map a phone number to a caller, and how a source is opened by its kind.

To add a kind, write a class with the methods of `Directory` and the constructor `(name, settings, plan)`; then add the
class to KINDS, or to an entry point of another package.
Rule: no module outside `vats1c.directory` names a kind.
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

# Kind -> "module:Class". A module is imported only when a directory of its kind is opened.
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

# The kind that queries a 1C with the requests of the VATS. Also used for the upstream 1C of a publication.
REAL_1C = "soap"

# The entry point group in which other packages register kinds.
ENTRY_POINTS = "vats1c.directories"


class DirectoryError(Exception):
    """The error of a directory that cannot be opened or queried.

    `message` is the reason, `key` the name of the setting at fault ("" when no setting is).
    """

    def __init__(self, ru: str, en: str, key: str = "") -> None:
        super().__init__(en)
        self.message = Message(ru, en)
        self.key = key


@dataclass(frozen=True, slots=True)
class State:
    """The health of a directory: whether it can answer, and its number of callers (None when unknown)."""

    ready: bool
    callers: int | None = None


class Row(NamedTuple):
    """A row of a source table.

    `line` is its line number (from 1), `cell` the text of its number cell, `numbers` the external numbers parsed from
    `cell`. `vats1c check` reports the rows that are not `usable`.
    """

    line: int
    cell: str
    numbers: tuple[Number, ...]
    caller: Caller

    @property
    def usable(self) -> bool:
        """Whether the row has an external number and a name, so that a lookup can find its caller."""
        return bool(self.numbers and self.caller.name)


@runtime_checkable
class HasRows(Protocol):
    """A directory that lists its rows."""

    path: Path

    def rows(self) -> Iterable[Row]:
        """Read all rows again from `path`, unusable rows included. Raises DirectoryError."""


@runtime_checkable
class Refreshable(Protocol):
    """A directory that copies its callers from a source on its own schedule."""

    def refresh(self) -> None:
        """Copy the callers now. On failure, log the reason and keep the last good callers."""


class Directory(Protocol):
    """A source of callers, looked up by number from many threads at once.

    `nonblocking` is true when `find` neither does I/O nor waits for a lock that is held during I/O; the server's thread
    then calls `find` itself. When `nonblocking` is false, a worker thread calls `find`, with a deadline and a cache. If
    the optional attribute `local` is true, there is no deadline and no cache: `find` reads only files of this machine.
    """

    name: str
    nonblocking: bool

    def find(self, number: Number) -> Match | None:
        """Return the callers that own `number` with the confidence of the match, or None when the number is unknown.

        `number.canonical` MUST NOT be None. MAY raise DirectoryError when the source fails; an unknown number is not
        a failure.
        """

    def state(self) -> State:
        """Return the health of the directory without a request to its source: health checks call this method."""

    def close(self) -> None:
        """Close files and connections. MAY be called twice."""


def is_local(directory: Directory) -> bool:
    """Tell whether a directory reads only files of this machine, so that it needs no deadline and no cache."""
    return bool(getattr(directory, "local", False))


@dataclass(frozen=True, slots=True)
class DirectoryContext:
    """The context in which the default settings and the relative paths of a directory are resolved.

    `data` is the data folder of the service, `publication` the name of the publication that uses the directory,
    `folder` the folder of the settings file.
    """

    data: Path
    publication: str
    folder: Path


def load(
    kind: str, name: str, settings: Mapping[str, Any], plan: NumberPlan, context: DirectoryContext | None = None
) -> Directory:
    """Open the directory `name` of `kind`, passing `settings` and `plan` to the class of the kind.

    `kind` is a key of KINDS, the name of an entry point in the group `vats1c.directories`, or "module:Class". The class
    MAY have two attributes, which are used when `context` is passed: the method `default_settings(context)` returns
    default settings, and the tuple `file_settings` lists the settings that are paths of files. Raises DirectoryError
    when the kind does not exist or rejects its settings.
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


def _resolved_settings(cls: Any, settings: Mapping[str, Any], context: DirectoryContext) -> dict[str, Any]:
    """Return `settings` merged over the defaults of the kind, with relative paths resolved against `context.folder`."""
    defaults_of = getattr(cls, "default_settings", None)
    resolved = {**(defaults_of(context) if defaults_of else {}), **settings}
    for key in getattr(cls, "file_settings", ()):
        # The kind itself rejects a path that is empty or not a string.
        if isinstance(resolved.get(key), str) and resolved[key]:
            resolved[key] = str(context.folder / resolved[key])
    return resolved


def class_of(kind: str) -> Any:
    """Import and return the class of `kind`. Raises DirectoryError when there is no such kind or its import fails."""
    target = KINDS.get(kind, kind if ":" in kind else "")
    try:
        if target:
            module, _, cls = target.partition(":")
            return getattr(import_module(module), cls)
        for entry_point in entry_points(group=ENTRY_POINTS, name=kind):
            return entry_point.load()
    except DirectoryError:
        raise
    except Exception as error:
        raise _unusable_kind(kind, error) from error
    kinds = ", ".join(sorted(KINDS.keys() | {entry_point.name for entry_point in entry_points(group=ENTRY_POINTS)}))
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
