"""Answers given, for tests in any language: which calls came, wait for one, was it the one expected?

Rule: waiting is woken by the journal, bounded in number, and ends when the service stops.
"""

from collections.abc import Callable
from typing import Any

from werkzeug.wrappers import Response

from vats1c.journal import ExchangeFilter, TooManyWaitersError
from vats1c.model import Exchange
from vats1c.number import Number, identify
from vats1c.staging.verify import MAX_TIMES, OPERATIONS, Expectation, Failure, Times, fail, visible
from vats1c.web.context import WebContext
from vats1c.web.request import ApiError, ApiRequest, json_response

_MAX_WAIT_S = 30
# Among so many of the last exchanges the closest is looked for.
_MAX_OTHERS = 200
_FIELDS = ("op", "number", "key", "times", "within", "after", "publication")


class VerifyApi:
    """The exchanges that were answered, as tests ask for them."""

    def __init__(self, parts: WebContext) -> None:
        self._parts = parts

    def list_answered(self, asking: ApiRequest) -> Response:
        """Give the last ones of an operation, or those after a cursor, waiting for the first of them."""
        those = self._expected(dict(asking.args)).asked(self._scope(asking, asking.args.get("publication")))
        limit = asking.whole_number("limit", 100, 1, 1_000)
        seconds = asking.whole_number("wait", 0, 0, _MAX_WAIT_S)
        journal = self._parts.journal
        journal.flush()
        cursor = journal.last_exchange()
        after = cursor if asking.args.get("after") == "now" else None
        if after is None and "after" in asking.args:
            after = asking.whole_number("after", 0, 0, 2**62)
        found = self._wait_for(those, limit, after, bool, seconds)
        if not found and seconds:
            return json_response(None)
        return json_response(
            {"calls": [exchange_of(one) for one in found], "cursor": found[-1].id if found else cursor}
        )

    def verify(self, asking: ApiRequest) -> Response:
        """Tell whether what is expected came, so often as expected; 409 with the closest that came otherwise."""
        given = asking.json_body()
        _refuse_unknown(given)
        expected = self._expected(given, _times(given["times"]) if "times" in given else Times())
        scope = self._scope(asking, _text(given, "publication"))
        after = _whole(given, "after", 2**62)
        seconds = _seconds(given.get("within", 0))
        journal = self._parts.journal
        cursor = journal.last_exchange()
        found = self._wait_for(
            expected.asked(scope), MAX_TIMES + 1, after, lambda came: expected.times.decided(len(came)), seconds
        )
        if expected.times.fulfilled(len(found)):
            cursor = found[-1].id or cursor if found else cursor
            return json_response({"found": [exchange_of(one) for one in found], "cursor": cursor})
        others = journal.exchanges_matching(ExchangeFilter(scope, answered=False), _MAX_OTHERS)
        failure = fail(expected, found, [one for one in others if (one.id or 0) > after])
        return json_response(_failed(failure, len(found), asking.language), 409)

    def _wait_for(
        self,
        those: ExchangeFilter,
        limit: int,
        after: int | None,
        is_enough: Callable[[list[Exchange]], bool],
        seconds: float,
    ) -> list[Exchange]:
        journal = self._parts.journal

        def look() -> list[Exchange]:
            # What was answered before is found, though exchanges are written down a moment later.
            journal.flush()
            return journal.exchanges_matching(those, limit, after)

        try:
            return journal.changes.wait_for(look, is_enough, seconds)
        except TooManyWaitersError as error:
            raise ApiError(503, "waiting", "слишком многие уже ждут", "too many wait already") from error

    def _scope(self, asking: ApiRequest, publication: str | None) -> frozenset[str] | None:
        """Return the publications that are looked through, None for all. Raises ApiError."""
        own = asking.require_tester()
        if not publication:
            return None if own is None else frozenset({own})
        on_request = self._parts.dynamic_publications
        made = on_request is not None and publication in on_request
        if publication not in self._parts.views or not (made or own in (None, publication)):
            raise _no_publication()
        if on_request is not None and made:
            on_request.touch(publication)
        return frozenset({publication})

    def _expected(self, given: dict[str, Any], times: Times | None = None) -> Expectation:
        operation = _text(given, "op") or None
        if operation is not None and operation not in OPERATIONS:
            there_are = ", ".join(OPERATIONS)
            raise ApiError(400, "op", f"op: одно из {there_are}", f"op: one of {there_are}")
        number = _text(given, "number")
        return Expectation(
            operation, self._number(number) if number is not None else None, _text(given, "key"), times or Times()
        )

    def _number(self, written: str) -> Number:
        plan = next(iter(self._parts.views.values())).plan
        return identify(written, plan)


