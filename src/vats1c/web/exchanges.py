"""The API of exchanges, for whoever looks into them: what came, what was answered, and how it deviates.

Rule: nothing here changes an answer; of a test call alone something comes that the VATS did not send.
"""

import json
from collections.abc import Callable
from typing import Any

from werkzeug.wrappers import Response

from vats1c.journal import ExchangeSearch, FoundExchanges
from vats1c.model import Exchange
from vats1c.number import identify
from vats1c.push.windows import TooManyWindowsError
from vats1c.simulator import requests
from vats1c.staging import exports
from vats1c.staging.recorded import RecordedExchange
from vats1c.web.context import WebContext
from vats1c.web.exchange_stream import ExchangeFeed, ExchangeStream
from vats1c.web.request import COOKIE, ApiError, ApiRequest, check_operation, json_response
from vats1c.web.serializers.exchanges import exchange_json, list_json, with_bytes

_MAX_WAIT_S = 30
_MAX_LISTED = 500
_MAX_ID_DIGITS = 18
_NUMBER, _KEY = "89235292926", "gW3cyUJAtl50PhF"
_FORMS: dict[str, Callable[[RecordedExchange], str]] = {
    "curl": exports.curl,
    "http": exports.http,
    "pytest": exports.pytest,
}


class ExchangesApi:
    """Exchanges as testers look at them."""

    def __init__(self, parts: WebContext) -> None:
        self._parts = parts
        self._feed = ExchangeFeed(parts.journal.changes)

    def list_exchanges(self, asking: ApiRequest) -> Response:
        """Give the last ones, or those after a cursor, waiting for the first of them."""
        seconds = asking.whole_number("wait", 0, 0, _MAX_WAIT_S)
        found = self._search(asking, asking.whole_number("limit", 100, 1, _MAX_LISTED), seconds)
        if not found.exchanges and seconds:
            return json_response(None)
        return json_response(
            {"exchanges": list_json(self._parts, found.exchanges, asking.root_url[:-1]), "cursor": found.cursor}
        )

    def one(self, asking: ApiRequest, own: str) -> Response:
        """Give one with all there is of it."""
        return json_response(exchange_json(self._parts, self._recorded(asking, own), asking.language))

    def export(self, asking: ApiRequest, own: str, form: str) -> Response:
        """Give one as something that sends it again."""
        if form not in _FORMS:
            raise ApiError(404, "form", "есть curl, http, pytest", "there are curl, http, pytest")
        return _text(_FORMS[form](self._recorded(asking, own)), "text/plain; charset=utf-8")

    def jsonl(self, asking: ApiRequest) -> Response:
        """Give them as JSON, one a line."""
        found = self._search(asking, asking.whole_number("limit", _MAX_LISTED, 1, _MAX_LISTED))
        recorded = with_bytes(self._parts, found.exchanges, asking.root_url[:-1])
        described = (exchange_json(self._parts, one, asking.language) for one in recorded)
        text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in described)
        return _file(text, "application/jsonl; charset=utf-8", "exchanges.jsonl")

    def har(self, asking: ApiRequest) -> Response:
        """Give them as an HTTP archive."""
        found = self._search(asking, asking.whole_number("limit", _MAX_LISTED, 1, _MAX_LISTED))
        recorded = with_bytes(self._parts, found.exchanges, asking.root_url[:-1])
        text = json.dumps(exports.har(recorded), ensure_ascii=False, indent=1) + "\n"
        return _file(text, "application/json; charset=utf-8", "exchanges.har")

    def events(self, asking: ApiRequest) -> ExchangeStream:
        """Follow them."""
        those = self._search_of(asking)
        after = asking.headers.get("Last-Event-ID") or asking.args.get("after") or ""
        is_cursor = after.isascii() and after.isdigit() and len(after) <= _MAX_ID_DIGITS
        cursor = int(after) if is_cursor else self._parts.journal.last_exchange()
        base, secret = asking.root_url[:-1], asking.cookies.get(COOKIE, "")
        session = asking.session if "Authorization" not in asking.headers else None

        def look(reached: int) -> tuple[list[dict[str, Any]], int]:
            found = self._parts.journal.search(those, _MAX_LISTED, reached)
            return list_json(self._parts, found.exchanges, base), found.cursor

        def alive() -> str:
            return self._parts.end_reason(session, secret)

        windows = self._parts.windows
        stream = ExchangeStream(secret, alive, look, cursor)

        def end() -> None:
            self._feed.remove(stream)
            windows.close(stream)

        try:
            windows.open("", (), stream)
        except TooManyWindowsError as error:
            raise ApiError(503, "windows", "открыто слишком много окон", "too many windows are open") from error
        stream.prepare(end)
        self._feed.add(stream)
        return stream

    def bench(self, asking: ApiRequest) -> Response:
        """Say which publications there are to look at, and whether a test call may be sent."""
        own = asking.require_tester()
        return json_response(
            {
                "publications": [
                    {"name": name, "url": f"{asking.root_url}{name}/ws/VATS"} for name in self._parts.names(own)
                ],
                "test_call": self._parts.tester_access is not None,
                "signed_in": asking.session.person.name if asking.session else None,
                "language": asking.language,
            }
        )

    def test_call(self, asking: ApiRequest) -> Response:
        """Send SayName and IncomingCall to a publication, as the VATS would, and give what came of it."""
        own = asking.require_tester()
        if self._parts.tester_access is None:
            raise ApiError(
                404,
                "staging",
                "испытательный стенд выключен (staging.enabled)",
                "the staging bench is off (staging.enabled)",
            )
        names = self._parts.names(own)
        publication = asking.text(asking.json_body(), "publication") or names[0]
        asking.use_publication(publication)
        owned = self._parts.people.keys(publication)
        key = _KEY if _KEY in owned else min(owned, default=_KEY)
        cursor = self._parts.journal.last_exchange()
        statuses = [
            self._parts.send_test_request(publication, body)
            for body in (requests.say_name(_NUMBER), requests.incoming_call(_NUMBER, key))
        ]
        return json_response({"publication": publication, "number": _NUMBER, "statuses": statuses, "cursor": cursor})

    def _search(self, asking: ApiRequest, limit: int, seconds: int = 0) -> FoundExchanges:
        those = self._search_of(asking)
        after = self._cursor(asking)
        return asking.wait_for(
            lambda: self._parts.journal.search(those, limit, after), lambda found: bool(found.exchanges), seconds
        )

    def _cursor(self, asking: ApiRequest) -> int | None:
        """Return the cursor after which exchanges are asked for, None without one. Raises ApiError."""
        if "after" not in asking.args:
            return None
        if asking.args["after"] == "now":
            # An exchange that was answered before this request is not after it, even if it is not written yet.
            self._parts.journal.flush()
            return self._parts.journal.last_exchange()
        return asking.whole_number("after", 0, 0, 2**62)

    def _search_of(self, asking: ApiRequest) -> ExchangeSearch:
        query = dict(asking.args)
        given = {name: asking.text(query, name) for name in ("op", "key", "outcome", "text", "number")}
        publications = self._scope(asking)
        number = None
        if given["number"]:
            number = identify(given["number"], next(iter(self._parts.views.values())).plan)
        return ExchangeSearch(
            publications,
            check_operation(given["op"]),
            number.canonical if number else None,
            number.received if number else None,
            # Compared exactly, as /api/v1/verify does: a space at its end is a mistake that a test looks for.
            query.get("key") or None,
            given["outcome"] or None,
            given["text"],
        )

    def _scope(self, asking: ApiRequest) -> frozenset[str] | None:
        """Return the publications that may be looked at, None for all. Raises ApiError."""
        own, publication = asking.require_tester(), asking.args.get("publication")
        if publication:
            return frozenset({asking.use_publication(publication)})
        if own is None:
            return None
        # What was sent where nothing is, is nobody's: whoever is the only one here may see it.
        return frozenset({own, ""}) if self._is_alone() else frozenset({own})

    def _is_alone(self) -> bool:
        return len([name for name in list(self._parts.views) if not self._parts.is_dynamic(name)]) == 1

    def _recorded(self, asking: ApiRequest, own: str) -> RecordedExchange:
        """Return an exchange that whoever asks may look at. Raises ApiError."""
        publications = self._scope(asking)
        journal = self._parts.journal
        journal.flush()
        exchange: Exchange | None = None
        if own == "latest":
            exchange = next(iter(journal.search(self._search_of(asking), 1).exchanges), None)
        elif own.isascii() and own.isdigit() and len(own) <= _MAX_ID_DIGITS:
            exchange = journal.exchange(int(own))
        if (
            exchange is None
            or exchange.id is None
            or not (publications is None or exchange.publication in publications)
        ):
            raise ApiError(404, "exchange", "нет такого обмена", "there is no such exchange")
        return RecordedExchange.of(exchange, journal.raw(exchange.id), asking.root_url[:-1])


def _text(text: str, kind: str) -> Response:
    return Response(text, content_type=kind, headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"})


def _file(text: str, kind: str, name: str) -> Response:
    response = _text(text, kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
