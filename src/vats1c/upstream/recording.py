"""What the real 1C answers, kept as a directory of callers and as fixtures: callers.csv and exchanges.jsonl.

Of each operation and number the file of exchanges holds what was answered last, and before that what was answered
differently. Rule: whoever asks never waits for it, and no login and no subscriber's key is in it.
"""

import base64
import csv
import io
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

import structlog

from vats1c.directory.soap_answers import OneCReply
from vats1c.model import Caller
from vats1c.upstream.background import Worker
from vats1c.upstream.files import append, exclusive_lock, replace, size_of

log = structlog.get_logger("vats1c.upstream")

_COLUMNS = ("number", "name", "category", "manager")
_MAX_CALLERS = 100_000
_MAX_BYTES = 64 << 20

# Operation, number, when it was asked, what was heard.
_Item = tuple[str, str, datetime, OneCReply]


def folder_of(data: Path, publication: str) -> Path:
    """Return where the recordings of a publication are."""
    return data / "recorded" / publication


class Recording:
    """The folder of one publication; several processes may write to it."""

    def __init__(self, folder: Path, most_callers: int = _MAX_CALLERS, most_bytes: int = _MAX_BYTES) -> None:
        """Take the folder and the most callers and bytes of exchanges that are kept in it."""
        self._lock = folder / ".lock"
        self._callers = _Callers(folder / "callers.csv", most_callers)
        self._exchanges = _Exchanges(folder / "exchanges.jsonl", most_bytes)
        self._background: Worker[_Item] = Worker("recording", self._write, most=10_000)

    def note(self, operation: str, number: str, heard: OneCReply) -> None:
        """Record what was `heard` of `number` (E.164, "" where it has none); never waits. No answer is none to keep."""
        if heard.status and not self._background.submit((operation, number, datetime.now(UTC), heard)):
            log.warning("answer_not_recorded", reason="too many at once")

    def close(self) -> None:
        """Finish writing."""
        self._background.close()

    def _write(self, item: _Item) -> None:
        operation, number, at, heard = item
        try:
            with exclusive_lock(self._lock):
                self._exchanges.add(operation, number, at, heard)
                if operation == "SayName" and number and heard.error is None:
                    self._callers.put(number, heard.match.caller if heard.match else None)
        except OSError as error:
            log.warning("answer_not_recorded", reason=error.strerror or type(error).__name__)


class _Callers:
    """A file of callers that a csv directory reads: one row a number, its last answer."""

    def __init__(self, path: Path, most: int) -> None:
        self._path = path
        self._most = most
        self._known: dict[str, tuple[str, str, str]] = {}
        self._full = _OnceLogged(path)
        self._seen: tuple[int, int] | None = None

    def put(self, number: str, caller: Caller | None) -> None:
        """Have the file say that `caller` owns `number`. Raises OSError."""
        self._reload()
        row = tuple(" ".join(text.split()) for text in (caller.name, caller.category, caller.manager)) if caller else ()
        if self._known.get(number, ()) == row:
            return
        if not row:
            del self._known[number]
        elif number in self._known or len(self._known) < self._most:
            new = number not in self._known
            self._known[number] = row  # type: ignore[assignment]
            if new and self._seen:
                append(self._path, _table([(number, *row)]))
                self._seen = _file_version(self._path)
                return
        else:
            self._full.log()
            return
        replace(self._path, _table([_COLUMNS, *((one, *told) for one, told in self._known.items())]))
        self._seen = _file_version(self._path)

    def _reload(self) -> None:
        """Read the file anew when somebody else wrote it."""
        found = _file_version(self._path)
        if found == self._seen:
            return
        text = self._path.read_bytes().decode("utf-8", "replace") if found else ""
        # A row that a power cut left half of names somebody else.
        whole = text[: text.rfind("\n") + 1]
        rows = csv.reader(io.StringIO(whole, newline=""), delimiter=";")
        self._known = {row[0]: (row[1], row[2], row[3]) for row in rows if len(row) == len(_COLUMNS)}
        self._known.pop(_COLUMNS[0], None)
        self._seen = found if whole and whole == text else None


