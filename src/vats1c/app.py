"""The composition root: settings in, one WSGI application out; opens the parts, joins them, closes them.

Rule: parts are joined here and nowhere else; nothing here knows how any of them works.
"""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.middleware.proxy_fix import ProxyFix

from vats1c import directory, soap
from vats1c.auth import Logins, User, is_hash
from vats1c.config import ConfigError, Problem, PublicationTable, Settings, UserTable
from vats1c.desk import Desk
from vats1c.directory import Directory, DirectoryError
from vats1c.directory.chain import Chain
from vats1c.directory.editing import Editable, none_to_edit
from vats1c.directory.guard import Guard, Patience
from vats1c.display import Display
from vats1c.journal import Journal, JournalError
from vats1c.language import Message
from vats1c.metrics import Metrics
from vats1c.soap.endpoint import Headers, answer_fault, late, nowhere, spelled
from vats1c.web import Check, Site


@dataclass(frozen=True)
class Publication:
    """One endpoint's own parts."""

    name: str
    users: tuple[User, ...]
    directories: tuple[Directory, ...]


class Application:
    """The service as a WSGI application, with the parts it was built of."""

    def __init__(self, settings: Settings, publications: Iterable[Publication], journal: Journal) -> None:
        self.settings = settings
        self.publications = tuple(publications)
        self._journal = journal
        self._metrics = Metrics()
        self.chains = {one.name: self._chain(one) for one in self.publications}
        self.desks = {name: Desk(name, chain, journal, settings.plan) for name, chain in self.chains.items()}
        self._endpoints = {
            path: endpoint
            for one in self.publications
            for endpoint in (self._endpoint(one),)
            for path in (f"/{one.name}/ws/VATS", f"/{one.name}/ws/VATS.1cws")
        }
        self._site = Site((one.name for one in self.publications), self._checks(), ("journal",), self._metrics)
        route: WSGIApplication = self._route
        hops = settings.proxies
        self._entry = ProxyFix(route, x_for=hops, x_proto=hops, x_host=hops) if hops else route

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        return self._entry(environ, start_response)

    def late(self, environ: WSGIEnvironment) -> tuple[int, Headers, bytes]:
        """Return the answer to a request whose body did not arrive in time: status, headers, body."""
        return spelled(late(), environ, self.settings.fault_language)

    def close(self) -> None:
        """Close what was opened; the last journal entry is already on disk."""
        for chain in self.chains.values():
            chain.close()
        self._journal.close()

    def _route(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        # The exchange comes first: one lookup, no routing map.
        path = environ["PATH_INFO"]
        endpoint = self._endpoints.get(path)
        if endpoint is not None:
            return endpoint(environ, start_response)
        if "/ws/" in path:
            self._metrics.requests.labels("", "", nowhere().reason).inc()
            return answer_fault(nowhere(), environ, start_response, self.settings.fault_language)
        return self._site(environ, start_response)

    def display(self, publication: str) -> Display:
        """Return how callers are shown at `publication`."""
        given = self.settings.served[publication].say_name
        return Display(given.format, given.prefix, given.length, given.transliterate)

    def _chain(self, publication: Publication) -> Chain:
        own = self.settings.served[publication.name]
        given = own.say_name
        patience = [
            Patience(table.deadline or given.deadline, given.remember, given.remember_unknown, given.stale)
            for table in own.directories
        ]
        return Chain(publication.name, publication.directories, self._metrics, given.deadline, patience)

    def _endpoint(self, publication: Publication) -> soap.Endpoint:
        settings, own = self.settings, self.settings.served[publication.name]
        return soap.Endpoint(
            publication.name,
            soap.Service(self.desks[publication.name], self.display(publication.name)),
            soap.Wsdl(
                f"/{publication.name}/ws/VATS",
                own.say_name.parameter,
                settings.public_url,
                settings.trusted_hosts,
                settings.shown_address,
            ),
            Logins(publication.users, self._metrics, settings.limits.failed_logins),
            self._metrics,
            body_limit=settings.limits.body,
            language=settings.fault_language,
            wsdl_open=settings.wsdl_open,
        )

    def _checks(self) -> dict[str, Check]:
        checks: dict[str, Check] = {"journal": lambda: (self._journal.writable(), {})}
        for one in self.publications:
            for each in self.chains[one.name].steps:
                checks[f"directory {one.name}/{each.name}"] = _check(each)
                state = each.state()
                self._metrics.callers.labels(f"{one.name}/{each.name}").set(state.callers or 0)
        return checks


def _check(one: Directory | Guard) -> Check:
    def check() -> tuple[bool, dict[str, Any]]:
        state = one.state()
        return state.ready, {"callers": state.callers}

    return check


def build(settings: Settings) -> Application:
    """Return the application that `settings` describe. Raises ConfigError with every problem found."""
    problems: list[Problem] = []
    with ExitStack() as opened_so_far:
        publications = [
            Publication(
                name,
                _users(table, _place(settings, name), problems),
                _directories(settings, name, problems, opened_so_far.callback),
            )
            for name, table in settings.served.items()
        ]
        journal = None
        try:
            journal = Journal(settings.database_url)
            opened_so_far.callback(journal.close)
        except JournalError as error:
            problems.append(Problem("database" if settings.database else "data", "", error.message))
        if problems or journal is None:
            raise ConfigError(problems)
        opened_so_far.pop_all()
        return Application(settings, publications, journal)


def editable(settings: Settings, publication: str | None, name: str | None) -> Editable:
    """Open the directory that can be edited, the first one of the publication where no `name` is given.

    No other directory is opened. Raises ConfigError when there is none, or it cannot be opened.
    """
    chosen = publication or next(iter(settings.served))
    problems = []
    home = directory.Home(settings.data, chosen)
    own = settings.served[chosen].directories if chosen in settings.served else ()
    for number, table in enumerate(own):
        if name not in (None, table.name):
            continue
        try:
            if issubclass(directory.class_of(table.type), Editable):
                opened_one: Editable = directory.load(table.type, table.name, table.own, settings.plan, home)  # type: ignore[assignment]
                return opened_one
        except DirectoryError as error:
            problems.append(_problem(f"{_place(settings, chosen)}directories[{number}]", error))
    if not problems:
        problems = [Problem("directories", "", none_to_edit(chosen, name))]
    raise ConfigError(problems)


def _place(settings: Settings, publication: str) -> str:
    return f"publications.{publication}." if settings.publications else ""


def _users(table: PublicationTable, place: str, problems: list[Problem]) -> tuple[User, ...]:
    users = []
    for number, user in enumerate(table.users):
        try:
            users.append(_user(user))
        except ValueError as error:
            problems.append(Problem(f"{place}users[{number}]", "", error.args[0]))
    return tuple(users)


def _user(user: UserTable) -> User:
    if user.password_hash is not None:
        hashed = user.password_hash.get_secret_value()
        if not is_hash(hashed):
            raise ValueError(
                Message(
                    "password_hash не похож на хеш: сделайте его командой vats1c hash-password",
                    "password_hash is not a hash: make one with vats1c hash-password",
                )
            )
        return User(user.name, hashed=hashed)
    if user.password_file is not None:
        return User(user.name, password=_secret(user))
    return User(user.name, password=user.password.get_secret_value() if user.password else None)


def _secret(user: UserTable) -> str:
    try:
        password = user.password_file.read_text(encoding="utf-8").rstrip("\r\n") if user.password_file else ""
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "UTF-8?"
        raise ValueError(
            Message(
                f"файл с паролем не читается: {user.password_file}: {reason}",
                f"cannot read the password file {user.password_file}: {reason}",
            )
        ) from error
    if not password:
        raise ValueError(
            Message(
                f"файл с паролем пуст: {user.password_file}",
                f"the password file is empty: {user.password_file}",
            )
        )
    return password


def _directories(
    settings: Settings, publication: str, problems: list[Problem], on_failure: Callable[..., Any]
) -> tuple[Directory, ...]:
    found = []
    home = directory.Home(settings.data, publication)
    for number, table in enumerate(settings.served[publication].directories):
        try:
            one = directory.load(table.type, table.name, table.own, settings.plan, home)
        except DirectoryError as error:
            problems.append(_problem(f"{_place(settings, publication)}directories[{number}]", error))
            continue
        on_failure(one.close)
        found.append(one)
    return tuple(found)


def _problem(place: str, error: DirectoryError) -> Problem:
    return Problem(f"{place}.{error.key}" if error.key else place, "", error.message)
