"""The API that compares the answered exchanges with a test's expectation, for tests in any language.

Rule: new exchanges in the journal wake the waiting requests; their number is limited, and they end when the service
stops.
"""

from typing import Any

from werkzeug.wrappers import Response

from vats1c.journal import ExchangeFilter
from vats1c.messages import Language
from vats1c.model import Exchange
from vats1c.number import Number, identify
from vats1c.staging.api.exchange_json import list_json
from vats1c.staging.verify import MAX_TIMES, OPERATIONS, Expectation, Failure, Times, fail, visible
from vats1c.web.context import WebContext
from vats1c.web.request import ApiError, ApiRequest, json_response

_MAX_WAIT_S = 30
# The closest exchange is chosen among at most this many of the last exchanges.
_MAX_OTHERS = 200
_FIELDS = ("op", "number", "key", "times", "within", "after", "publication")


class VerifyApi:
    """The endpoint that verifies expectations."""

    def __init__(self, context: WebContext) -> None:
        self._context = context

    def verify(self, request: ApiRequest) -> Response:
        """Return the exchanges that match an expectation; 409 with the closest exchange if it is not fulfilled."""
        values = request.json_body()
        _refuse_unknown(values)
        expectation = self._expected(values, _times(values["times"]) if "times" in values else Times())
        scope = self._scope(request, _text(values, "publication"))
        after = _whole_number(values, "after", 2**62)
        seconds = _seconds(values.get("within", 0))
        journal = self._context.journal
        cursor = journal.last_exchange()
        exchange_filter, times = expectation.asked(scope), expectation.times
        exchanges = request.wait_for(
            lambda: journal.exchanges_matching(exchange_filter, MAX_TIMES + 1, after),
            lambda came: times.decided(len(came)),
            seconds,
        )
        if times.fulfilled(len(exchanges)):
            cursor = exchanges[-1].id or cursor if exchanges else cursor
            return json_response({"found": self._list_json(request, exchanges), "cursor": cursor})
        others = journal.exchanges_matching(ExchangeFilter(scope, answered=False), _MAX_OTHERS)
        failure = fail(expectation, exchanges, [one for one in others if (one.id or 0) > after])
        return json_response(self._failed(request, failure, len(exchanges)), 409)

    def _failed(self, request: ApiRequest, failure: Failure, found: int) -> dict[str, Any]:
        language: Language = "en" if request.language == "en" else "ru"
        return {
            "error": {"code": "verify", "message": failure.message.said(language)},
            "closest": self._list_json(request, [failure.closest])[0] if failure.closest else None,
            "differences": [
                {"field": each.field, "expected": visible(each.expected), "found": visible(each.found)}
                for each in failure.differences
            ],
            "found": found,
        }

    def _list_json(self, request: ApiRequest, found: list[Exchange]) -> list[dict[str, Any]]:
        return list_json(self._context, found, request.root_url[:-1])

    def _scope(self, request: ApiRequest, publication: str | None) -> frozenset[str] | None:
        """Return the publications that are searched, None for all. Raises ApiError."""
        if publication:
            return frozenset({request.use_publication(publication)})
        own_publication = request.require_tester()
        return None if own_publication is None else frozenset({own_publication})

    def _expected(self, values: dict[str, Any], times: Times) -> Expectation:
        operation = check_operation(_text(values, "op") or "")
        number = _text(values, "number")
        return Expectation(operation, self._number(number) if number is not None else None, _text(values, "key"), times)

    def _number(self, text: str) -> Number:
        plan = next(iter(self._context.views.values())).plan
        return identify(text, plan)


def check_operation(name: str) -> str | None:
    """Return the operation `name`, None if it is empty. Raises ApiError."""
    if name and name not in OPERATIONS:
        there_are = ", ".join(OPERATIONS)
        raise ApiError(400, "op", f"op: одно из {there_are}", f"op: one of {there_are}")
    return name or None


def _refuse_unknown(values: dict[str, Any]) -> None:
    for name in values:
        if name not in _FIELDS:
            there_are, shown = ", ".join(_FIELDS), name[:64]
            raise ApiError(
                400,
                "unknown",
                f"нет такого поля: {shown}; есть: {there_are}",
                f"no such field: {shown}; there are: {there_are}",
            )


def _text(values: dict[str, Any], name: str) -> str | None:
    """Return the text `values[name]` unchanged, None if there is none. Raises ApiError."""
    value = values.get(name)
    if value is not None and (not isinstance(value, str) or len(value) > 200):  # noqa: PLR2004 - as ApiRequest.text
        raise ApiError(400, name, f"{name}: ожидается текст до 200 знаков", f"{name}: a text of up to 200 letters")
    return value


def _times(value: object) -> Times:
    least, most = value, value
    if isinstance(value, dict) and value and value.keys() <= {"least", "most"}:
        least, most = value.get("least", 0), value.get("most")
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


def _whole_number(values: dict[str, Any], name: str, most: int) -> int:
    value = values.get(name, 0)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise ApiError(400, name, f"{name}: ожидается целое число", f"{name}: a whole number")
    return value


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MAX_WAIT_S:
        raise ApiError(
            400, "within", f"within: секунды от 0 до {_MAX_WAIT_S}", f"within: seconds from 0 to {_MAX_WAIT_S}"
        )
    return float(value)
