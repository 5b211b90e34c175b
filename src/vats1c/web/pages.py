"""The pages themselves, the files they are made of, and signing in and out."""

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
# Nothing from elsewhere, nothing written into a page, no page within another's.
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
    """Pages for people."""

    def __init__(self, parts: WebContext) -> None:
        """Read the files of the pages once."""
        self._parts = parts
        self._files = dict(_static_files(files("vats1c.web") / "static"))

    def static(self, asking: ApiRequest, name: str) -> Response:
        """Give a file that pages are made of."""
        if name not in self._files or name.endswith(".html"):
            raise NotFound
        return self._file(asking, name, self._files[name])

    def page(self, asking: ApiRequest, name: str) -> Response:
        """Give a page to whoever is signed in; send others to sign in first."""
        session = asking.session
        if session is None:
            return redirect(f"/sign-in?next=/{name}", 303)
        response = self._html(asking, f"{name}.html", {})
        self._signed_in(response, session.person, asking.cookies[COOKIE], asking)
        return response

    def inspector(self, asking: ApiRequest) -> Response:
        """Give the inspector to whoever may look; send who is not signed in to do so first."""
        if asking.session is not None:
            # Who is no administrator is told so by the page.
            return self.page(asking, "calls")
        try:
            asking.require_tester()
        except ApiError:
            return redirect("/sign-in?next=/calls", 303)
        return self._html(asking, "calls.html", {})

    def sign_in(self, asking: ApiRequest) -> Response:
        """Show the form, or take what was filled in."""
        if asking.method != "POST":
            return self._form(asking, "")
        asking.check_origin()
        login, password = asking.form.get("login", ""), asking.form.get("password", "")
        try:
            person = self._parts.people.sign_in(login, password, asking.remote_addr or "")
        except LoginRefused as refused:
            said = _LATER if refused.status == 429 else _WRONG  # noqa: PLR2004 - HTTP's own number
            return self._form(asking, said.said(_language(asking)), refused.status)
        return self._start_session(asking, person, asking.form.get("next", ""))

    def sign_in_by_link(self, asking: ApiRequest, secret: str) -> Response:
        """Sign in whoever holds a one-time link."""
        person = self._parts.sessions.use_link(secret)
        if person is None:
            return self._form(asking, _SPENT.said(_language(asking)), 403)
        return self._start_session(asking, person, "/directory" if person.administrator else _HOME)

    def sign_out(self, asking: ApiRequest) -> Response:
        """End the session."""
        asking.check_origin()
        secret = asking.cookies.get(COOKIE)
        if secret:
            self._parts.sessions.end(secret)
            self._parts.windows.verify_session(secret)
        response = json_response(None) if "X-Vats1c" in asking.headers else redirect("/sign-in", 303)
        response.delete_cookie(COOKIE, path="/")
        return response

    def language(self, asking: ApiRequest, chosen: str) -> Response:
        """Remember which language somebody wants."""
        if chosen not in ("ru", "en"):
            raise NotFound
        response = redirect(_local(asking.args.get("next", "")), 303)
        response.set_cookie("vats1c_language", chosen, max_age=31_536_000, samesite="Lax", secure=self._secure(asking))
        return response

    def _start_session(self, asking: ApiRequest, person: PageUser, to: str) -> Response:
        secret, _ = self._parts.sessions.begin(person)
        response = redirect(_local(to), 303)
        self._signed_in(response, person, secret, asking)
        return response

    def _signed_in(self, response: Response, person: PageUser, secret: str, asking: ApiRequest) -> None:
        expires = self._parts.sessions.renew(person, secret)
        response.set_cookie(
            COOKIE, secret, expires=expires, path="/", httponly=True, samesite="Lax", secure=self._secure(asking)
        )

    def _secure(self, asking: ApiRequest) -> bool:
        return self._parts.secure or asking.is_secure

    def _form(self, asking: ApiRequest, problem: str, status: int = 200) -> Response:
        words = {f"word_{name}": word.said(_language(asking)) for name, word in _WORDS.items()}
        # A browser would ask for a login of its own if it were told 401.
        status = 403 if status == 401 else status  # noqa: PLR2004 - HTTP's own numbers
        return self._html(
            asking, "sign-in.html", {**words, "problem": problem, "next": asking.values.get("next", "")}, status
        )

    def _html(self, asking: ApiRequest, name: str, words: dict[str, str], status: int = 200) -> Response:
        text = self._files[name].decode()
        for word, value in {**words, "language": _language(asking)}.items():
            text = text.replace("{{" + word + "}}", str(escape(value)))
        headers = {"Cache-Control": "no-store", **_POLICY}
        return Response(text, status, content_type=_TYPES["html"], headers=headers)

    def _file(self, asking: ApiRequest, name: str, content: bytes) -> Response:
        headers = {"Cache-Control": "no-cache", **_POLICY}
        response = Response(content, content_type=_TYPES[name.rpartition(".")[2]], headers=headers)
        response.set_etag(hashlib.sha256(content).hexdigest()[:32])
        return response.make_conditional(asking)


def _static_files(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    """Yield the path below `static` and the bytes of each file that a page may load."""
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _static_files(entry, f"{prefix}{entry.name}/")
        elif entry.name.rpartition(".")[2] in _TYPES:
            yield f"{prefix}{entry.name}", entry.read_bytes()


def _language(asking: ApiRequest) -> Any:
    return asking.language


def _local(to: str) -> str:
    """Return `to` when it is a page of ours: a link must not send anyone elsewhere."""
    return to if to.startswith("/") and not to.startswith("//") and "\\" not in to and to.isprintable() else _HOME
