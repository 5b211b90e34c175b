"""Paged reader for entity sets of the standard OData interface of 1C (OData 3, JSON).

Rule: no error message contains the password, or the path and query of the URL. A failed page is retried, and reading
continues from that page.
"""

import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from vats1c.directory import DirectoryError
from vats1c.directory.http_client import HttpAnswer, HttpClient, status_error

Entry = dict[str, Any]

# Ten times the size of a page of 1,000 counterparties whose contacts are included both as XML and as JSON.
_MAX_BYTES = 64 << 20
_MAX_ENTRIES = 5_000_000
_MAX_SHOWN_CHARS = 160
# Statuses of temporary conditions: the server restarts or is overloaded, or its 1C is being updated.
_TRANSIENT_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})


class UnreachableError(DirectoryError):
    """The server does not answer; a retry may succeed."""


class _RejectedQueryError(DirectoryError):
    """The server rejects the query, for example because of an attribute that the configuration lacks."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query of an entity set; `optional` are the attributes of `select` that a base may lack."""

    entity_set: str
    select: tuple[str, ...]
    order: tuple[str, ...] = ()
    expand: tuple[str, ...] = ()
    optional: frozenset[str] = frozenset()

    def without(self, missing: set[str]) -> "Query":
        """Return the query without the attributes `missing`."""
        return replace(
            self,
            select=tuple(name for name in self.select if name not in missing),
            order=tuple(name for name in self.order if name not in missing),
            optional=self.optional - missing,
        )


class EntityPages:
    """A paged reader for the entity sets of one 1C base."""

    def __init__(
        self, settings: Mapping[str, Any], page: int, timeout: float, pauses: Sequence[float], closed: threading.Event
    ) -> None:
        """Prepare to read the base at `settings["url"]`; send no request yet. Raises DirectoryError.

        `page` is the number of entries per request, `timeout` the deadline of a request in seconds, `pauses` the delays
        before the retries of a page in seconds. No request is sent after `closed` is set.
        """
        self._url = settings["url"].rstrip("/")
        self._secret = settings.get("password", "")
        self._client = HttpClient(settings, {"Accept": "application/json"}, timeout)
        self._page = page
        self._pauses = tuple(pauses)
        self._closed = closed

    def entries(self, query: Query) -> Iterator[Entry]:
        """Yield all entries of the query, page by page. Raises DirectoryError."""
        url, page = self._first(query)
        previous: list[Entry] = []
        done = 0
        while page:
            if page == previous:
                raise DirectoryError(
                    f"{query.entity_set}: та же страница пришла дважды: сервер не понимает $skip",
                    f"{query.entity_set}: the same page came twice: the server does not obey $skip",
                )
            yield from page
            done += len(page)
            if done > _MAX_ENTRIES:
                raise DirectoryError(
                    f"{query.entity_set}: больше {_MAX_ENTRIES} записей",
                    f"{query.entity_set}: more than {_MAX_ENTRIES} entries",
                )
            # A page shorter than $top is not necessarily the last page: only an empty page ends the set.
            previous, page = page, self._retry(f"{url}&$skip={done}", query.entity_set)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _first(self, query: Query) -> tuple[str, list[Entry]]:
        """Return the URL of the query and its first page, without optional attributes that the base lacks.

        A rejected query is sent again without the attributes that the base lacks. After any other error the request is
        not repeated: no page has been read yet, so nothing is lost.
        """
        while True:
            url = self._address(query)
            try:
                return url, self._request(f"{url}&$skip=0", query.entity_set)
            except _RejectedQueryError as error:
                # Only 1C knows the attributes of its configuration; its error names the first missing attribute.
                missing = query.optional & set(re.findall(r"\w+", error.message.en))
                if not missing:
                    raise
                query = query.without(set(missing))

    def _retry(self, url: str, entity_set: str) -> list[Entry]:
        for pause in self._pauses:
            try:
                return self._request(url, entity_set)
            except UnreachableError:
                self._closed.wait(pause)
        return self._request(url, entity_set)

    def _address(self, query: Query) -> str:
        # allowedOnly: a user with restricted rights gets the permitted records instead of an error.
        options = {"$format": "json", "allowedOnly": "true", "$top": str(self._page), "$select": ",".join(query.select)}
        options |= {"$orderby": ",".join(query.order)} if query.order else {}
        options |= {"$expand": ",".join(query.expand)} if query.expand else {}
        query_string = "&".join(f"{key}={quote(value, safe=',')}" for key, value in options.items())
        return f"{self._url}/{quote(query.entity_set)}?{query_string}"

    def _request(self, url: str, entity_set: str) -> list[Entry]:
        if self._closed.is_set():
            raise DirectoryError("справочник закрыт", "the directory is closed")
        try:
            answer = self._client.ask(url, max_bytes=_MAX_BYTES)
        except DirectoryError as error:
            raise UnreachableError(error.message.ru, error.message.en) from error
        if answer.status == 200:  # noqa: PLR2004
            return _entries(answer)
        raise self._status_error(answer, entity_set)

    def _status_error(self, answer: HttpAnswer, entity_set: str) -> DirectoryError:
        """Return the error for a status other than 200, with the message of 1C where the body has one."""
        error, reason = status_error(answer.status), self._error_text(answer.body)
        ru = ": ".join(filter(None, (error.message.ru, reason)))
        en = ": ".join(filter(None, (error.message.en, reason)))
        if answer.status in _TRANSIENT_STATUSES:
            return UnreachableError(ru, en)
        if answer.status == 404:  # noqa: PLR2004
            return _RejectedQueryError(
                f"{ru}: верен ли url, входит ли {entity_set} в состав стандартного интерфейса OData?",
                f"{en}: is the url right, is {entity_set} part of the standard OData interface?",
            )
        return _RejectedQueryError(ru, en) if answer.status == 400 else DirectoryError(ru, en)  # noqa: PLR2004

    def _error_text(self, body: bytes) -> str:
        """Return the error message of 1C in `body` as one short line without secrets; "" when there is none."""
        try:
            text = json.loads(body)["odata.error"]["message"]["value"]
        except (ValueError, RecursionError, LookupError, TypeError):
            return ""
        text = str(text).replace(self._secret, "***") if self._secret else str(text)
        text = re.sub(r"\?[^\s\"'<>]+", "?…", text)
        text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
        return text if len(text) <= _MAX_SHOWN_CHARS else f"{text[: _MAX_SHOWN_CHARS - 1]}…"


def _entries(answer: HttpAnswer) -> list[Entry]:
    """Return the entries of a page {"odata.metadata": …, "value": […]}. Raises DirectoryError for another body."""
    try:
        page = json.loads(answer.body)
    except UnicodeDecodeError as error:
        raise DirectoryError("ответ не в UTF-8", "the answer is not in UTF-8") from error
    except (ValueError, RecursionError) as error:
        kind = answer.content_type.partition(";")[0].strip()[:40] or "?"
        raise DirectoryError(f"ответ — не JSON ({kind})", f"the answer is not JSON ({kind})") from error
    entries = page.get("value") if isinstance(page, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise DirectoryError(
            "ответ — не список записей OData (value)", "the answer is not a list of OData entries (value)"
        )
    return entries