def exchange_of(exchange: Exchange) -> dict[str, Any]:
    """Return an exchange as JSON; for testers, so with the key."""
    # An IncomingCall is written before it is answered: how long it took is known a moment later.
    elapsed = round(exchange.elapsed * 1_000, 1) if exchange.soap else None
    return {
        "id": exchange.id,
        "at": exchange.at.isoformat(),
        "op": exchange.operation or None,
        "received": exchange.received,
        "number": exchange.number,
        "key": exchange.key or None,
        "caller": exchange.caller or None,
        "confidence": exchange.confidence.value if exchange.confidence else None,
        "elapsed_ms": elapsed,
        "outcome": exchange.outcome,
        "publication": exchange.publication,
    }


def _failed(failure: Failure, found: int, language: str) -> dict[str, Any]:
    return {
        "error": {"code": "verify", "message": failure.message.said("en" if language == "en" else "ru")},
        "closest": exchange_of(failure.closest) if failure.closest else None,
        "differences": [
            {"field": one.field, "expected": visible(one.expected), "found": visible(one.found)}
            for one in failure.differences
        ],
        "found": found,
    }


def _no_publication() -> ApiError:
    return ApiError(404, "publication", "нет такой публикации", "there is no such publication")


def _refuse_unknown(given: dict[str, Any]) -> None:
    for name in given:
        if name not in _FIELDS:
            there_are, shown = ", ".join(_FIELDS), name[:64]
            raise ApiError(
                400,
                "unknown",
                f"нет такого поля: {shown}; есть: {there_are}",
                f"no such field: {shown}; there are: {there_are}",
            )


def _text(given: dict[str, Any], name: str) -> str | None:
    """Return the text under `name` as it is, None when there is none."""
    value = given.get(name)
    if value is not None and (not isinstance(value, str) or len(value) > 200):  # noqa: PLR2004 - as Asking.text
        raise ApiError(400, name, f"{name}: ожидается текст до 200 знаков", f"{name}: a text of up to 200 letters")
    return value


def _times(given: object) -> Times:
    least, most = given, given
    if isinstance(given, dict) and given and given.keys() <= {"least", "most"}:
        least, most = given.get("least", 0), given.get("most")
    if _is_count(least) and (most is None or (_is_count(most) and least <= most)):  # type: ignore[operator]
        return Times(least, most)  # type: ignore[arg-type]
    raise ApiError(
        400,
        "times",
        f'times: число до {MAX_TIMES} или {{"least": …, "most": …}}',
        f'times: a number up to {MAX_TIMES}, or {{"least": …, "most": …}}',
    )


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_TIMES


def _whole(given: dict[str, Any], name: str, most: int) -> int:
    value = given.get(name, 0)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise ApiError(400, name, f"{name}: ожидается целое число", f"{name}: a whole number")
    return value


def _seconds(given: object) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= _MAX_WAIT_S:
        raise ApiError(
            400, "within", f"within: секунды от 0 до {_MAX_WAIT_S}", f"within: seconds from 0 to {_MAX_WAIT_S}"
        )
    return float(given)