class _Exchanges:
    """A file of exchanges, one JSON object a line."""

    def __init__(self, path: Path, most_bytes: int) -> None:
        self._path = path
        self._most_bytes = most_bytes
        self._known: dict[tuple[str, str], bytes] = {}
        self._full = _OnceLogged(path)
        self._read = 0
        self._inode = 0

    def add(self, operation: str, number: str, at: datetime, heard: OneCReply) -> None:
        """Write the exchange down unless it is what was answered last. Raises OSError."""
        self._reload()
        line = _as_json(operation, number, at, heard)
        answer = _digest(line)
        if self._known.get((operation, number)) == answer:
            return
        written = (json.dumps(line, ensure_ascii=False) + "\n").encode()
        if size_of(self._path) + len(written) > self._most_bytes:
            self._full.log()
            return
        append(self._path, written)
        self._reload()

    def _reload(self) -> None:
        """Read what was added, by us or by others; all of it when the file is another."""
        found = _file_version(self._path)
        if found is None or found[0] != self._inode or found[1] < self._read:
            self._known, self._read, self._inode = {}, 0, found[0] if found else 0
        if found is None or found[1] == self._read:
            return
        with self._path.open("rb") as file:
            file.seek(self._read)
            for line in file:
                key, answer = _key(line)
                if key:
                    self._known[key] = answer
            self._read = file.tell()


class _OnceLogged:
    """Says once that a file takes no more."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._said = False

    def log(self) -> None:
        if not self._said:
            log.warning("recording_full", file=self._path.name)
            self._said = True


def erase_recorded(data: Path, publication: str, number: str) -> int:
    """Remove what was recorded of `number` (E.164), and return how many records there were. Raises OSError."""
    folder = folder_of(data, publication)
    if not folder.is_dir():
        return 0
    with exclusive_lock(folder / ".lock"):
        return sum(
            _erased(folder / name, lambda line, of=of: of(line) == number)
            for name, of in (("callers.csv", _number_of_row), ("exchanges.jsonl", _number_of_exchange))
        )


def _erased(path: Path, wanted: Any) -> int:
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return 0
    kept = [line for line in lines if not wanted(line)]
    if len(kept) < len(lines):
        replace(path, b"".join(kept))
    return len(lines) - len(kept)


def _number_of_row(line: bytes) -> str:
    return line.partition(b";")[0].decode("utf-8", "replace")


def _number_of_exchange(line: bytes) -> str:
    key, _ = _key(line)
    return key[1] if key else ""


def _as_json(operation: str, number: str, at: datetime, heard: OneCReply) -> dict[str, Any]:
    outcome = "failed" if heard.error else "found" if heard.match else "unknown" if operation == "SayName" else "taken"
    return {
        "at": at.isoformat(),
        "operation": operation,
        "number": number,
        "outcome": outcome,
        "elapsed_ms": round(heard.elapsed * 1_000, 1),
        "request": heard.request.decode(),
        "status": heard.status,
        "content_type": heard.content_type,
        **_bytes("answer", heard.body),
    }


def _bytes(name: str, content: bytes) -> dict[str, str]:
    """Return bytes as text where they are UTF-8, else in Base64 under a name that says so."""
    try:
        return {name: content.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(content).decode()}


def _key(line: bytes) -> tuple[tuple[str, str] | None, bytes]:
    try:
        found = json.loads(line)
        return (found["operation"], found["number"]), _digest(found)
    except (ValueError, KeyError, TypeError):
        return None, b""


def _digest(line: dict[str, Any]) -> bytes:
    """Return what is the same for the same answer."""
    parts = [line[key] for key in ("status", "answer", "answer_base64") if key in line]
    return blake2b(json.dumps(parts).encode(), digest_size=16).digest()


def _table(rows: Iterable[Iterable[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";", lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def _file_version(path: Path) -> tuple[int, int] | None:
    """Return what changes when somebody else writes the file: inode and size; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size
