"""A file of the last differences between our answers and the real 1C's; it survives a restart of the service.

One JSON object per line, oldest first. A difference that equals the previous difference of the same number is omitted.
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
    """One side's answer: name, category, manager's extension, and the answer time in milliseconds."""

    name: str = ""
    category: str = ""
    manager: str = ""
    ms: float = 0.0


@dataclass(frozen=True, slots=True)
class AnswerDifference:
    """One lookup that the two sides answered differently.

    `at` is an ISO 8601 time in UTC, `number` is E.164, `outcome` is a value of `Comparison`, `differs` lists the
    differing parts of the answer, and `reason` is the error text when the real 1C gave no answer.
    """

    at: str
    number: str
    outcome: str
    ours: SideAnswer
    theirs: SideAnswer
    differs: list[str] = field(default_factory=list)
    reason: str = ""


class Differences:
    """The differences file of one publication; several threads and processes may write to it."""

    def __init__(self, data: Path, publication: str, most_bytes: int = _MAX_BYTES) -> None:
        """Use the file in the folder `data`; a file larger than `most_bytes` loses the older half of its lines."""
        self.path = data / f"shadow-{publication}.jsonl"
        self._lock = data / f".shadow-{publication}.lock"
        self._most_bytes = most_bytes
        self._thread_lock = Lock()
        self._known: OrderedDict[str, tuple[Any, ...]] = OrderedDict()

    def add(self, difference: AnswerDifference) -> bool:
        """Append `difference`; return False if it equals the last difference of the same number. Raises OSError."""
        fingerprint = (difference.outcome, difference.ours.name, difference.theirs.name, *difference.differs)
        # The thread lock excludes other threads of this process, the file lock other processes.
        with self._thread_lock:
            if self._known.get(difference.number) == fingerprint:
                return False
            with exclusive_lock(self._lock):
                if size_of(self.path) > self._most_bytes:
                    lines = self.path.read_bytes().splitlines(keepends=True)
                    replace(self.path, b"".join(lines[len(lines) // 2 :]))
                append(self.path, (json.dumps(asdict(difference), ensure_ascii=False) + "\n").encode())
            self._known[difference.number] = fingerprint
            self._known.move_to_end(difference.number)
            if len(self._known) > _MAX_KNOWN:
                self._known.popitem(last=False)
        return True

    def last(self, most: int = 100) -> list[dict[str, Any]]:
        """Return up to `most` differences, newest first, each as the JSON object in the file."""
        try:
            lines = self.path.read_bytes().splitlines()
        except OSError:
            return []
        records = (_parse(line) for line in reversed(lines))
        return [record for record, _ in zip((record for record in records if record), range(most), strict=False)]

    def erase(self, number: str) -> int:
        """Remove the lines about `number` (E.164) and return their count. Raises OSError."""
        if not self.path.exists():
            return 0
        with exclusive_lock(self._lock):
            lines = self.path.read_bytes().splitlines(keepends=True)
            remaining = [line for line in lines if _parse(line).get("number") != number]
            if len(remaining) < len(lines):
                replace(self.path, b"".join(remaining))
        self._known.pop(number, None)
        return len(lines) - len(remaining)


def _parse(line: bytes) -> dict[str, Any]:
    """Return the JSON object of a line; an empty dict for a line that is cut short."""
    try:
        record = json.loads(line)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}
