"""Who asks, in which language, and whether the request is really theirs."""

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
from vats1c.staging.verify import OPERATIONS
from vats1c.web.context import WebContext

T = TypeVar("T")

COOKIE = "vats1c_session"
_READING = frozenset({"GET", "HEAD"})


class ApiError(Exception):
    """A request that cannot be carried out: HTTP status, a code for programs, a sentence for people."""

    def __init__(self, status: int, code: str, ru: str, en: str) -> None:
        super().__init__(en)
        self.status = status
        self.code = code
        self.message = Message(ru, en)


class ApiRequest(Request):
    """A request to the pages or the API."""

    parts: WebContext
    body_problem: BodyProblem | None = None

    @property
    def language(self) -> str:
        """Russian, unless the browser or the person asks for English."""
        chosen = self.cookies.get("vats1c_language", "")
        return chosen if chosen in ("ru", "en") else self.accept_languages.best_match(["ru", "en"], "ru") or "ru"

    @property
    def session(self) -> Session | None:
        """The session of the browser's cookie."""
        secret = self.cookies.get(COOKIE)
        return self.parts.sessions.get(secret) if secret else None

    def person(self) -> tuple[PageUser, Session | None]:
        """Return who asks, by session or by HTTP Basic. Raises ApiError."""
        if "Authorization" in self.headers:
            try:
                return self.parts.people.check(self.headers["Authorization"], self.remote_addr or ""), None
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
        """Return the publication whose exchanges whoever asks may see, None for all. Raises ApiError.

        An administrator sees their own; who has the staging bench's token, or is on this machine where that is enough,
        sees all.
        """
        bench = self.parts.tester_access
        given = self.headers.get("Authorization", "")
        if bench is not None and given.startswith("Bearer "):
            if not compare_digest(given[7:].strip().encode(), bench.token.encode()):
                raise ApiError(401, "auth", "неверный токен", "wrong token")
            return None
        if bench is not None and bench.open_here and not given and self._is_local():
            self.check_origin()
            return None
        person, _ = self.person()
        if not person.administrator:
            raise ApiError(403, "administrator", "это может администратор", "an administrator may do this")
        return person.publication

    def use_publication(self, name: str) -> str:
        """Return `name`, a publication that the tester may see; if it was made on request, it now counts as used.

        Raises ApiError.
        """
        if name not in self.parts.names(self.require_tester()):
            raise ApiError(404, "publication", "нет такой публикации", "there is no such publication")
        if self.parts.dynamic_publications is not None:
            self.parts.dynamic_publications.touch(name)
        return name

    def wait_for(self, look: Callable[[], T], is_enough: Callable[[T], bool], seconds: float) -> T:
        """Call `look` after each write to the journal until `is_enough` accepts its result, at most `seconds`.

        Return the last result. Raises ApiError.
        """
        journal = self.parts.journal

        def flush_and_look() -> T:
            # Exchanges are written a moment after they are answered.
            journal.flush()
            return look()

        try:
            return journal.changes.wait_for(flush_and_look, is_enough, seconds)
        except TooManyWaitersError as error:
            raise ApiError(503, "waiting", "слишком многие уже ждут", "too many wait already") from error

    def _is_local(self) -> bool:
        """Tell whether the request comes from this machine: from a loopback address, to one, and through no proxy.

        A page elsewhere whose name resolves to this machine (DNS rebinding) has its own name in Host.
        """
        if is_proxied(self.environ):
            return False
        host = _split(f"//{self.environ.get('HTTP_HOST', '')}").hostname or ""
        return _is_loopback(self.remote_addr or "") and (host == "localhost" or _is_loopback(host))

    def check_origin(self) -> None:
        """Refuse what another site's page had the browser send. Raises ApiError."""
        origin = self.headers.get("Origin")
        if origin is not None and _split(origin).netloc != self.host:
            raise ApiError(403, "forged", "запрос с чужой страницы", "the request comes from another site's page")
        if self.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            raise ApiError(403, "forged", "запрос с чужой страницы", "the request comes from another site's page")

    def json_body(self) -> dict[str, Any]:
        """Return the JSON object that was sent. Raises ApiError."""
        try:
            found = json.loads(self.get_data(cache=False))
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise ApiError(400, "json", "ожидается объект JSON", "a JSON object is expected")
        return found

    def text(self, given: dict[str, Any], name: str, longest: int = 200) -> str:
        """Return the text under `name`, "" when it is not there. Raises ApiError."""
        value = given.get(name, "")
        if not isinstance(value, str) or len(value) > longest:
            raise ApiError(
                400, name, f"{name}: ожидается текст до {longest} знаков", f"{name}: a text of up to {longest} letters"
            )
        return value.strip()

    def whole_number(self, name: str, default: int, least: int, most: int) -> int:
        """Return the whole number in the query under `name`. Raises ApiError."""
        value = self.args.get(name, str(default))
        if not value.isascii() or not value.isdigit() or not least <= int(value) <= most:
            raise ApiError(
                400, name, f"{name}: ожидается число от {least} до {most}", f"{name}: a number from {least} to {most}"
            )
        return int(value)


def check_operation(name: str) -> str | None:
    """Return the operation `name`, None if it is empty. Raises ApiError."""
    if name and name not in OPERATIONS:
        there_are = ", ".join(OPERATIONS)
        raise ApiError(400, "op", f"op: одно из {there_are}", f"op: one of {there_are}")
    return name or None


def _split(url: str) -> SplitResult:
    """Return the parts of `url`, all empty where it cannot be read: it is the client's."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _is_loopback(text: str) -> bool:
    address = parse_address(text)
    return address is not None and address.is_loopback


def json_response(body: Any, status: int = 200) -> Response:
    """Return `body` as JSON; None gives an answer without a body."""
    if body is None:
        return Response(status=204, headers={"Cache-Control": "no-store"})
    text = json.dumps(body, ensure_ascii=False) + "\n"
    return Response(text, status, content_type="application/json; charset=utf-8", headers={"Cache-Control": "no-store"})


def error_response(error: ApiError, language: str) -> Response:
    """Return an error as the API says it."""
    said = error.message.said("en" if language == "en" else "ru")
    response = json_response({"error": {"code": error.code, "message": said}}, error.status)
    if error.status == 429:  # noqa: PLR2004 - HTTP's own number
        response.headers["Retry-After"] = "10"
    return response


def http_error(error: HTTPException) -> ApiError:
    """Return werkzeug's error as ours."""
    return ApiError(error.code or 400, "request", f"{error.code} {error.name}", f"{error.code} {error.name}")
