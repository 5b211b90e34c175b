"""The last good callers of a slow source in a file, so that a restart answers before the source does.

Rule: the file is replaced whole, and only its owner may read it; one that is broken, or was made from another source,
counts as none.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from vats1c.directory import DirectoryError
from vats1c.directory.index import CallerIndex
from vats1c.model import Caller
from vats1c.number import Number, NumberKind

_VERSION = 1


def load(path: Path, source: str) -> CallerIndex | None:
    """Return the callers kept of `source`; None when there is no such file. Raises DirectoryError."""
    try:
        with path.open(encoding="utf-8") as lines:
            head = json.loads(next(lines, "null"))
            if head != {"version": _VERSION, "source": source, "callers": head["callers"]}:
                raise DirectoryError("он другого источника", "it is another source's", "cache")
            index = CallerIndex(_row(line) for line in lines)
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DirectoryError(f"он не читается: {reason}", f"it cannot be read: {reason}", "cache") from error
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
        raise DirectoryError("он испорчен", "it is broken", "cache") from error
    if len(index) != head["callers"]:
        raise DirectoryError("он оборван", "it is cut short", "cache")
    return index


def save(path: Path, source: str, index: CallerIndex) -> None:
    """Put the callers of `source` into the file. Raises DirectoryError, and leaves the file as it was."""
    draft = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The mode of such a file is 0600; a name of its own, since several processes may keep theirs at once.
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            _write(file, source, index)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(path)
    except OSError as error:
        if draft is not None:
            with suppress(OSError):
                Path(draft).unlink()
        reason = error.strerror or type(error).__name__
        raise DirectoryError(f"он не пишется: {reason}", f"it cannot be written: {reason}", "cache") from error


def _write(file: IO[str], source: str, index: CallerIndex) -> None:
    for line in _lines(source, index):
        file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")


def _lines(source: str, index: CallerIndex) -> Iterator[object]:
    yield {"version": _VERSION, "source": source, "callers": len(index)}
    for numbers, caller in index:
        local = any(number.local for number in numbers)
        forms = [number.canonical for number in numbers]
        yield [forms, local, caller.name, caller.company, caller.category, caller.manager, caller.note]


def _row(line: str) -> tuple[list[Number], Caller]:
    forms, local, name, company, category, manager, note = json.loads(line)
    numbers = [Number(form, f"+{int(form)}", NumberKind.EXTERNAL, local=local) for form in forms]
    return numbers, Caller(name, company, category, manager, note)
