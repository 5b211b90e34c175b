"""Caller directories: whatever can say who owns a number.

To add a kind, write a class with the methods of `Directory` and a constructor that takes the directory's name, the
kind's own settings and how numbers are dialled; then name it in KINDS. Rule: nothing outside this
room names a kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from vats1c.language import Message
from vats1c.model import Match
from vats1c.number import Number, Plan

# A kind's module is imported when a directory of that kind is opened, and no sooner.
KINDS = {"csv": "vats1c.directory.csvfile:CsvDirectory"}


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


class Directory(Protocol):
    """Says who owns a number. Called by many threads at once.

    `in_memory` tells that `find` never waits for anything outside this process: such a directory is asked directly.
    """

    name: str
    in_memory: bool

    def find(self, number: Number) -> Match | None:
        """Return who owns `number` and how surely, or None. MUST NOT be asked without a canonical form.

        MAY raise DirectoryError when it cannot answer; an unknown number is an answer, not an error.
        """

    def state(self) -> State:
        """Return how the directory is, without asking anyone else: health checks call this."""

    def close(self) -> None:
        """Let go of files and connections. MAY be called twice."""


def load(kind: str, name: str, settings: Mapping[str, Any], plan: Plan) -> Directory:
    """Open the directory `name` of `kind` with the kind's own settings.

    Raises DirectoryError when the kind is unknown or its settings cannot be used.
    """
    if kind not in KINDS:
        kinds = ", ".join(sorted(KINDS))
        raise DirectoryError(
            f"нет такого вида справочника: «{kind}»; есть: {kinds}",
            f"no such kind of directory: {kind!r}; there are: {kinds}",
            "type",
        )
    module, _, cls = KINDS[kind].partition(":")
    directory: Directory = getattr(import_module(module), cls)(name, settings, plan)
    return directory
