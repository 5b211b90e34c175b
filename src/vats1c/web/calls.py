"""The API of calls, and the stream of them that the card page lives by."""

import threading
import time
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import structlog
from werkzeug.wrappers import Response

from vats1c.accounts.people import PageUser
from vats1c.accounts.sessions import Session
from vats1c.directory import DirectoryError
from vats1c.journal import RECEIPTS, CallFilter
from vats1c.model import Call
from vats1c.number import describe, identify
from vats1c.push.windows import QueueListener, TooManyWindowsError
from vats1c.web.context import WebContext, now, visible_calls
from vats1c.web.event_stream import CallStream, event
from vats1c.web.request import COOKIE, ApiError, ApiRequest, json_response
from vats1c.web.serializers.calls import call_json, me_json

log = structlog.get_logger("vats1c.web")

# A call older than this is history, and no card pops up for it.
_FRESH = timedelta(minutes=2)
_MAX_WAIT_S = 30
_MAX_NOTE_CHARS = 4_000
_LONGEST_CURSOR = 18
_MAX_WAITING = 64
_ANY_NUMBER = "+79000000000"


class CallsApi:
    """Calls as the API gives them."""

    def __init__(self, parts: WebContext) -> None:
        self._parts = parts
        self._waiting = threading.BoundedSemaphore(_MAX_WAITING)
        # A thousand windows show the same call.
        self._event = lru_cache(maxsize=64)(self._call_event)

    def me(self, asking: ApiRequest) -> Response:
        """Say who asks and what they may do."""
        person, session = asking.person()
        return json_response(me_json(self._parts, person, session, asking.language))

    def list_calls(self, asking: ApiRequest) -> Response:
        """Give the last calls, or those changed after a cursor."""
        person, _ = asking.person()
        those = self._filter_of(asking, person)
        limit = asking.whole_number("limit", 100, 1, 1_000)
        journal = self._parts.journal
        # Before the calls: what changes between the two is given twice rather than never.
        cursor = journal.cursor()
        if "after" not in asking.args:
            return self._calls_json(asking, journal.recent(limit, those), cursor)
        after = asking.whole_number("after", 0, 0, 2**62)
        seconds = asking.whole_number("wait", 0, 0, _MAX_WAIT_S)
        found = journal.after(after, limit, those)
        if not found and seconds:
            found = self._wait_for(person, after, limit, those, seconds)
            if not found:
                return json_response(None)
        if len(found) == limit:
            cursor = found[-1].version
        return self._calls_json(asking, found, max(cursor, found[-1].version if found else 0))

    def one(self, asking: ApiRequest, call_id: int) -> Response:
        """Give one call with those before it."""
        person, _ = asking.person()
        call = self._call(person, call_id)
        previous = self._parts.journal.previous(call, 10, visible_calls(person))
        return json_response(
            {**self._call_json(asking, call), "previous": [self._call_json(asking, one) for one in previous]}
        )

    def receipt(self, asking: ApiRequest, call_id: int) -> Response:
        """Note that a card was shown, looked at or closed."""
        person, _ = asking.person()
        state = asking.json_body().get("state")
        if state not in RECEIPTS:
            there_are = ", ".join(RECEIPTS)
            raise ApiError(400, "state", f"state: одно из {there_are}", f"state: one of {there_are}")
        self._call(person, call_id)
        # An administrator looks on: only whose phone rings can say that the card was seen.
        if person.keys:
            self._parts.journal.mark_receipt(call_id, person.keys, state, now())
        return json_response(None)

    def note(self, asking: ApiRequest, call_id: int) -> Response:
        """Write down what is to be remembered of a call."""
        person, _ = asking.person()
        text = asking.text(asking.json_body(), "text", _MAX_NOTE_CHARS)
        self._call(person, call_id)
        self._parts.journal.set_note(call_id, text, person.name, now())
        return json_response(self._call_json(asking, self._call(person, call_id)))

    def call_back(self, asking: ApiRequest, call_id: int) -> Response:
        """Have the VATS ring whoever asks, and then the caller."""
        person, _ = asking.person()
        call = self._call(person, call_id)
        ring = self._parts.view_of(person).click_to_call
        if ring is None or not person.keys or call.number is None:
            raise ApiError(409, "callback", "перезвонить отсюда нельзя", "calling back is not possible here")
        number = identify(call.number, self._parts.view_of(person).plan)
        try:
            ring(min(person.keys), number.national or call.number)
        except DirectoryError as error:
            raise ApiError(502, "callback", error.message.ru, error.message.en) from error
        return json_response(None)

    def unseen(self, asking: ApiRequest) -> Response:
        """Give the last day's calls that nobody saw."""
        person, _ = asking.person()
        found = self._parts.journal.unseen(visible_calls(person, now() - timedelta(days=1)))
        return json_response({"calls": [self._call_json(asking, call) for call in found]})

    def unknown(self, asking: ApiRequest) -> Response:
        """Give the numbers of callers without a name, the most frequent first."""
        person, _ = asking.person()
        found = self._parts.journal.unknown(visible_calls(person, now() - timedelta(days=30)))
        described = [
            {
                "number": one.number,
                "count": one.count,
                "last": one.last.isoformat(),
                "region": region,
                "operator": operator,
            }
            for one in found
            for region, operator in (describe(one.number, asking.language),)
        ]
        return json_response({"numbers": described})

    def stream(self, asking: ApiRequest) -> CallStream:
        """Open a window."""
        person, session = asking.person()
        keys = None if person.administrator else person.keys
        secret = asking.cookies.get(COOKIE, "")
        language = asking.language

        def render(call: Call) -> bytes:
            return self._event(call, language)

        window = CallStream(secret, render=render, alive=lambda: self._parts.end_reason(session, secret))
        screens = self._parts.windows
        try:
            screens.open(person.publication, keys, window)
        except TooManyWindowsError as error:
            raise ApiError(503, "windows", "открыто слишком много окон", "too many windows are open") from error
        try:
            # The tables of ranges are large and read at their first use: not when somebody waits for a card.
            describe(_ANY_NUMBER, language)
            window.prepare(*self._initial_events(asking, person, session, language), lambda: screens.close(window))
        except Exception:
            screens.close(window)
            raise
        return window

    def _initial_events(
        self, asking: ApiRequest, person: PageUser, session: Session | None, language: str
    ) -> tuple[list[bytes], int]:
        """Return what a window is told at once, who looks and what it missed, and the version of the last of it."""
        journal = self._parts.journal
        cursor = journal.cursor()
        hello = {**me_json(self._parts, person, session, language), "now": now().isoformat(), "cursor": cursor}
        after = asking.headers.get("Last-Event-ID") or asking.args.get("after") or ""
        # One beyond the last change is of a journal that was there before.
        if after.isascii() and after.isdigit() and len(after) <= _LONGEST_CURSOR and int(after) <= cursor:
            missed = journal.after(int(after), 1_000, visible_calls(person))
        else:
            missed = journal.recent(50, visible_calls(person, now() - _FRESH))
        told = [self._call_event(call, language) for call in missed]
        return [event("hello", hello), *told], max((call.version for call in missed), default=0)

    def _call_event(self, call: Call, language: str) -> bytes:
        return event("call", call_json(self._parts, call, language), call.version)

    def _wait_for(self, person: PageUser, after: int, limit: int, those: CallFilter, seconds: int) -> list[Call]:
        if not self._waiting.acquire(blocking=False):
            return []
        try:
            keys = None if person.administrator else person.keys
            window = self._parts.windows.open(person.publication, keys, QueueListener())
        except TooManyWindowsError:
            # A slow poll: whoever asks again at once would be refused again at once.
            time.sleep(min(seconds, 2))
            return self._parts.journal.after(after, limit, those)
        else:
            try:
                deadline = time.monotonic() + seconds
                while not (found := self._parts.journal.after(after, limit, those)):
                    left = deadline - time.monotonic()
                    if left <= 0 or window.closing:
                        return []
                    window.next(left)
                return found
            finally:
                self._parts.windows.close(window)
        finally:
            self._waiting.release()

    def _filter_of(self, asking: ApiRequest, person: PageUser) -> CallFilter:
        since = asking.args.get("since")
        number = asking.args.get("number")
        mine = visible_calls(person)
        if since is not None:
            mine = visible_calls(person, _time(since))
        if number is None:
            return mine
        found = identify(number, self._parts.view_of(person).plan)
        return CallFilter(mine.publication, mine.keys, found.canonical, found.received, mine.since)

    def _call(self, person: PageUser, call_id: int) -> Call:
        call = self._parts.journal.call(call_id, visible_calls(person))
        if call is None:
            raise ApiError(404, "call", "нет такого звонка", "there is no such call")
        return call

    def _calls_json(self, asking: ApiRequest, found: list[Call], cursor: int) -> Response:
        return json_response({"calls": [self._call_json(asking, call) for call in found], "cursor": cursor})

    def _call_json(self, asking: ApiRequest, call: Call) -> dict[str, Any]:
        return call_json(self._parts, call, asking.language)


def _time(text: str) -> datetime:
    try:
        # A plus in a query is a space unless it is escaped.
        at = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError as error:
        raise ApiError(
            400, "since", "since: ожидается время ISO 8601", "since: an ISO 8601 time is expected"
        ) from error
    if at.tzinfo is None:
        raise ApiError(400, "since", "since: нужен часовой пояс", "since: a time zone is needed")
    return at
