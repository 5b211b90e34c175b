"""Callers from a third-party web service: one GET request per number, with a JSON response.

Rule: no error message and no log line contains the number, the password, or the path and query of the URL.
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import structlog

from vats1c.directory import DirectoryError, State
from vats1c.directory.columns import COLUMNS, confidence_of
from vats1c.directory.http_client import SETTINGS, HttpClient, checked_url, status_error
from vats1c.directory.settings_checks import refuse_no_text, refuse_unknown, seconds_of
from vats1c.model import Caller, Confidence, Match
from vats1c.number import PROBE_NUMBER, Number, NumberPlan

log = structlog.get_logger("vats1c.directory")

_TEXTS = (*SETTINGS, "token", "path")
_TABLES = ("headers", "fields")
_SETTINGS = (*_TEXTS, *_TABLES, "timeout")
_PLACEHOLDERS = ("number", "received", "national", "last10")
_PLACEHOLDER = re.compile(r"\{(\w*)\}")
_TIMEOUT_S = 0.5
_UNKNOWN_STATUSES = (204, 404)


class HttpDirectory:
    """The callers known to one web service."""

    nonblocking = False
    file_settings = ("ca",)

    def __init__(self, name: str, settings: Mapping[str, Any], plan: NumberPlan) -> None:
        """Look up PROBE_NUMBER to log a warning if the service is down. Raises DirectoryError for wrong settings."""
        self.name = name
        self._plan = plan
        self._ready = False
        checked = _checked(settings)
        self._url = _template(checked["url"])
        self._path = checked.get("path", "")
        self._fields = _fields(checked.get("fields", {}))
        headers = {"Accept": "application/json", **_headers(checked)}
        self._client = HttpClient(checked, headers, seconds_of(checked, "timeout", _TIMEOUT_S))
        try:
            self.find(PROBE_NUMBER)
        except DirectoryError as error:
            log.warning("directory_unreachable", directory=name, reason=str(error))

    def find(self, number: Number) -> Match | None:
        """Return the match for `number` from the response of the service. Raises DirectoryError."""
        forms = {key: getattr(number, "canonical" if key == "number" else key) for key in _PLACEHOLDERS}
        names = set(_PLACEHOLDER.findall(self._url))
        if not any(forms[key] for key in names):
            # The number lacks the forms that the URL uses: a foreign number has no national form.
            return None
        url = _PLACEHOLDER.sub(lambda placeholder: quote(forms[placeholder[1]] or "", safe=""), self._url)
        try:
            rows = self._rows(self._fetch(url))
        except DirectoryError:
            self._ready = False
            raise
        self._ready = True
        by_last10_only = names == {"last10"} and number.national is None
        cells = [row.pop("number", "") for row in rows]
        confidence = (
            Confidence.LAST_DIGITS if by_last10_only else confidence_of(number, [[cell] for cell in cells], self._plan)
        )
        return Match.of((Caller(**row) for row in rows), confidence)

    def state(self) -> State:
        """Return the state; ready when the service answered the last request."""
        return State(ready=self._ready)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _fetch(self, url: str) -> Any:
        """Return the parsed JSON response, None for a status that means an unknown number."""
        answer = self._client.ask(url)
        if answer.status in _UNKNOWN_STATUSES:
            return None
        if not 200 <= answer.status < 300:  # noqa: PLR2004
            raise status_error(answer.status)
        return _json(answer.body, answer.content_type)

    def _rows(self, answer: Any) -> list[dict[str, str]]:
        """Return the fields of each caller in the response, without callers that have no name."""
        entries = _value_at(answer, self._path, "path") if self._path else answer
        if entries is None or entries in ([], {}):
            return []
        rows = []
        for entry in entries if isinstance(entries, list) else [entries]:
            if not isinstance(entry, dict):
                kind = type(entry).__name__
                raise DirectoryError(f"ждали объект, пришло: {kind}", f"expected an object, got {kind}", "path")
            rows.append({field: self._value(entry, field) for field in self._fields})
        return [row for row in rows if row["name"]]

    def _value(self, entry: Any, field: str) -> str:
        try:
            value = _value_at(entry, self._fields[field], "fields")
        except DirectoryError:
            # The name is the only required field.
            if field == "name":
                raise
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int | float | None):
            kind = type(value).__name__
            raise DirectoryError(
                f"поле {field}: ждали текст, пришло: {kind}", f"{field}: not a text but {kind}", "fields"
            )
        return "" if value is None else str(value).strip()


def _checked(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings after validating their types. Raises DirectoryError."""
    refuse_unknown(settings, _SETTINGS)
    refuse_no_text(settings, _TEXTS)
    for key in _TABLES:
        table = settings.get(key, {})
        if not isinstance(table, Mapping) or not all(isinstance(value, str) for value in table.values()):
            raise DirectoryError("нужна таблица строк", "must be a table of texts", key)
    if "url" not in settings:
        raise DirectoryError("нужен адрес сервиса", "the service's URL is needed", "url")
    return dict(settings)


def _template(url: str) -> str:
    names = _PLACEHOLDER.findall(url)
    if not names or set(names) - set(_PLACEHOLDERS):
        there_are = ", ".join(f"{{{name}}}" for name in _PLACEHOLDERS)
        raise DirectoryError(f"в адресе нужен номер: {there_are}", f"the URL needs the number: {there_are}", "url")
    checked_url(_PLACEHOLDER.sub("0", url))
    # No placeholder in the host: a caller could choose the host through the number.
    if "{" in urlsplit(url).netloc:
        raise DirectoryError("номер не может стоять в имени сервера", "the number cannot stand in the host", "url")
    return url


def _headers(settings: Mapping[str, Any]) -> dict[str, str]:
    headers = dict(settings.get("headers", {}))
    if "token" in settings and "user" in settings:
        raise DirectoryError("нужно одно из двух: token или user", "either token or user, not both", "token")
    if "token" in settings:
        if not re.fullmatch(r"[\x21-\x7e]+", settings["token"]):
            raise DirectoryError("такой токен нельзя послать", "such a token cannot be sent", "token")
        headers["Authorization"] = f"Bearer {settings['token']}"
    return headers


def _fields(names: Mapping[str, str]) -> dict[str, str]:
    if names.keys() - COLUMNS.keys():
        there_are = ", ".join(COLUMNS)
        raise DirectoryError(f"бывают поля: {there_are}", f"the fields are {there_are}", "fields")
    return {field: names.get(field, field) for field in COLUMNS}


def _json(body: bytes, content_type: str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        kind = content_type.partition(";")[0].strip()[:40] or "?"
        raise DirectoryError(f"ответ — не JSON ({kind})", f"the answer is not JSON ({kind})") from error


def _value_at(value: Any, path: str, key: str) -> Any:
    """Return the value at a dot-separated path, None when a value on the path is null. Raises DirectoryError."""
    for part in path.split("."):
        if value is None:
            return None
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal():
            value = value[int(part)] if int(part) < len(value) else None
        else:
            raise DirectoryError(f"в ответе нет {path}", f"the answer has no {path}", key)
    return value
