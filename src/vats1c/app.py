"""The composition root: settings in, one WSGI application out; opens the parts, joins them, closes them.

Rule: parts are joined here and nowhere else; nothing here knows how any of them works.
"""

import secrets
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.middleware.proxy_fix import ProxyFix

from vats1c import opening
from vats1c.config import UPSTREAM, ConfigError, Problem, Settings
from vats1c.database import Database, DatabaseError
from vats1c.directory import Directory
from vats1c.directory.editing import Editable
from vats1c.directory.guard import Guard
from vats1c.display import Display
from vats1c.journal import Journal, Limits
from vats1c.metrics import Metrics
from vats1c.model import Exchange
from vats1c.people import People, Sessions, SubscriberStore, logins_with
from vats1c.proxies import set_sender
from vats1c.publishing import Publication, Publisher, Stage, addresses, display
from vats1c.screens import Screens
from vats1c.soap.endpoint import Allowance, Endpoint, variables_of_stranger
from vats1c.soap.overload import Overloaded
from vats1c.soap.refusal import Headers, answer_fault, late, nowhere, spelled
from vats1c.soap.rehearsal import rehearse
from vats1c.soap.sent import read as read_again
from vats1c.staging.publications import Publications
from vats1c.web import Bench, Check, Office, Parts, Site

if TYPE_CHECKING:
    from vats1c.staging.plans import FaultPlans
    from vats1c.upstream import Upstream


