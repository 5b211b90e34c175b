"""Record the real 1C's answers as a directory of callers (callers.csv) and as test fixtures (exchanges.jsonl).

An exchange is appended only when its answer differs from the last recorded answer to the same operation and number.
Rule: the lookup never waits for the recording; the files hold no login and no subscriber's key.
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

# A queued reply: operation, number (E.164 or ""), time of the reply, reply.
_Item = tuple[str, str, datetime, OneCReply]


def folder_of(data: Path, publication: str) -> Path:
    """Return the folder of a publication's recordings under the data folder `data`."""
    return data / "recorded" / publication


class Recording:
    """The recordings folder of one publication; several processes may write to it."""

    def __init__(self, folder: Path, most_callers: int = _MAX_CALLERS, most_bytes: int = _MAX_BYTES) -> None:
        """Record into `folder` up to `most_callers` callers and `most_bytes` bytes of exchanges."""
        self._lock = folder / ".lock"
        self._callers = _Callers(folder / "callers.csv", most_callers)
        self._exchanges = _Exchanges(folder / "exchanges.jsonl", most_bytes)
        self._background: Worker[_Item] = Worker("recording", self._write, most=10_000)

    def note(self, operation: str, number: str, reply: OneCReply) -> None:
        """Enqueue the reply about `number` (E.164 or "") for recording. Never blocks; a missing answer is ignored."""
        if reply.status and not self._background.submit((operation, number, datetime.now(UTC), reply)):
            log.warning("answer_not_recorded", reason="too many at once")

    def close(self) -> None:
        """Write the queued replies, but stop at the close timeout of the worker."""
        self._background.close()

    def _write(self, item: _Item) -> None:
        operation, number, at, reply = item
        try:
            with exclusive_lock(self._lock):
                self._exchanges.add(operation, number, at, reply)
                if operation == "SayName" and number and reply.error is None:
                    self._callers.put(number, reply.match.caller if reply.match else None)
        except OSError as error:
            log.warning("answer_not_recorded", reason=error.strerror or type(error).__name__)


class _Callers:
    """A table of callers for a csv directory: one row per number with the caller of the last answer."""

    def __init__(self, path: Path, max_callers: int) -> None:
        self._path = path
        self._max_callers = max_callers
        # Name, category and manager by number, as in the file.
        self._rows: dict[str, tuple[str, str, str]] = {}
        self._full = _OnceLogged(path)
        # The file version that `_rows` matches; None forces a full rewrite.
        self._version: tuple[int, int] | None = None

    def put(self, number: str, caller: Caller | None) -> None:
        """Write the row of `number`, or remove it when `caller` is None. Raises OSError."""
        self._reload()
        row = tuple(" ".join(text.split()) for text in (caller.name, caller.category, caller.manager)) if caller else ()
        if self._rows.get(number, ()) == row:
            return
        if not row:
            del self._rows[number]
        elif number in self._rows or len(self._rows) < self._max_callers:
            is_new = number not in self._rows
            self._rows[number] = row  # type: ignore[assignment]
            if is_new and self._version:
                append(self._path, _to_csv([(number, *row)]))
                self._version = _file_version(self._path)
                return
        else:
            self._full.log()
            return
        replace(self._path, _to_csv([_COLUMNS, *((number, *row) for number, row in self._rows.items())]))
        self._version = _file_version(self._path)

    def _reload(self) -> None:
        """Read the file again when another process has changed it."""
        version = _file_version(self._path)
        if version == self._version:
            return
        text = self._path.read_bytes().decode("utf-8", "replace") if version else ""
        # Ignore a last line without its newline: a power cut may have truncated the row, and so the caller's name.
        complete = text[: text.rfind("\n") + 1]
        rows = csv.reader(io.StringIO(complete, newline=""), delimiter=";")
        self._rows = {row[0]: (row[1], row[2], row[3]) for row in rows if len(row) == len(_COLUMNS)}
        self._rows.pop(_COLUMNS[0], None)
        self._version = version if complete and complete == text else None


