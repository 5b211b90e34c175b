"""The API of the directory that can be edited: callers found, added, changed, removed and imported."""

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
from vats1c.web.context import WebContext
from vats1c.web.request import ApiError, ApiRequest, json_response
from vats1c.web.serializers.calls import entry_json

T = TypeVar("T")

_FIELDS = ("name", "company", "category", "manager", "note")
_MAX_NUMBERS = 20
_MAX_SKIPPED = 1_000


class CallersApi:
    """Callers as the API gives and takes them."""

    def __init__(self, parts: WebContext) -> None:
        self._parts = parts

    def find(self, asking: ApiRequest) -> Response:
        """Give the callers that have every word."""
        _, own = self._own(asking)
        limit = asking.whole_number("limit", 50, 1, 500)
        found = _done(lambda: own.find_by_text(asking.args.get("text", ""), limit))
        return json_response({"callers": [entry_json(one) for one in found]})

    def add(self, asking: ApiRequest) -> Response:
        """Add a caller; past calls of the numbers are renamed."""
        person, own = self._own(asking)
        given = asking.json_body()
        caller = Caller(**{field: asking.text(given, field) for field in _FIELDS})
        own_id = _done(lambda: own.add(_numbers(given), caller))
        return json_response(self._named(person, own, own_id), 201)

    def change(self, asking: ApiRequest, caller_id: int) -> Response:
        """Change what is given of a caller."""
        person, own = self._own(asking)
        given = asking.json_body()
        words = {field: asking.text(given, field) for field in _FIELDS if field in given}
        numbers = _numbers(given) if "numbers" in given else None
        caller = _held(own, caller_id).caller._replace(**words)
        _done(lambda: own.change(caller_id, numbers=numbers, caller=caller))
        return json_response(self._named(person, own, caller_id))

    def attach(self, asking: ApiRequest, caller_id: int) -> Response:
        """Give a caller one more number."""
        person, own = self._own(asking)
        number = asking.text(asking.json_body(), "number")
        held = [one.canonical or "" for one in _held(own, caller_id).numbers]
        _done(lambda: own.change(caller_id, numbers=[*held, number]))
        return json_response(self._named(person, own, caller_id))

    def remove(self, asking: ApiRequest, caller_id: int) -> Response:
        """Take a caller out."""
        _, own = self._own(asking)
        _held(own, caller_id)
        _done(lambda: own.remove(caller_id))
        return json_response(None)

    def require_editor(self, asking: ApiRequest) -> Response:
        """Return an empty response to a person who may edit the directory. Raises ApiError."""
        self._own(asking)
        return json_response(None)

    def import_(self, asking: ApiRequest) -> Response:
        """Import a file, or say what an import would do."""
        person, own = self._own(asking)
        suffix = PurePosixPath(asking.args.get("file", "")).suffix.lower()
        if suffix not in READERS:
            there_are = ", ".join(sorted(READERS))
            raise ApiError(400, "file", f"file: бывают {there_are}", f"file: there are {there_are}")
        dry_run = asking.args.get("dry_run", "") not in ("", "0")
        skipped: list[RowFinding] = []
        # The readers open files, and a spreadsheet is read here and there.
        with tempfile.NamedTemporaryFile(suffix=suffix) as file:
            file.write(asking.get_data(cache=False))
            file.flush()
            plan = self._parts.view_of(person).plan
            source = PurePosixPath(asking.args["file"]).name
            done = _done(
                lambda: own.import_rows(
                    collect_unusable(rows_of(Path(file.name), plan), skipped), source, dry_run=dry_run
                ),
                # Whoever imports knows the file by its own name.
                lambda said: said.replace(file.name, source),
            )
        described = [
            {"line": one.line, "code": one.code, "message": one.message.said("en" if asking.language == "en" else "ru")}
            for one in skipped[:_MAX_SKIPPED]
        ]
        return json_response({**asdict(done), "id": None if dry_run else done.id, "skipped": described})

    def undo(self, asking: ApiRequest, import_id: int) -> Response:
        """Undo an import."""
        _, own = self._own(asking)
        return json_response(asdict(_done(lambda: own.undo(import_id))))

    def _own(self, asking: ApiRequest) -> tuple[PageUser, Editable]:
        """Return who asks and the directory they may edit. Raises ApiError."""
        person, _ = asking.person()
        office = self._parts.view_of(person)
        if not person.administrator and not office.everyone_edits:
            raise ApiError(
                403, "edit", "изменять справочник может администратор", "an administrator edits the directory"
            )
        if office.editable is None:
            raise ApiError(
                409, "directory", "нет справочника, который можно изменять", "there is no directory that can be edited"
            )
        return person, office.editable

    def _named(self, person: PageUser, own: Editable, caller_id: int) -> dict[str, Any]:
        """Rename the past calls of a caller, and return the caller."""
        held = _held(own, caller_id)
        numbers = [number.canonical for number in held.numbers if number.canonical]
        self._parts.journal.rename_callers(person.publication, numbers, held.caller)
        return entry_json(held)


def _held(own: Editable, caller_id: int) -> Entry:
    try:
        return own.get(caller_id)
    except DirectoryError as error:
        raise ApiError(404, "caller", error.message.ru, error.message.en) from error


def _done(work: Callable[[], T], told: Callable[[str], str] = str) -> T:
    try:
        return work()
    except DirectoryError as error:
        raise ApiError(400, error.key or "directory", told(error.message.ru), told(error.message.en)) from error


def _numbers(given: dict[str, Any]) -> list[str]:
    numbers = given.get("numbers", [])
    if (
        not isinstance(numbers, list)
        or len(numbers) > _MAX_NUMBERS
        or not all(isinstance(number, str) and len(number) <= 100 for number in numbers)  # noqa: PLR2004
    ):
        raise ApiError(400, "numbers", "numbers: список номеров", "numbers: a list of numbers")
    return numbers