class Application:
    """The service as a WSGI application, with the parts it was built of."""

    def __init__(self, settings: Settings, publications: Iterable[Publication], database: Database) -> None:
        self.settings = settings
        self.publications = tuple(publications)
        self._metrics = Metrics()
        kept = settings.journal
        limits = Limits(kept.days, kept.exchanges, kept.bytes)
        dropped = {what: self._metrics.dropped.labels(what) for what in ("raw", "exchange")}
        self.journal = Journal(database, limits, lambda what, count: dropped[what].inc(count))
        self.bench = self._bench()
        self.screens = Screens(settings.limits.windows)
        self._metrics.windows.set_function(lambda: len(self.screens))
        self.journal.watch(self.screens.pop, lambda: len(self.screens) > 0)
        self.journal.keep_within_limits()
        self.people = self._people(database)
        self._faults = _fault_plans(settings) if settings.staging.enabled else None
        self._publisher = publisher = Publisher(settings, self._metrics, self.journal, self.screens, self._faults)
        published = [publisher.publish(one, settings.served[one.name]) for one in self.publications]
        self.chains = {one.name: one.chain for one in published}
        self.desks = {one.name: one.desk for one in published}
        self._endpoints: dict[str, WSGIApplication] = {
            path: one.endpoint for one in published for path in addresses(one.name)
        }
        self._site = Site(
            (one.name for one in self.publications), self._checks(), ("journal",), self._metrics, self._parts(database)
        )
        self._strangers = Allowance()
        self._queues = {path: one for path, one in self._endpoints.items() if isinstance(one, Endpoint)}
        self._overloaded = Overloaded(self._metrics, settings.fault_language)
        route: WSGIApplication = self._route
        hops = settings.proxies
        # The address is not taken from ProxyFix: it leaves the port with it, and sees no request that `take` takes.
        self._proxied = ProxyFix(route, x_for=0, x_proto=hops, x_host=hops)
        self._entry = self._behind_proxies if hops else route

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        return self._entry(environ, start_response)

    def late(self, environ: WSGIEnvironment) -> tuple[int, Headers, bytes]:
        """Return the answer to a request whose body did not arrive in time: status, headers, body."""
        return spelled(late(), environ, self.settings.fault_language)

    def queues(self, environ: WSGIEnvironment) -> bool:
        """Tell whether a request waits in line with others: an exchange of a known sender, not of the staging bench."""
        endpoint = self._queues.get(environ["PATH_INFO"])
        return endpoint is not None and endpoint.queues(environ)

    def at_once(self, environ: WSGIEnvironment, body: bytes) -> bool:
        """Tell whether such a request, with this body, is answered without waiting for anything."""
        return self._queues[environ["PATH_INFO"]].at_once(body)

    def take(self, environ: WSGIEnvironment, body: bytes, send: Callable[[int, Headers, bytes], None]) -> bool:
        """Take such a request, which is answered later through `send`, by another thread; tell whether it was taken."""
        if self.settings.proxies:
            set_sender(environ, self.settings.proxies)
        return self._queues[environ["PATH_INFO"]].take(environ, body, send)

    def overloaded(self, environ: WSGIEnvironment) -> tuple[int, Headers, bytes]:
        """Return the answer to a request that may not even wait: status, headers, body."""
        return self._overloaded(environ)

    def close(self) -> None:
        """Close what was opened; the last journal entry is already on disk."""
        if self.on_request is not None:
            self.on_request.close()
        for one in self.publications:
            if one.upstream:
                one.upstream.close()
        for chain in self.chains.values():
            chain.close()
        self.journal.close()

    def stopping(self) -> None:
        """Have the open windows close: the service is about to end."""
        self._publisher.stopping()
        self.screens.close_all()
        self.journal.bell.close()

    def _behind_proxies(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        set_sender(environ, self.settings.proxies)
        return self._proxied(environ, start_response)

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
            # The body is not read: it may be anybody's, and of any length.
            exchange.raw = variables_of_stranger(environ), b"", answered[0]
            self.journal.note(exchange)
        return answered

    def display(self, publication: str) -> Display:
        """Return how callers are shown at `publication`."""
        return display(self.settings.served[publication])

    def _people(self, database: Database) -> People:
        persons = [pair for one in self.publications for pair in one.persons]
        logins = logins_with(self._metrics, self.settings.limits.failed_logins)
        return People(persons, opening.subscribers(self.settings), SubscriberStore(database), logins)

    def _parts(self, database: Database) -> Parts:
        offices: dict[str, Office] = {}
        for one in self.publications:
            card = self.settings.served[one.name].card
            editable = next((each for each in one.directories if isinstance(each, Editable)), None)
            described = one.upstream.described if one.upstream else None
            offices[one.name] = Office(self.settings.plan, editable, card.edit, card.crm, one.call_back, described)
        hours = max(one.card.session for one in self.settings.served.values())
        secure = (self.settings.public_url or "").startswith("https:")
        self.sessions = Sessions(database, self.people, hours)
        self.on_request = self._on_request(offices)
        return Parts(
            self.journal,
            self.people,
            self.sessions,
            self.screens,
            offices,
            secure,
            self.bench,
            self.on_request,
            self._faults,
            read_again,
            self._rehearse,
        )

    def _rehearse(self, publication: str, body: bytes) -> int:
        path = next(iter(addresses(publication)))
        return rehearse(self._endpoints[path], path, body)

    def _on_request(self, offices: dict[str, Office]) -> Publications | None:
        if self.bench is None:
            return None
        settings = self.settings
        stage = Stage(self._publisher, self._endpoints, offices, self.people, settings)
        return Publications(settings.staging, settings.plan, settings.served, stage, self.journal)

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
            if one.upstream and one.upstream.compares:
                checks[f"{UPSTREAM} {one.name}"] = _check(one.upstream)
        return checks


def _fault_plans(settings: Settings) -> "FaultPlans":
    from vats1c.staging.plans import FaultPlans  # noqa: PLC0415 - in no process where nothing goes wrong on purpose

    return FaultPlans(settings.plan)


def _check(one: "Directory | Guard | Upstream") -> Check:
    def check() -> tuple[bool, dict[str, Any]]:
        state = one.state()
        return state.ready, {"callers": state.callers}

    return check


def build(settings: Settings) -> Application:
    """Return the application that `settings` describe. Raises ConfigError with every problem found."""
    problems = opening.what_does_not_go_together(settings)
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
        opening.upstream(settings, name, problems, opened_so_far.callback),
    )