class _Exchanges:
    """A file of exchanges, one JSON object per line."""

    def __init__(self, path: Path, most_bytes: int) -> None:
        self._path = path
        self._most_bytes = most_bytes
        # Digest of the last answer by operation and number.
        self._digests: dict[tuple[str, str], bytes] = {}
        self._full = _OnceLogged(path)
        self._offset = 0
        self._inode = 0

    def add(self, operation: str, number: str, at: datetime, reply: OneCReply) -> None:
        """Append the exchange unless its answer equals the last recorded one. Raises OSError."""
        self._reload()
        record = _as_json(operation, number, at, reply)
        digest = _digest(record)
        if self._digests.get((operation, number)) == digest:
            return
        line = (json.dumps(record, ensure_ascii=False) + "\n").encode()
        if size_of(self._path) + len(line) > self._most_bytes:
            self._full.log()
            return
        append(self._path, line)
        self._reload()

    def _reload(self) -> None:
        """Read the lines that any process has appended since the last call; read the whole file if it was replaced."""
        version = _file_version(self._path)
        if version is None or version[0] != self._inode or version[1] < self._offset:
            self._digests, self._offset, self._inode = {}, 0, version[0] if version else 0
        if version is None or version[1] == self._offset:
            return
        with self._path.open("rb") as file:
            file.seek(self._offset)
            for line in file:
                key, digest = _key_and_digest(line)
                if key:
                    self._digests[key] = digest
            self._offset = file.tell()


class _OnceLogged:
    """Logs once that a file has reached its limit."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._logged = False

    def log(self) -> None:
        if not self._logged:
            log.warning("recording_full", file=self._path.name)
            self._logged = True


def erase_recorded(data: Path, publication: str, number: str) -> int:
    """Remove the recordings of `number` (E.164) and return the count of removed records. Raises OSError."""
    folder = folder_of(data, publication)
    if not folder.is_dir():
        return 0
    with exclusive_lock(folder / ".lock"):
        return sum(
            _remove_lines(folder / name, lambda line, number_of=number_of: number_of(line) == number)
            for name, number_of in (("callers.csv", _number_of_row), ("exchanges.jsonl", _number_of_exchange))
        )


def _remove_lines(path: Path, is_removed: Any) -> int:
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return 0
    remaining = [line for line in lines if not is_removed(line)]
    if len(remaining) < len(lines):
        replace(path, b"".join(remaining))
    return len(lines) - len(remaining)


def _number_of_row(line: bytes) -> str:
    return line.partition(b";")[0].decode("utf-8", "replace")


def _number_of_exchange(line: bytes) -> str:
    key, _ = _key_and_digest(line)
    return key[1] if key else ""


def _as_json(operation: str, number: str, at: datetime, reply: OneCReply) -> dict[str, Any]:
    outcome = "failed" if reply.error else "found" if reply.match else "unknown" if operation == "SayName" else "taken"
    return {
        "at": at.isoformat(),
        "operation": operation,
        "number": number,
        "outcome": outcome,
        "elapsed_ms": round(reply.elapsed * 1_000, 1),
        "request": reply.request.decode(),
        "status": reply.status,
        "content_type": reply.content_type,
        **_bytes("answer", reply.body),
    }


def _bytes(name: str, content: bytes) -> dict[str, str]:
    """Return {name: text} for UTF-8 bytes, else {name_base64: Base64 text}."""
    try:
        return {name: content.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(content).decode()}


def _key_and_digest(line: bytes) -> tuple[tuple[str, str] | None, bytes]:
    """Return the (operation, number) of a line and the digest of its answer; None and b"" for an unusable line."""
    try:
        record = json.loads(line)
        return (record["operation"], record["number"]), _digest(record)
    except (ValueError, KeyError, TypeError):
        return None, b""


def _digest(record: dict[str, Any]) -> bytes:
    """Return a digest of the answer's status and body."""
    parts = [record[key] for key in ("status", "answer", "answer_base64") if key in record]
    return blake2b(json.dumps(parts).encode(), digest_size=16).digest()


def _to_csv(rows: Iterable[Iterable[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";", lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def _file_version(path: Path) -> tuple[int, int] | None:
    """Return the file's inode and size, at least one of which changes with every write; None if there is no file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size
