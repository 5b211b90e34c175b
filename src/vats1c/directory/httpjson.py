"""Callers from somebody's web service, asked for each number by GET and answering in JSON.

Rule: no error and no log line names the number, the password or what stands in the URL behind the host.
"""

import json
import logging
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

import structlog

from vats1c.directory import DirectoryError, State
from vats1c.directory.columns import COLUMNS
from vats1c.model import Caller, Confidence, Match
from vats1c.number import Number, Plan, identify, split

try:
    import httpx
except ImportError as missing:
    raise DirectoryError(
        "не установлена httpx (vats1c[all])", "httpx is not installed (vats1c[all])", "type"
    ) from missing

log = structlog.get_logger("vats1c.directory")
# They log every URL, and numbers stand in ours.
logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("httpcore").setLevel(logging.WARNING)

_TEXTS = ("url", "user", "password", "token", "path")
_TABLES = ("headers", "fields")
_SETTINGS = (*_TEXTS, *_TABLES, "timeout")
_PLACEHOLDERS = ("number", "received", "national", "last10")
_PLACEHOLDER = re.compile(r"\{(\w*)\}")
_TIMEOUT = 0.5
_MOST_BYTES = 1 << 20
# As many as the questions that may be open at once (guard.py); kept less long than servers do (Apache: 5 s), so that
# a question does not meet a connection that is just being closed.
_LIMITS = httpx.Limits(max_connections=16, max_keepalive_connections=16, keepalive_expiry=4.0)
_UNKNOWN = (204, 404)
# Nobody's number (there is no code 000), to see whether the service answers.
_NOBODY = identify("+70000000000")


class HttpDirectory:
    """Callers of one web service."""

    in_memory = False

    def __init__(self, name: str, settings: Mapping[str, Any], plan: Plan) -> None:
        """Ask about nobody's number, to say at the start whether the service answers. Raises DirectoryError."""
        self.name = name
        self._plan = plan
        self._ready = False
        given = _checked(settings)
        self._url = _template(given["url"])
        self._path = given.get("path", "")
        self._fields = _fields(given.get("fields", {}))
        self._timeout = float(given.get("timeout", _TIMEOUT))
        self._client = httpx.Client(
            auth=_login(given),
            headers={"Accept": "application/json", "Accept-Encoding": "identity", **_headers(given)},
            timeout=self._timeout,
            limits=_LIMITS,
            follow_redirects=False,
            trust_env=False,
        )
        try:
            self.find(_NOBODY)
        except DirectoryError as error:
            log.warning("directory cannot be reached yet", directory=name, reason=str(error))

    def find(self, number: Number) -> Match | None:
        """Return the callers that the service gives for `number`. Raises DirectoryError."""
        forms = {key: getattr(number, "canonical" if key == "number" else key) for key in _PLACEHOLDERS}
        names = set(_PLACEHOLDER.findall(self._url))
        if not any(forms[key] for key in names):
            # A foreign number where the service knows Russian ones only.
            return None
        url = _PLACEHOLDER.sub(lambda found: quote(forms[found[1]] or "", safe=""), self._url)
        try:
            rows = self._rows(self._asked(url))
        except DirectoryError:
            self._ready = False
            raise
        self._ready = True
        by_tail_alone = names == {"last10"} and number.national is None
        cells = [row.pop("number", "") for row in rows]
        surety = Confidence.LAST_DIGITS if by_tail_alone else _surety(number, cells, self._plan)
        return Match.of((Caller(**row) for row in rows), surety)

    def state(self) -> State:
        """Return whether the service answered when it was last asked."""
        return State(ready=self._ready)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _asked(self, url: str) -> Any:
        """Return the service's answer, None when it does not know the number."""
        # The client's own limit is for each read; a service that drips would never meet it.
        deadline = time.monotonic() + self._timeout
        try:
            with self._client.stream("GET", url) as response:
                if response.status_code in _UNKNOWN:
                    return None
                if not response.is_success:
                    raise _refused(response.status_code)
                return _json(self._body(response, deadline), response.headers.get("Content-Type", ""))
        except httpx.TimeoutException as error:
            raise self._late() from error
        except httpx.ConnectError as error:
            raise DirectoryError(f"нет соединения: {_line(error)}", f"cannot connect: {_line(error)}") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # Its words may repeat what was sent.
            kind = type(error).__name__
            raise DirectoryError(f"обмен по HTTP прервался: {kind}", f"the HTTP exchange broke off: {kind}") from error

    def _body(self, response: httpx.Response, deadline: float) -> bytes:
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise DirectoryError("ответ сжат, хотя этого не просили", "the answer is compressed, unasked")
        body = bytearray()
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > _MOST_BYTES:
                raise DirectoryError("ответ больше 1 МиБ", "the answer is larger than 1 MiB")
            if time.monotonic() > deadline:
                raise self._late()
        return bytes(body)

    def _late(self) -> DirectoryError:
        return DirectoryError(f"нет ответа за {self._timeout:g} с", f"no answer within {self._timeout:g} s")

    def _rows(self, answer: Any) -> list[dict[str, str]]:
        """Return the callers of the answer by field; those without a name are passed over."""
        found = _at(answer, self._path, "path") if self._path else answer
        if found is None or found in ([], {}):
            return []
        rows = []
        for entry in found if isinstance(found, list) else [found]:
            if not isinstance(entry, dict):
                kind = type(entry).__name__
                raise DirectoryError(f"ждали объект, пришло: {kind}", f"expected an object, got {kind}", "path")
            rows.append({field: self._value(entry, field) for field in self._fields})
        return [row for row in rows if row["name"]]

    def _value(self, entry: Any, field: str) -> str:
        try:
            value = _at(entry, self._fields[field], "fields")
        except DirectoryError:
            # Only the name has to be there.
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
    """Return the settings, each of its type. Raises DirectoryError."""
    for key in settings.keys() - set(_SETTINGS):
        there_are = ", ".join(_SETTINGS)
        raise DirectoryError(f"нет такой настройки; есть: {there_are}", f"no such setting; there are: {there_are}", key)
    for key in _TEXTS:
        if key in settings and not (isinstance(settings[key], str) and settings[key]):
            raise DirectoryError("нужна непустая строка", "must be a text that is not empty", key)
    for key in _TABLES:
        table = settings.get(key, {})
        if not isinstance(table, Mapping) or not all(isinstance(value, str) for value in table.values()):
            raise DirectoryError("нужна таблица строк", "must be a table of texts", key)
    if "url" not in settings:
        raise DirectoryError("нужен адрес сервиса", "the service's URL is needed", "url")
    timeout = settings.get("timeout", _TIMEOUT)
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0 < timeout <= 60:  # noqa: PLR2004
        raise DirectoryError("нужно число секунд от 0 до 60", "must be seconds, above 0 and at most 60", "timeout")
    return dict(settings)


