"""The composition root: settings in, one WSGI application out; opens the parts, joins them, closes them.

Rule: parts are joined here and nowhere else; nothing here knows how any of them works.
"""

import secrets
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.middleware.proxy_fix import ProxyFix

from vats1c import opening, soap
from vats1c.auth import Logins, User
from vats1c.config import ConfigError, Problem, Settings
from vats1c.database import Database, DatabaseError
from vats1c.desk import Desk
from vats1c.directory import Directory
from vats1c.directory.chain import Chain
from vats1c.directory.editing import Editable
from vats1c.directory.guard import Guard, Patience
from vats1c.display import Display
from vats1c.journal import Journal, Limits
from vats1c.metrics import Metrics
from vats1c.model import Exchange
from vats1c.people import People, Person, Sessions, SubscriberStore, logins_with
from vats1c.screens import Screens
from vats1c.soap.endpoint import Allowance, Headers, answer_fault, late, nowhere, spelled
from vats1c.web import Bench, Check, Office, Parts, Site


@dataclass(frozen=True)
class Publication:
    """One endpoint's own parts."""

    name: str
    users: tuple[User, ...]
    persons: tuple[tuple[Person, User], ...]
    directories: tuple[Directory, ...]
    call_back: Callable[[str, str], None] | None = None


class Application:
    """The service as a WSGI application, with the parts it was built of."""

    def __init__(self, settings: Settings, publications: Iterable[Publication], database: Database) -> None:
        self.settings = settings
        self.publications = tuple(publications)
        self._metrics = Metrics()
        kept = settings.journal
        limits = Limits(kept.days, kept.exchanges, kept.bytes)
        dropped = {what: self._metrics.dropped.labels(what) for what in ("raw", "exchange")}
        self.journal = Journal(database, limits, lambda what: dropped[what].inc())
        self.bench = self._bench()
        self.screens = Screens(settings.limits.windows)
        self._metrics.windows.set_function(lambda: len(self.screens))
        self.journal.watch(self.screens.pop, lambda: len(self.screens) > 0)
        self.journal.keep_within_limits()
        self.people = self._people(database)
        self.chains = {one.name: self._chain(one) for one in self.publications}
        self.desks = {
            name: Desk(name, chain, self.journal, settings.plan, show=self.screens.pop)
            for name, chain in self.chains.items()
        }
        self._endpoints = {
            path: endpoint
            for one in self.publications
            for endpoint in (self._endpoint(one),)
            for path in (f"/{one.name}/ws/VATS", f"/{one.name}/ws/VATS.1cws")
        }
        self._site = Site(
            (one.name for one in self.publications), self._checks(), ("journal",), self._metrics, self._parts(database)
        )
        self._strangers = Allowance()
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
        self.journal.close()

    def stopping(self) -> None:
        """Have the open windows close: the service is about to end."""
        self.screens.close_all()

    def _route(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        # The exchange comes first: one lookup, no routing map.
        path = environ["PATH_INFO"]
        endpoint = self._endpoints.get(path)
        if endpoint is not None:
            return endpoint(environ, start_response)
        if "/ws/" in path:
            return self._nowhere(environ, start_response)
        return self._site(environ, start_response)

    def _nowhere(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        fault = nowhere()
        self._metrics.requests.labels("", "", fault.reason).inc()
        answered = answer_fault(fault, environ, start_response, self.settings.fault_language)
        if self._strangers.take():
            exchange = Exchange("", datetime.now(UTC), outcome=fault.reason, status=fault.status)
            exchange.address = environ.get("REMOTE_ADDR", "")
            exchange.raw = [("Path", environ["PATH_INFO"])], b"", answered[0]
            self.journal.note(exchange)
        return answered

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
            record=self.journal.note,
            keep_bytes=settings.journal.raw,
        )

    def _people(self, database: Database) -> People:
        persons = [pair for one in self.publications for pair in one.persons]
        logins = logins_with(self._metrics, self.settings.limits.failed_logins)
        return People(persons, opening.subscribers(self.settings), SubscriberStore(database), logins)

    def _parts(self, database: Database) -> Parts:
        offices = {}
        for one in self.publications:
            card = self.settings.served[one.name].card
            editable = next((each for each in one.directories if isinstance(each, Editable)), None)
            offices[one.name] = Office(self.settings.plan, editable, card.edit, card.crm, one.call_back)
        hours = max(one.card.session for one in self.settings.served.values())
        secure = (self.settings.public_url or "").startswith("https:")
        self.sessions = Sessions(database, self.people, hours)
        return Parts(self.journal, self.people, self.sessions, self.screens, offices, secure, self.bench)

    def _bench(self) -> Bench | None:
        given = self.settings.staging
        if not given.enabled:
            return None
        token = given.token.get_secret_value() if given.token else secrets.token_urlsafe(24)
        return Bench(token, open_here=given.open_here)

    def _checks(self) -> dict[str, Check]:
        checks: dict[str, Check] = {"journal": lambda: (self.journal.writable(), {})}
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
        publications = [_publication(settings, name, problems, opened_so_far) for name in settings.served]
        database = None
        try:
            database = Database(settings.database_url)
            opened_so_far.callback(database.close)
            database.prepare()
        except DatabaseError as error:
            problems.append(Problem("database" if settings.database else "data", "", error.message))
        if problems or database is None:
            raise ConfigError(problems)
        opened_so_far.pop_all()
        return Application(settings, publications, database)


def _publication(settings: Settings, name: str, problems: list[Problem], opened_so_far: ExitStack) -> Publication:
    table, place = settings.served[name], opening.place_of(settings, name)
    return Publication(
        name,
        opening.users(table, place, problems),
        tuple(opening.persons(name, table, place, problems)),
        opening.directories(settings, name, problems, opened_so_far.callback),
        opening.call_back(table, place, problems),
    )
