"""The last differences between our answers and the real 1C's, in a file that outlives the service.

A file of JSON lines, the oldest first; of one number only what is new is written down.
"""

import json
from collections import OrderedDict
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from vats1c.upstream.files import append, exclusive_lock, replace, size_of

_MAX_BYTES = 1 << 20
_MAX_KNOWN = 10_000


@dataclass(frozen=True, slots=True)
class SideAnswer:
    """What one side answers: name, category and manager, after how many milliseconds."""

    name: str = ""
    category: str = ""
    manager: str = ""
    ms: float = 0.0


@dataclass(frozen=True, slots=True)
class AnswerDifference:
    """One question that was answered differently.

    `at` is ISO 8601, UTC; `number` E.164; `differs` names what does; `reason` says why the real 1C has no answer.
    """

    at: str
    number: str
    outcome: str
    ours: SideAnswer
    theirs: SideAnswer
    differs: list[str] = field(default_factory=list)
    reason: str = ""


class Differences:
    """The file of one publication."""

    def __init__(self, data: Path, publication: str, most_bytes: int = _MAX_BYTES) -> None:
        """Take the folder that holds it; the older half is dropped when it grows beyond `most_bytes`."""
        self.path = data / f"shadow-{publication}.jsonl"
        self._lock = data / f".shadow-{publication}.lock"
        self._most_bytes = most_bytes
        self._adding = Lock()
        self._known: OrderedDict[str, tuple[Any, ...]] = OrderedDict()

    def add(self, found: AnswerDifference) -> bool:
        """Write `found` down; False when it is what was found of this number before. Raises OSError."""
        said = (found.outcome, found.ours.name, found.theirs.name, *found.differs)
        # Other threads are kept out by the first, other processes by the second.
        with self._adding:
            if self._known.get(found.number) == said:
                return False
            with exclusive_lock(self._lock):
                if size_of(self.path) > self._most_bytes:
                    lines = self.path.read_bytes().splitlines(keepends=True)
                    replace(self.path, b"".join(lines[len(lines) // 2 :]))
                append(self.path, (json.dumps(asdict(found), ensure_ascii=False) + "\n").encode())
            self._known[found.number] = said
            self._known.move_to_end(found.number)
            if len(self._known) > _MAX_KNOWN:
                self._known.popitem(last=False)
        return True

    def last(self, most: int = 100) -> list[dict[str, Any]]:
        """Return the last differences, the newest first, each as it stands in the file."""
        try:
            lines = self.path.read_bytes().splitlines()
        except OSError:
            return []
        found = (_read(line) for line in reversed(lines))
        return [one for one, _ in zip((one for one in found if one), range(most), strict=False)]

    def erase(self, number: str) -> int:
        """Remove what stands of `number` (E.164), and return how many lines there were. Raises OSError."""
        if not self.path.exists():
            return 0
        with exclusive_lock(self._lock):
            lines = self.path.read_bytes().splitlines(keepends=True)
            kept = [line for line in lines if _read(line).get("number") != number]
            if len(kept) < len(lines):
                replace(self.path, b"".join(kept))
        self._known.pop(number, None)
        return len(lines) - len(kept)


def _read(line: bytes) -> dict[str, Any]:
    """Return the object of a line; an empty one for a line that was cut short."""
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