def _template(url: str) -> str:
    names = _PLACEHOLDER.findall(url)
    if not names or set(names) - set(_PLACEHOLDERS):
        there_are = ", ".join(f"{{{name}}}" for name in _PLACEHOLDERS)
        raise DirectoryError(f"в адресе нужен номер: {there_are}", f"the URL needs the number: {there_are}", "url")
    try:
        parsed = httpx.URL(_PLACEHOLDER.sub("0", url))
        usable = parsed.scheme in ("http", "https") and parsed.host and "{" not in urlsplit(url).netloc
    except (httpx.InvalidURL, ValueError):
        usable = False
    if not usable or parsed.userinfo:
        raise DirectoryError(
            "нужен адрес http:// или https:// без имени и пароля в нём",
            "must be an http:// or https:// URL without a user in it",
            "url",
        )
    return url


def _login(settings: Mapping[str, Any]) -> httpx.BasicAuth | None:
    if "token" in settings and "user" in settings:
        raise DirectoryError("нужно одно из двух: token или user", "either token or user, not both", "token")
    if "password" in settings and "user" not in settings:
        raise DirectoryError("пароль без имени", "a password without a user", "password")
    return httpx.BasicAuth(settings["user"], settings.get("password", "")) if "user" in settings else None


def _headers(settings: Mapping[str, Any]) -> dict[str, str]:
    headers = dict(settings.get("headers", {}))
    for name, value in headers.items():
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) or not re.fullmatch(r"[\t\x20-\x7e]*", value):
            raise DirectoryError("такой заголовок нельзя послать", "such a header cannot be sent", "headers")
    if "token" in settings:
        if not re.fullmatch(r"[\x21-\x7e]+", settings["token"]):
            raise DirectoryError("такой токен нельзя послать", "such a token cannot be sent", "token")
        headers["Authorization"] = f"Bearer {settings['token']}"
    return headers


def _fields(given: Mapping[str, str]) -> dict[str, str]:
    if given.keys() - COLUMNS.keys():
        there_are = ", ".join(COLUMNS)
        raise DirectoryError(f"бывают поля: {there_are}", f"the fields are {there_are}", "fields")
    return {field: given.get(field, field) for field in COLUMNS}


def _refused(status: int) -> DirectoryError:
    if 300 <= status < 400:  # noqa: PLR2004
        return DirectoryError(
            f"перенаправление ({status}), по нему не ходим", f"a redirect ({status}), which is not followed"
        )
    return DirectoryError(f"сервис ответил {status}", f"the service answered {status}")


def _json(body: bytes, content_type: str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        kind = content_type.partition(";")[0].strip()[:40] or "?"
        raise DirectoryError(f"ответ — не JSON ({kind})", f"the answer is not JSON ({kind})") from error


def _at(value: Any, path: str, key: str) -> Any:
    """Return what stands at the dot path; None where something on the way is null. Raises DirectoryError."""
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


def _surety(number: Number, cells: Sequence[str], plan: Plan) -> Confidence:
    """Return how sure the rows are by the numbers in them; a row that does not show its number is believed."""
    held = [split(cell, plan) for cell in cells if re.search(r"\d", cell)]
    if any(number.canonical not in {own.canonical for own in numbers} for numbers in held):
        return Confidence.LAST_DIGITS
    guessed = number.local or any(own.local for numbers in held for own in numbers)
    return Confidence.LOCAL if guessed else Confidence.EXACT


def _line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__
