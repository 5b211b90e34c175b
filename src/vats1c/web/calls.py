"""The API of calls, and the stream of calls that the card page shows."""

import threading
import time
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from werkzeug.wrappers import Response

from vats1c.accounts.people import PageUser
from vats1c.accounts.sessions import Session
from vats1c.directory import DirectoryError
from vats1c.journal import RECEIPTS, CallFilter
from vats1c.model import Call
from vats1c.number import describe, identify
from vats1c.push.windows import QueueListener, TooManyWindowsError
from vats1c.web.call_json import call_json, me_json
from vats1c.web.context import WebContext, now, visible_calls
from vats1c.web.event_stream import CallStream, event
from vats1c.web.request import COOKIE, ApiError, ApiRequest, json_response

# A new window shows cards for calls that are not older than this.
_FRESH = timedelta(minutes=2)
_MAX_WAIT_S = 30
_MAX_NOTE_CHARS = 4_000
_MAX_CURSOR_DIGITS = 18
_MAX_WAITERS = 64
_ANY_NUMBER = "+79000000000"


class CallsApi:
    """The endpoints of calls."""

    def __init__(self, context: WebContext) -> None:
        self._context = context
        self._waiters = threading.BoundedSemaphore(_MAX_WAITERS)
        # A thousand windows may show the same call: it is rendered once per language.
        self._event = lru_cache(maxsize=64)(self._call_event)

    def me(self, request: ApiRequest) -> Response:
        """Return the signed-in user and their permissions."""
        person, session = request.person()
        return json_response(me_json(self._context, person, session, request.language))

    def list_calls(self, request: ApiRequest) -> Response:
        """Return the last calls, or the calls that changed after the cursor `after`."""
        person, _ = request.person()
        call_filter = self._filter_of(request, person)
        limit = request.whole_number("limit", 100, 1, 1_000)
        journal = self._context.journal
        # Read the cursor before the calls: a call that changes between the two reads is then returned twice, not lost.
        cursor = journal.cursor()
        if "after" not in request.args:
            return self._calls_json(request, journal.recent(limit, call_filter), cursor)
        after = request.whole_number("after", 0, 0, 2**62)
        seconds = request.whole_number("wait", 0, 0, _MAX_WAIT_S)
        calls = journal.after(after, limit, call_filter)
        if not calls and seconds:
            calls = self._wait_for(person, after, limit, call_filter, seconds)
            if not calls:
                return json_response(None)
        if len(calls) == limit:
            cursor = calls[-1].version
        return self._calls_json(request, calls, max(cursor, calls[-1].version if calls else 0))

    def one(self, request: ApiRequest, call_id: int) -> Response:
        """Return one call, with the last ten earlier calls of its number."""
        person, _ = request.person()
        call = self._call(person, call_id)
        previous = self._context.journal.previous(call, 10, visible_calls(person))
        return json_response(
            {**self._call_json(request, call), "previous": [self._call_json(request, one) for one in previous]}
        )

    def receipt(self, request: ApiRequest, call_id: int) -> Response:
        """Record that the card of a call was shown, seen or closed."""
        person, _ = request.person()
        state = request.json_body().get("state")
        if state not in RECEIPTS:
            there_are = ", ".join(RECEIPTS)
            raise ApiError(400, "state", f"state: одно из {there_are}", f"state: one of {there_are}")
        self._call(person, call_id)
        # Only employees, whose phones ring, have receipts; an administrator has no phone here.
        if person.keys:
            self._context.journal.mark_receipt(call_id, person.keys, state, now())
        return json_response(None)

    def note(self, request: ApiRequest, call_id: int) -> Response:
        """Set the note of a call."""
        person, _ = request.person()
        text = request.text(request.json_body(), "text", _MAX_NOTE_CHARS)
        self._call(person, call_id)
        self._context.journal.set_note(call_id, text, person.name, now())
        return json_response(self._call_json(request, self._call(person, call_id)))

    def call_back(self, request: ApiRequest, call_id: int) -> Response:
        """Let the VATS ring the user, then the caller."""
        person, _ = request.person()
        call = self._call(person, call_id)
        ring = self._context.view_of(person).click_to_call
        if ring is None or not person.keys or call.number is None:
            raise ApiError(409, "callback", "перезвонить отсюда нельзя", "calling back is not possible here")
        number = identify(call.number, self._context.view_of(person).plan)
        try:
            ring(min(person.keys), number.national or call.number)
        except DirectoryError as error:
            raise ApiError(502, "callback", error.message.ru, error.message.en) from error
        return json_response(None)

    def unseen(self, request: ApiRequest) -> Response:
        """Return the calls of the last day whose cards no employee saw."""
        person, _ = request.person()
        calls = self._context.journal.unseen(visible_calls(person, now() - timedelta(days=1)))
        return json_response({"calls": [self._call_json(request, call) for call in calls]})

    def unknown(self, request: ApiRequest) -> Response:
        """Return the numbers without a name in the calls of the last 30 days, the most frequent first."""
        person, _ = request.person()
        unknown_numbers = self._context.journal.unknown(visible_calls(person, now() - timedelta(days=30)))
        numbers = [
            {
                "number": one.number,
                "count": one.count,
                "last": one.last.isoformat(),
                "region": region,
                "operator": operator,
            }
            for one in unknown_numbers
            for region, operator in (describe(one.number, request.language),)
        ]
        return json_response({"numbers": numbers})

    def stream(self, request: ApiRequest) -> CallStream:
        """Open a window, and return its stream of calls."""
        person, session = request.person()
        keys = None if person.administrator else person.keys
        secret = request.cookies.get(COOKIE, "")
        language = request.language

        def render(call: Call) -> bytes:
            return self._event(call, language)

        window = CallStream(secret, render=render, alive=lambda: self._context.end_reason(session, secret))
        windows = self._context.windows
        try:
            windows.open(person.publication, keys, window)
        except TooManyWindowsError as error:
            raise ApiError(503, "windows", "открыто слишком много окон", "too many windows are open") from error
        try:
            # The tables of ranges are large and loaded at their first use: load them before a card waits for them.
            describe(_ANY_NUMBER, language)
            window.prepare(*self._initial_events(request, person, session, language), lambda: windows.close(window))
        except Exception:
            windows.close(window)
            raise
        return window

    def _initial_events(
        self, request: ApiRequest, person: PageUser, session: Session | None, language: str
    ) -> tuple[list[bytes], int]:
        """Return the first events of a window, and the greatest version of the calls in them.

        The first event describes the user; each of the others is a call that the window has not shown yet.
        """
        journal = self._context.journal
        cursor = journal.cursor()
        hello = {**me_json(self._context, person, session, language), "now": now().isoformat(), "cursor": cursor}
        after = request.headers.get("Last-Event-ID") or request.args.get("after") or ""
        # A cursor beyond the last change belongs to an earlier journal.
        if after.isascii() and after.isdigit() and len(after) <= _MAX_CURSOR_DIGITS and int(after) <= cursor:
            missed = journal.after(int(after), 1_000, visible_calls(person))
        else:
            missed = journal.recent(50, visible_calls(person, now() - _FRESH))
        events = [self._call_event(call, language) for call in missed]
        return [event("hello", hello), *events], max((call.version for call in missed), default=0)

    def _call_event(self, call: Call, language: str) -> bytes:
        return event("call", call_json(self._context, call, language), call.version)

    def _wait_for(self, person: PageUser, after: int, limit: int, wanted: CallFilter, seconds: int) -> list[Call]:
        if not self._waiters.acquire(blocking=False):
            return []
        try:
            keys = None if person.administrator else person.keys
            window = self._context.windows.open(person.publication, keys, QueueListener())
        except TooManyWindowsError:
            # Delay the response: without the delay the client would poll again at once.
            time.sleep(min(seconds, 2))
            return self._context.journal.after(after, limit, wanted)
        else:
            try:
                deadline = time.monotonic() + seconds
                while not (found := self._context.journal.after(after, limit, wanted)):
                    left = deadline - time.monotonic()
                    if left <= 0 or window.closing:
                        return []
                    window.next(left)
                return found
            finally:
                self._context.windows.close(window)
        finally:
            self._waiters.release()

    def _filter_of(self, request: ApiRequest, person: PageUser) -> CallFilter:
        since = request.args.get("since")
        number = request.args.get("number")
        mine = visible_calls(person)
        if since is not None:
            mine = visible_calls(person, _time(since))
        if number is None:
            return mine
        found = identify(number, self._context.view_of(person).plan)
        return CallFilter(mine.publication, mine.keys, found.canonical, found.received, mine.since)

    def _call(self, person: PageUser, call_id: int) -> Call:
        call = self._context.journal.call(call_id, visible_calls(person))
        if call is None:
            raise ApiError(404, "call", "нет такого звонка", "there is no such call")
        return call

    def _calls_json(self, request: ApiRequest, found: list[Call], cursor: int) -> Response:
        return json_response({"calls": [self._call_json(request, call) for call in found], "cursor": cursor})

    def _call_json(self, request: ApiRequest, call: Call) -> dict[str, Any]:
        return call_json(self._context, call, request.language)


def _time(text: str) -> datetime:
    try:
        # An unescaped plus in a query is decoded as a space.
        at = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError as error:
        raise ApiError(
            400, "since", "since: ожидается время ISO 8601", "since: an ISO 8601 time is expected"
        ) from error
    if at.tzinfo is None:
        raise ApiError(400, "since", "since: нужен часовой пояс", "since: a time zone is needed")
    return at
