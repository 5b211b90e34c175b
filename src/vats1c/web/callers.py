"""The API of the editable directory: search, add, change, remove and import callers."""

import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from werkzeug.wrappers import Response

from vats1c.accounts.people import PageUser
from vats1c.directory import DirectoryError
from vats1c.directory.doctor import RowFinding, collect_unusable
from vats1c.directory.editing import Editable, Entry
from vats1c.directory.files import READERS, rows_of
from vats1c.model import Caller
from vats1c.web.call_json import entry_json
from vats1c.web.context import WebContext
from vats1c.web.request import ApiError, ApiRequest, json_response

T = TypeVar("T")

_FIELDS = ("name", "company", "category", "manager", "note")
_MAX_NUMBERS = 20
_MAX_SKIPPED = 1_000


class CallersApi:
    """The endpoints of callers."""

    def __init__(self, context: WebContext) -> None:
        self._context = context

    def find(self, request: ApiRequest) -> Response:
        """Return the callers that contain every word of `text`, or a part of a number."""
        _, directory = self._editable(request)
        limit = request.whole_number("limit", 50, 1, 500)
        entries = _checked(lambda: directory.find_by_text(request.args.get("text", ""), limit))
        return json_response({"callers": [entry_json(one) for one in entries]})

    def add(self, request: ApiRequest) -> Response:
        """Add a caller; past calls of its numbers get the new name."""
        person, directory = self._editable(request)
        body = request.json_body()
        caller = Caller(**{field: request.text(body, field) for field in _FIELDS})
        caller_id = _checked(lambda: directory.add(_numbers(body), caller))
        return json_response(self._named(person, directory, caller_id), 201)

    def change(self, request: ApiRequest, caller_id: int) -> Response:
        """Change the fields of a caller that are in the body."""
        person, directory = self._editable(request)
        body = request.json_body()
        words = {field: request.text(body, field) for field in _FIELDS if field in body}
        numbers = _numbers(body) if "numbers" in body else None
        caller = _entry(directory, caller_id).caller._replace(**words)
        _checked(lambda: directory.change(caller_id, numbers=numbers, caller=caller))
        return json_response(self._named(person, directory, caller_id))

    def attach(self, request: ApiRequest, caller_id: int) -> Response:
        """Add a number to a caller."""
        person, directory = self._editable(request)
        number = request.text(request.json_body(), "number")
        numbers = [held.canonical or "" for held in _entry(directory, caller_id).numbers]
        _checked(lambda: directory.change(caller_id, numbers=[*numbers, number]))
        return json_response(self._named(person, directory, caller_id))

    def remove(self, request: ApiRequest, caller_id: int) -> Response:
        """Delete a caller."""
        _, directory = self._editable(request)
        _entry(directory, caller_id)
        _checked(lambda: directory.remove(caller_id))
        return json_response(None)

    def require_editor(self, request: ApiRequest) -> Response:
        """Return an empty response to a person who may edit the directory. Raises ApiError."""
        self._editable(request)
        return json_response(None)

    def import_(self, request: ApiRequest) -> Response:
        """Import the file in the body; with `dry_run` only return the result that the import would have."""
        person, directory = self._editable(request)
        suffix = PurePosixPath(request.args.get("file", "")).suffix.lower()
        if suffix not in READERS:
            there_are = ", ".join(sorted(READERS))
            raise ApiError(400, "file", f"file: бывают {there_are}", f"file: there are {there_are}")
        dry_run = request.args.get("dry_run", "") not in ("", "0")
        skipped: list[RowFinding] = []
        # The readers open files by path, and a spreadsheet needs random access.
        with tempfile.NamedTemporaryFile(suffix=suffix) as file:
            file.write(request.get_data(cache=False))
            file.flush()
            plan = self._context.view_of(person).plan
            source = PurePosixPath(request.args["file"]).name
            result = _checked(
                lambda: directory.import_rows(
                    collect_unusable(rows_of(Path(file.name), plan), skipped), source, dry_run=dry_run
                ),
                # Messages name the user's file, not the temporary one.
                lambda text: text.replace(file.name, source),
            )
        rows = [
            {
                "line": one.line,
                "code": one.code,
                "message": one.message.said("en" if request.language == "en" else "ru"),
            }
            for one in skipped[:_MAX_SKIPPED]
        ]
        return json_response({**asdict(result), "id": None if dry_run else result.id, "skipped": rows})

    def undo(self, request: ApiRequest, import_id: int) -> Response:
        """Undo an import."""
        _, directory = self._editable(request)
        return json_response(asdict(_checked(lambda: directory.undo(import_id))))

    def _editable(self, request: ApiRequest) -> tuple[PageUser, Editable]:
        """Return the user and the directory that they may edit. Raises ApiError."""
        person, _ = request.person()
        view = self._context.view_of(person)
        if not person.administrator and not view.everyone_edits:
            raise ApiError(
                403, "edit", "изменять справочник может администратор", "an administrator edits the directory"
            )
        if view.editable is None:
            raise ApiError(
                409, "directory", "нет справочника, который можно изменять", "there is no directory that can be edited"
            )
        return person, view.editable

    def _named(self, person: PageUser, directory: Editable, caller_id: int) -> dict[str, Any]:
        """Rename the past calls of a caller, and return the caller as JSON."""
        entry = _entry(directory, caller_id)
        numbers = [number.canonical for number in entry.numbers if number.canonical]
        self._context.journal.rename_callers(person.publication, numbers, entry.caller)
        return entry_json(entry)


def _entry(directory: Editable, caller_id: int) -> Entry:
    try:
        return directory.get(caller_id)
    except DirectoryError as error:
        raise ApiError(404, "caller", error.message.ru, error.message.en) from error


def _checked(work: Callable[[], T], rewrite: Callable[[str], str] = str) -> T:
    try:
        return work()
    except DirectoryError as error:
        raise ApiError(400, error.key or "directory", rewrite(error.message.ru), rewrite(error.message.en)) from error


def _numbers(body: dict[str, Any]) -> list[str]:
    numbers = body.get("numbers", [])
    if (
        not isinstance(numbers, list)
        or len(numbers) > _MAX_NUMBERS
        or not all(isinstance(number, str) and len(number) <= 100 for number in numbers)  # noqa: PLR2004
    ):
        raise ApiError(400, "numbers", "numbers: список номеров", "numbers: a list of numbers")
    return numbers
