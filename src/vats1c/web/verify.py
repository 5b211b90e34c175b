"""The API that compares the answered exchanges with a test's expectation, for tests in any language.

Rule: waiting is woken by the journal, bounded in number, and ends when the service stops.
"""

from typing import Any

from werkzeug.wrappers import Response

from vats1c.journal import ExchangeFilter
from vats1c.messages import Language
from vats1c.model import Exchange
from vats1c.number import Number, identify
from vats1c.staging.verify import MAX_TIMES, Expectation, Failure, Times, fail, visible
from vats1c.web.context import WebContext
from vats1c.web.request import ApiError, ApiRequest, check_operation, json_response
from vats1c.web.serializers.exchanges import list_json

_MAX_WAIT_S = 30
# Among so many of the last exchanges the closest is looked for.
_MAX_OTHERS = 200
_FIELDS = ("op", "number", "key", "times", "within", "after", "publication")


class VerifyApi:
    """Verifies expectations of tests."""

    def __init__(self, parts: WebContext) -> None:
        self._parts = parts

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
        those, times = expected.asked(scope), expected.times
        found = asking.wait_for(
            lambda: journal.exchanges_matching(those, MAX_TIMES + 1, after),
            lambda came: times.decided(len(came)),
            seconds,
        )
        if times.fulfilled(len(found)):
            cursor = found[-1].id or cursor if found else cursor
            return json_response({"found": self._list_json(asking, found), "cursor": cursor})
        others = journal.exchanges_matching(ExchangeFilter(scope, answered=False), _MAX_OTHERS)
        failure = fail(expected, found, [one for one in others if (one.id or 0) > after])
        return json_response(self._failed(asking, failure, len(found)), 409)

    def _failed(self, asking: ApiRequest, failure: Failure, found: int) -> dict[str, Any]:
        language: Language = "en" if asking.language == "en" else "ru"
        return {
            "error": {"code": "verify", "message": failure.message.said(language)},
            "closest": self._list_json(asking, [failure.closest])[0] if failure.closest else None,
            "differences": [
                {"field": one.field, "expected": visible(one.expected), "found": visible(one.found)}
                for one in failure.differences
            ],
            "found": found,
        }

    def _list_json(self, asking: ApiRequest, found: list[Exchange]) -> list[dict[str, Any]]:
        return list_json(self._parts, found, asking.root_url[:-1])

    def _scope(self, asking: ApiRequest, publication: str | None) -> frozenset[str] | None:
        """Return the publications that are looked through, None for all. Raises ApiError."""
        if publication:
            return frozenset({asking.use_publication(publication)})
        own = asking.require_tester()
        return None if own is None else frozenset({own})

    def _expected(self, given: dict[str, Any], times: Times) -> Expectation:
        operation = check_operation(_text(given, "op") or "")
        number = _text(given, "number")
        return Expectation(operation, self._number(number) if number is not None else None, _text(given, "key"), times)

    def _number(self, written: str) -> Number:
        plan = next(iter(self._parts.views.values())).plan
        return identify(written, plan)


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
