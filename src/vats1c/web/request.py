"""A request to the pages or the API: its sender, language, parameters and JSON body; and the API's responses."""

import json
from collections.abc import Callable
from hmac import compare_digest
from typing import Any, TypeVar
from urllib.parse import SplitResult, urlsplit

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from vats1c.accounts.basic import LoginRefused
from vats1c.accounts.people import PageUser
from vats1c.accounts.sessions import Session
from vats1c.http import BodyProblem
from vats1c.journal import TooManyWaitersError
from vats1c.messages import Message
from vats1c.proxies import is_proxied, parse_address
from vats1c.web.context import WebContext

T = TypeVar("T")

COOKIE = "vats1c_session"
_READING = frozenset({"GET", "HEAD"})


class ApiError(Exception):
    """An error response: HTTP status, an error code for programs, a message for people."""

    def __init__(self, status: int, code: str, ru: str, en: str) -> None:
        super().__init__(en)
        self.status = status
        self.code = code
        self.message = Message(ru, en)


class ApiRequest(Request):
    """A request to the pages or the API; `Site` sets `context` in a subclass."""

    context: WebContext
    body_problem: BodyProblem | None = None

    @property
    def language(self) -> str:
        """The language of the response, "ru" or "en": from the cookie, else from Accept-Language, else Russian."""
        language = self.cookies.get("vats1c_language", "")
        return language if language in ("ru", "en") else self.accept_languages.best_match(["ru", "en"], "ru") or "ru"

    @property
    def session(self) -> Session | None:
        """The session of the browser's cookie; None without a cookie, or if the cookie opens no session."""
        secret = self.cookies.get(COOKIE)
        return self.context.sessions.get(secret) if secret else None

    def person(self) -> tuple[PageUser, Session | None]:
        """Authenticate by HTTP Basic or by session; return the user, and the session (None for HTTP Basic).

        A request with a session, other than GET and HEAD, is checked against forgery (CSRF). Raises ApiError.
        """
        if "Authorization" in self.headers:
            try:
                return self.context.people.check(self.headers["Authorization"], self.remote_addr or ""), None
            except LoginRefused as refused:
                raise ApiError(
                    refused.status, "auth", "неверное имя или пароль", "wrong login or password"
                ) from refused
        session = self.session
        if session is None:
            raise ApiError(401, "auth", "нужно войти", "sign in first")
        if self.method not in _READING:
            self.check_origin()
            if "X-Vats1c" not in self.headers:
                raise ApiError(403, "forged", "нет заголовка X-Vats1c", "the header X-Vats1c is missing")
        return session.person, session

    def require_tester(self) -> str | None:
        """Return the publication whose exchanges the sender may see, None for all of them. Raises ApiError.

        An administrator sees the exchanges of their own publication. A sender with the staging bench's token sees
        all; so does a sender on this machine if `staging.open_here` is set.
        """
        access = self.context.tester_access
        authorization = self.headers.get("Authorization", "")
        if access is not None and authorization.startswith("Bearer "):
            if not compare_digest(authorization[7:].strip().encode(), access.token.encode()):
                raise ApiError(401, "auth", "неверный токен", "wrong token")
            return None
        if access is not None and access.open_here and not authorization and self._is_local():
            self.check_origin()
            return None
        person, _ = self.person()
        if not person.administrator:
            raise ApiError(403, "administrator", "это может администратор", "an administrator may do this")
        return person.publication

    def use_publication(self, name: str) -> str:
        """Return `name` if the tester may see this publication, and record its use if it was made on request.

        Raises ApiError.
        """
        view = self.context.views.get(name)
        if view is None or name not in self.context.names(self.require_tester()):
            raise ApiError(404, "publication", "нет такой публикации", "there is no such publication")
        if view.touch is not None:
            view.touch()
        return name

    def wait_for(self, look: Callable[[], T], is_enough: Callable[[T], bool], seconds: float) -> T:
        """Call `look` after each write to the journal until `is_enough` accepts the result, for at most `seconds`.

        Return the last result. Raises ApiError.
        """
        journal = self.context.journal

        def flush_and_look() -> T:
            # The journal writes an exchange a moment after its answer: without the flush, `look` may miss it.
            journal.flush()
            return look()

        try:
            return journal.changes.wait_for(flush_and_look, is_enough, seconds)
        except TooManyWaitersError as error:
            raise ApiError(503, "waiting", "слишком многие уже ждут", "too many wait already") from error

    def _is_local(self) -> bool:
        """Tell whether the request comes from this machine: loopback sender, loopback host, and no proxy.

        The header Host is checked too, because of DNS rebinding: if another site's name resolves to this machine, the
        requests of that site's pages come from loopback, but their Host is the name of that site.
        """
        if is_proxied(self.environ):
            return False
        host = _split(f"//{self.environ.get('HTTP_HOST', '')}").hostname or ""
        return _is_loopback(self.remote_addr or "") and (host == "localhost" or _is_loopback(host))

    def check_origin(self) -> None:
        """Raise ApiError for a request that a page of another site caused the browser to send."""
        origin = self.headers.get("Origin")
        if origin is not None and _split(origin).netloc != self.host:
            raise ApiError(403, "forged", "запрос с чужой страницы", "the request comes from another site's page")
        if self.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            raise ApiError(403, "forged", "запрос с чужой страницы", "the request comes from another site's page")

    def json_body(self) -> dict[str, Any]:
        """Return the JSON object in the body. Raises ApiError."""
        try:
            body = json.loads(self.get_data(cache=False))
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise ApiError(400, "json", "ожидается объект JSON", "a JSON object is expected")
        return body

    def text(self, values: dict[str, Any], name: str, max_chars: int = 200) -> str:
        """Return the text `values[name]` without outer spaces, "" if there is none. Raises ApiError."""
        value = values.get(name, "")
        if not isinstance(value, str) or len(value) > max_chars:
            raise ApiError(
                400,
                name,
                f"{name}: ожидается текст до {max_chars} знаков",
                f"{name}: a text of up to {max_chars} letters",
            )
        return value.strip()

    def whole_number(self, name: str, default: int, least: int, most: int) -> int:
        """Return the query parameter `name`, a whole number from `least` to `most`. Raises ApiError."""
        value = self.args.get(name, str(default))
        if not value.isascii() or not value.isdigit() or not least <= int(value) <= most:
            raise ApiError(
                400, name, f"{name}: ожидается число от {least} до {most}", f"{name}: a number from {least} to {most}"
            )
        return int(value)


def _split(url: str) -> SplitResult:
    """Return the parts of `url`, all empty if it is malformed: it comes from the client."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _is_loopback(text: str) -> bool:
    address = parse_address(text)
    return address is not None and address.is_loopback


def json_response(body: Any, status: int = 200) -> Response:
    """Return a response with `body` as JSON, or 204 without a body if it is None."""
    if body is None:
        return Response(status=204, headers={"Cache-Control": "no-store"})
    text = json.dumps(body, ensure_ascii=False) + "\n"
    return Response(text, status, content_type="application/json; charset=utf-8", headers={"Cache-Control": "no-store"})


def error_response(error: ApiError, language: str) -> Response:
    """Return `error` as a JSON response in `language`."""
    text = error.message.said("en" if language == "en" else "ru")
    response = json_response({"error": {"code": error.code, "message": text}}, error.status)
    if error.status == 429:  # noqa: PLR2004 - an HTTP status
        response.headers["Retry-After"] = "10"
    return response


def http_error(error: HTTPException) -> ApiError:
    """Convert an error of werkzeug."""
    return ApiError(error.code or 400, "request", f"{error.code} {error.name}", f"{error.code} {error.name}")
