"""Callers from a file of JSON lines: a kind of directory for vats1c, to copy and change.

{"number": "8 (923) 529-29-26", "name": "Ренессанс Капитал", "manager": "244"}
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vats1c.directory import DirectoryError, State
from vats1c.directory.index import CallerIndex
from vats1c.model import Caller, Match
from vats1c.number import Number, NumberPlan, parse_cell

_FIELDS = ("name", "company", "category", "manager", "note")


class JsonLinesDirectory:
    """Callers of one file, which is read once, at the start."""

    # `find` waits for nothing outside this process. Set False for a network source: the service then uses a deadline.
    nonblocking = True
    # The settings that are file paths: relative paths start from the folder of the settings file.
    file_settings = ("path",)

    def __init__(self, name: str, settings: Mapping[str, Any], plan: NumberPlan) -> None:
        """Read the file at `settings["path"]`. Raises DirectoryError, which stops the start and names the setting."""
        path = settings.get("path")
        if not isinstance(path, str) or len(settings) > 1:
            raise DirectoryError("нужна одна настройка: path", "one setting is needed: path", "path")
        self.name = name
        self._index = CallerIndex(_callers(Path(path), plan))

    def find(self, number: Number) -> Match | None:
        """Return the match of `number`; None when no caller has it."""
        return self._index.find(number)

    def state(self) -> State:
        """Return the number of callers."""
        return State(ready=True, callers=len(self._index))

    def close(self) -> None:
        """Do nothing: the file is already closed."""


def _callers(path: Path, plan: NumberPlan) -> Iterator[tuple[list[Number], Caller]]:
    place = 0
    try:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                place += 1
                values = json.loads(line)
                # The text may contain several numbers, in any notation.
                numbers = parse_cell(values["number"], plan)
                yield numbers, Caller(**{field: str(values.get(field, "")) for field in _FIELDS})
    except OSError as error:
        raise DirectoryError(f"файл не читается: {path}", f"cannot read {path}", "path") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DirectoryError(f"ошибка в строке {place}: {path}", f"line {place} is broken: {path}", "path") from error
