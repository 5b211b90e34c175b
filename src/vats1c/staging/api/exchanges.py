"""The API of exchanges for inspection: requests on the SOAP path, their answers and their conformance reports.

Rule: nothing here changes an answer, and only `test_call` adds requests that the VATS did not send.
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
from vats1c.staging.api.errors import required
from vats1c.staging.api.exchange_json import exchange_json, list_json, with_bytes
from vats1c.staging.api.exchange_stream import ExchangeFeed, ExchangeStream
from vats1c.staging.api.verify import check_operation
from vats1c.staging.recorded import RecordedExchange
from vats1c.web.context import WebContext
from vats1c.web.request import COOKIE, ApiError, ApiRequest, json_response

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
    """The endpoints of exchanges, for testers."""

    def __init__(self, context: WebContext, send_test_request: Callable[[str, bytes], int]) -> None:
        """`send_test_request` sends a SOAP request (publication, body) and returns the HTTP status of the answer."""
        self._context = context
        self._send_test_request = send_test_request
        self._feed = ExchangeFeed(context.journal.changes)

    def list_exchanges(self, request: ApiRequest) -> Response:
        """Return the last exchanges, or the exchanges after a cursor; if there are none, wait for the first."""
        seconds = request.whole_number("wait", 0, 0, _MAX_WAIT_S)
        results = self._search(request, request.whole_number("limit", 100, 1, _MAX_LISTED), seconds)
        if not results.exchanges and seconds:
            return json_response(None)
        return json_response(
            {"exchanges": list_json(self._context, results.exchanges, request.root_url[:-1]), "cursor": results.cursor}
        )

    def one(self, request: ApiRequest, exchange_id: str) -> Response:
        """Return one exchange with all details."""
        return json_response(exchange_json(self._context, self._recorded(request, exchange_id), request.language))

    def export(self, request: ApiRequest, exchange_id: str, form: str) -> Response:
        """Return code that sends the request of an exchange again, in one of `_FORMS`."""
        if form not in _FORMS:
            raise ApiError(404, "form", "есть curl, http, pytest", "there are curl, http, pytest")
        return _text(_FORMS[form](self._recorded(request, exchange_id)), "text/plain; charset=utf-8")

    def jsonl(self, request: ApiRequest) -> Response:
        """Return exchanges with all details as a file, one JSON object per line."""
        results = self._search(request, request.whole_number("limit", _MAX_LISTED, 1, _MAX_LISTED))
        recorded_exchanges = with_bytes(self._context, results.exchanges, request.root_url[:-1])
        objects = (exchange_json(self._context, exchange, request.language) for exchange in recorded_exchanges)
        text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in objects)
        return _file(text, "application/jsonl; charset=utf-8", "exchanges.jsonl")

    def har(self, request: ApiRequest) -> Response:
        """Return exchanges as an HTTP archive (HAR 1.2)."""
        results = self._search(request, request.whole_number("limit", _MAX_LISTED, 1, _MAX_LISTED))
        recorded_exchanges = with_bytes(self._context, results.exchanges, request.root_url[:-1])
        text = json.dumps(exports.har(recorded_exchanges), ensure_ascii=False, indent=1) + "\n"
        return _file(text, "application/json; charset=utf-8", "exchanges.har")

    def events(self, request: ApiRequest) -> ExchangeStream:
        """Return a stream of exchanges from a cursor on."""
        search = self._search_of(request)
        after = request.headers.get("Last-Event-ID") or request.args.get("after") or ""
        is_cursor = after.isascii() and after.isdigit() and len(after) <= _MAX_ID_DIGITS
        cursor = int(after) if is_cursor else self._context.journal.last_exchange()
        base, secret = request.root_url[:-1], request.cookies.get(COOKIE, "")
        session = request.session if "Authorization" not in request.headers else None

        def look(reached: int) -> tuple[list[dict[str, Any]], int]:
            results = self._context.journal.search(search, _MAX_LISTED, reached)
            return list_json(self._context, results.exchanges, base), results.cursor

        def alive() -> str:
            return self._context.end_reason(session, secret)

        windows = self._context.windows
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

    def bench(self, request: ApiRequest) -> Response:
        """Return the publications that may be inspected, and whether a test call may be sent."""
        own = request.require_tester()
        return json_response(
            {
                "publications": [
                    {"name": name, "url": f"{request.root_url}{name}/ws/VATS"} for name in self._context.names(own)
                ],
                "test_call": self._context.tester_access is not None,
                "signed_in": request.session.person.name if request.session else None,
                "language": request.language,
            }
        )

    def test_call(self, request: ApiRequest) -> Response:
        """Send SayName and IncomingCall to a publication as the VATS does; return the HTTP statuses and a cursor."""
        own = request.require_tester()
        required(self._context.tester_access)
        names = self._context.names(own)
        publication = request.text(request.json_body(), "publication") or names[0]
        request.use_publication(publication)
        keys = self._context.people.keys(publication)
        key = _KEY if _KEY in keys else min(keys, default=_KEY)
        cursor = self._context.journal.last_exchange()
        statuses = [
            self._send_test_request(publication, body)
            for body in (requests.say_name(_NUMBER), requests.incoming_call(_NUMBER, key))
        ]
        return json_response({"publication": publication, "number": _NUMBER, "statuses": statuses, "cursor": cursor})

    def _search(self, request: ApiRequest, limit: int, seconds: int = 0) -> FoundExchanges:
        wanted = self._search_of(request)
        after = self._cursor(request)
        return request.wait_for(
            lambda: self._context.journal.search(wanted, limit, after), lambda found: bool(found.exchanges), seconds
        )

    def _cursor(self, request: ApiRequest) -> int | None:
        """Return the cursor in the query parameter `after`, None without this parameter. Raises ApiError."""
        if "after" not in request.args:
            return None
        if request.args["after"] == "now":
            # Write the exchanges answered before this request first, so that their ids are not above the cursor.
            self._context.journal.flush()
            return self._context.journal.last_exchange()
        return request.whole_number("after", 0, 0, 2**62)

    def _search_of(self, request: ApiRequest) -> ExchangeSearch:
        query = dict(request.args)
        texts = {name: request.text(query, name) for name in ("op", "key", "outcome", "text", "number")}
        publications = self._scope(request)
        number = None
        if texts["number"]:
            number = identify(texts["number"], next(iter(self._context.views.values())).plan)
        return ExchangeSearch(
            publications,
            check_operation(texts["op"]),
            number.canonical if number else None,
            number.received if number else None,
            # Compare the key exactly, as /api/v1/verify does, so that a test finds a space at its end.
            query.get("key") or None,
            texts["outcome"] or None,
            texts["text"],
        )

    def _scope(self, request: ApiRequest) -> frozenset[str] | None:
        """Return the publications that may be looked at, None for all. Raises ApiError."""
        own_publication, publication = request.require_tester(), request.args.get("publication")
        if publication:
            return frozenset({request.use_publication(publication)})
        if own_publication is None:
            return None
        # Requests to wrong addresses belong to no publication, because their senders may have meant any of them. If
        # there is only one publication, they must have meant it, so its administrator sees these requests too.
        return frozenset({own_publication, ""}) if self._is_only_publication() else frozenset({own_publication})

    def _is_only_publication(self) -> bool:
        return len([view for view in list(self._context.views.values()) if view.touch is None]) == 1

    def _recorded(self, request: ApiRequest, exchange_id: str) -> RecordedExchange:
        """Return the exchange with this id, or for "latest" the last exchange that matches the query.

        Raises ApiError if there is none, or if the sender may not see it.
        """
        publications = self._scope(request)
        journal = self._context.journal
        journal.flush()
        exchange: Exchange | None = None
        if exchange_id == "latest":
            exchange = next(iter(journal.search(self._search_of(request), 1).exchanges), None)
        elif exchange_id.isascii() and exchange_id.isdigit() and len(exchange_id) <= _MAX_ID_DIGITS:
            exchange = journal.exchange(int(exchange_id))
        if (
            exchange is None
            or exchange.id is None
            or not (publications is None or exchange.publication in publications)
        ):
            raise ApiError(404, "exchange", "нет такого обмена", "there is no such exchange")
        return RecordedExchange.of(exchange, journal.raw(exchange.id), request.root_url[:-1])


def _text(text: str, kind: str) -> Response:
    return Response(text, content_type=kind, headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"})


def _file(text: str, kind: str, name: str) -> Response:
    response = _text(text, kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
