"""Entity sets of a 1C's standard OData interface (OData 3, JSON), read page by page.

Rule: no error names the password or what stands in the URL behind the host; a page that failed is asked for again, and
the reading goes on from it.
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

# A thousand counterparties with all of their contacts as XML and as JSON take a tenth of it.
_MAX_BYTES = 64 << 20
_MAX_ENTRIES = 5_000_000
_MAX_SHOWN_CHARS = 160
# What is over by itself: a server that restarts, that is busy, whose 1C is being updated.
_TRANSIENT_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})


class UnreachableError(DirectoryError):
    """The other side does not answer now, and may in a moment."""


class _NotUnderstoodError(DirectoryError):
    """The other side does not know something that it was asked for."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is read of an entity set; of `select`, a base may lack those that are `optional`."""

    entity_set: str
    select: tuple[str, ...]
    order: tuple[str, ...] = ()
    expand: tuple[str, ...] = ()
    optional: frozenset[str] = frozenset()

    def without(self, missing: set[str]) -> "Query":
        """Return the query that does not ask for what is `missing`."""
        return replace(
            self,
            select=tuple(name for name in self.select if name not in missing),
            order=tuple(name for name in self.order if name not in missing),
            optional=self.optional - missing,
        )


class EntityPages:
    """The pages of one base's entity sets."""

    def __init__(
        self, settings: Mapping[str, Any], page: int, timeout: float, pauses: Sequence[float], closed: threading.Event
    ) -> None:
        """Read `page` entries at once, after `pauses` again, until `closed`. Raises DirectoryError."""
        self._url = settings["url"].rstrip("/")
        self._secret = settings.get("password", "")
        self._exchange = HttpClient(settings, {"Accept": "application/json"}, timeout)
        self._page = page
        self._pauses = tuple(pauses)
        self._closed = closed

    def entries(self, query: Query) -> Iterator[Entry]:
        """Yield every entry of the entity set. Raises DirectoryError."""
        url, page = self._first(query)
        before: list[Entry] = []
        done = 0
        while page:
            if page == before:
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
            # A page may hold fewer than were asked for and not be the last: only an empty one ends the reading.
            before, page = page, self._retry(f"{url}&$skip={done}", query.entity_set)

    def close(self) -> None:
        """Close the connections."""
        self._exchange.close()

    def _first(self, query: Query) -> tuple[str, list[Entry]]:
        """Return where the pages are and the first, left alone if it fails: nothing is lost with it."""
        while True:
            url = self._address(query)
            try:
                return url, self._request(f"{url}&$skip=0", query.entity_set)
            except _NotUnderstoodError as error:
                # Only 1C itself knows which attributes a configuration has, and names the first that it lacks.
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
        # allowedOnly: a user with restricted rights is given the records that are open to it, and not an error.
        options = {"$format": "json", "allowedOnly": "true", "$top": str(self._page), "$select": ",".join(query.select)}
        options |= {"$orderby": ",".join(query.order)} if query.order else {}
        options |= {"$expand": ",".join(query.expand)} if query.expand else {}
        asked = "&".join(f"{key}={quote(value, safe=',')}" for key, value in options.items())
        return f"{self._url}/{quote(query.entity_set)}?{asked}"

    def _request(self, url: str, entity_set: str) -> list[Entry]:
        if self._closed.is_set():
            raise DirectoryError("справочник закрыт", "the directory is closed")
        try:
            answer = self._exchange.ask(url, most=_MAX_BYTES)
        except DirectoryError as error:
            raise UnreachableError(error.message.ru, error.message.en) from error
        if answer.status == 200:  # noqa: PLR2004
            return _entries(answer)
        raise self._status_error(answer, entity_set)

    def _status_error(self, answer: HttpAnswer, entity_set: str) -> DirectoryError:
        """Return the error that stands for a status other than 200, with 1C's own words where there are any."""
        error, said = status_error(answer.status), self._error_text(answer.body)
        ru = ": ".join(filter(None, (error.message.ru, said)))
        en = ": ".join(filter(None, (error.message.en, said)))
        if answer.status in _TRANSIENT_STATUSES:
            return UnreachableError(ru, en)
        if answer.status == 404:  # noqa: PLR2004
            return _NotUnderstoodError(
                f"{ru}: верен ли url, входит ли {entity_set} в состав стандартного интерфейса OData?",
                f"{en}: is the url right, is {entity_set} part of the standard OData interface?",
            )
        return _NotUnderstoodError(ru, en) if answer.status == 400 else DirectoryError(ru, en)  # noqa: PLR2004

    def _error_text(self, body: bytes) -> str:
        """Return 1C's own words about an error, in one short line; "" where there are none."""
        try:
            words = json.loads(body)["odata.error"]["message"]["value"]
        except (ValueError, RecursionError, LookupError, TypeError):
            return ""
        words = str(words).replace(self._secret, "***") if self._secret else str(words)
        words = re.sub(r"\?[^\s\"'<>]+", "?…", words)
        words = " ".join("".join(letter if letter.isprintable() else " " for letter in words).split())
        return words if len(words) <= _MAX_SHOWN_CHARS else f"{words[: _MAX_SHOWN_CHARS - 1]}…"


def _entries(answer: HttpAnswer) -> list[Entry]:
    """Return the entries of one page: {"odata.metadata": …, "value": […]}. Raises DirectoryError."""
    try:
        page = json.loads(answer.body)
    except UnicodeDecodeError as error:
        raise DirectoryError("ответ не в UTF-8", "the answer is not in UTF-8") from error
    except (ValueError, RecursionError) as error:
        kind = answer.content_type.partition(";")[0].strip()[:40] or "?"
        raise DirectoryError(f"ответ — не JSON ({kind})", f"the answer is not JSON ({kind})") from error
    found = page.get("value") if isinstance(page, dict) else None
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise DirectoryError(
            "ответ — не список записей OData (value)", "the answer is not a list of OData entries (value)"
        )
    return found
