"""The pages, their static files, and signing in and out."""

import hashlib
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from markupsafe import escape
from werkzeug.exceptions import NotFound
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from vats1c.accounts.basic import LoginRefused
from vats1c.accounts.people import PageUser
from vats1c.messages import Message
from vats1c.web.context import WebContext
from vats1c.web.request import COOKIE, ApiError, ApiRequest, json_response

_TYPES = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
# No content from other origins, no inline scripts or styles, no framing.
_POLICY = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
_HOME = "/card"
_WORDS = {
    "title": Message("Вход", "Sign in"),
    "sign_in": Message("Войти", "Sign in"),
    "login": Message("Имя", "Login"),
    "password": Message("Пароль", "Password"),
}
_WRONG = Message("Неверное имя или пароль.", "Wrong login or password.")
_LATER = Message("Слишком много попыток, повторите позже.", "Too many attempts, try again later.")
_SPENT = Message("Эта ссылка уже не действует.", "This link has expired or was used already.")


class Pages:
    """The endpoints of the pages."""

    def __init__(self, context: WebContext) -> None:
        """Read the static files into memory."""
        self._context = context
        self._files = dict(_static_files(files("vats1c.web") / "static"))

    def static(self, request: ApiRequest, name: str) -> Response:
        """Return the static file `name`."""
        if name not in self._files or name.endswith(".html"):
            raise NotFound
        return self._file(request, name, self._files[name])

    def page(self, request: ApiRequest, name: str) -> Response:
        """Return the page `name` to a signed-in user; redirect other users to the sign-in page."""
        session = request.session
        if session is None:
            return redirect(f"/sign-in?next=/{name}", 303)
        response = self._html(request, f"{name}.html", {})
        self._signed_in(response, session.person, request.cookies[COOKIE], request)
        return response

    def inspector(self, request: ApiRequest) -> Response:
        """Return the inspector to a signed-in user or a tester; redirect other users to the sign-in page."""
        if request.session is not None:
            # The page itself shows a message to users who are not administrators.
            return self.page(request, "calls")
        try:
            request.require_tester()
        except ApiError:
            return redirect("/sign-in?next=/calls", 303)
        return self._html(request, "calls.html", {})

    def sign_in(self, request: ApiRequest) -> Response:
        """Return the sign-in form (GET), or start a session with the login and password of the form (POST)."""
        if request.method != "POST":
            return self._form(request, "")
        request.check_origin()
        login, password = request.form.get("login", ""), request.form.get("password", "")
        try:
            person = self._context.people.sign_in(login, password, request.remote_addr or "")
        except LoginRefused as refused:
            problem = _LATER if refused.status == 429 else _WRONG  # noqa: PLR2004 - an HTTP status
            return self._form(request, problem.said(_language(request)), refused.status)
        return self._start_session(request, person, request.form.get("next", ""))

    def sign_in_by_link(self, request: ApiRequest, secret: str) -> Response:
        """Start a session with the secret of a one-time link."""
        person = self._context.sessions.use_link(secret)
        if person is None:
            return self._form(request, _SPENT.said(_language(request)), 403)
        return self._start_session(request, person, "/directory" if person.administrator else _HOME)

    def sign_out(self, request: ApiRequest) -> Response:
        """End the session and close its windows."""
        request.check_origin()
        secret = request.cookies.get(COOKIE)
        if secret:
            self._context.sessions.end(secret)
            self._context.windows.verify_session(secret)
        response = json_response(None) if "X-Vats1c" in request.headers else redirect("/sign-in", 303)
        response.delete_cookie(COOKIE, path="/")
        return response

    def language(self, request: ApiRequest, chosen: str) -> Response:
        """Store the language `chosen` in a cookie."""
        if chosen not in ("ru", "en"):
            raise NotFound
        response = redirect(_local(request.args.get("next", "")), 303)
        response.set_cookie("vats1c_language", chosen, max_age=31_536_000, samesite="Lax", secure=self._secure(request))
        return response

    def _start_session(self, request: ApiRequest, person: PageUser, to: str) -> Response:
        secret, _ = self._context.sessions.begin(person)
        response = redirect(_local(to), 303)
        self._signed_in(response, person, secret, request)
        return response

    def _signed_in(self, response: Response, person: PageUser, secret: str, request: ApiRequest) -> None:
        expires = self._context.sessions.renew(person, secret)
        response.set_cookie(
            COOKIE, secret, expires=expires, path="/", httponly=True, samesite="Lax", secure=self._secure(request)
        )

    def _secure(self, request: ApiRequest) -> bool:
        return self._context.secure or request.is_secure

    def _form(self, request: ApiRequest, problem: str, status: int = 200) -> Response:
        words = {f"word_{name}": word.said(_language(request)) for name, word in _WORDS.items()}
        # On 401 a browser would show its own login dialog.
        status = 403 if status == 401 else status  # noqa: PLR2004 - HTTP statuses
        return self._html(
            request, "sign-in.html", {**words, "problem": problem, "next": request.values.get("next", "")}, status
        )

    def _html(self, request: ApiRequest, name: str, words: dict[str, str], status: int = 200) -> Response:
        text = self._files[name].decode()
        for word, value in {**words, "language": _language(request)}.items():
            text = text.replace("{{" + word + "}}", str(escape(value)))
        headers = {"Cache-Control": "no-store", **_POLICY}
        return Response(text, status, content_type=_TYPES["html"], headers=headers)

    def _file(self, request: ApiRequest, name: str, content: bytes) -> Response:
        headers = {"Cache-Control": "no-cache", **_POLICY}
        response = Response(content, content_type=_TYPES[name.rpartition(".")[2]], headers=headers)
        response.set_etag(hashlib.sha256(content).hexdigest()[:32])
        return response.make_conditional(request)


def _static_files(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    """Yield the path below `static` and the bytes of each file that a page may load."""
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _static_files(entry, f"{prefix}{entry.name}/")
        elif entry.name.rpartition(".")[2] in _TYPES:
            yield f"{prefix}{entry.name}", entry.read_bytes()


def _language(request: ApiRequest) -> Any:
    return request.language


def _local(to: str) -> str:
    """Return the path `to` if it is on this site, else the card page: a link must not redirect to another site."""
    return to if to.startswith("/") and not to.startswith("//") and "\\" not in to and to.isprintable() else _HOME
