"""Snapshot file of the last good callers of a slow source, used after a restart until the next copy is complete.

Rule: the file is replaced atomically and has mode 0600; a snapshot that is damaged or of another source is not used.
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
    """Return the callers in the snapshot `path`, None when the file is missing.

    Raises DirectoryError when the snapshot cannot be read, is damaged, or has another fingerprint than `source`.
    """
    try:
        with path.open(encoding="utf-8") as lines:
            header = json.loads(next(lines, "null"))
            if header != {"version": _VERSION, "source": source, "callers": header["callers"]}:
                raise DirectoryError("он другого источника", "it is another source's", "cache")
            index = CallerIndex(_row(line) for line in lines)
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DirectoryError(f"он не читается: {reason}", f"it cannot be read: {reason}", "cache") from error
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
        raise DirectoryError("он испорчен", "it is broken", "cache") from error
    if len(index) != header["callers"]:
        raise DirectoryError("он оборван", "it is cut short", "cache")
    return index


def save(path: Path, source: str, index: CallerIndex) -> None:
    """Write the callers of `index`, with the fingerprint `source`, to the snapshot `path`.

    Raises DirectoryError; the previous snapshot then stays as it was.
    """
    draft = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # mkstemp sets mode 0600 and picks a unique name: several processes may save the same snapshot at once.
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
        canonicals = [number.canonical for number in numbers]
        yield [canonicals, local, caller.name, caller.company, caller.category, caller.manager, caller.note]


def _row(line: str) -> tuple[list[Number], Caller]:
    canonicals, local, name, company, category, manager, note = json.loads(line)
    numbers = [Number(canonical, f"+{int(canonical)}", NumberKind.EXTERNAL, local=local) for canonical in canonicals]
    return numbers, Caller(name, company, category, manager, note)
