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

from vats1c.accounts.people import People, login_checker
from vats1c.accounts.sessions import Sessions
from vats1c.accounts.subscribers import SubscriberStore
from vats1c.app import load_parts
from vats1c.app.publications import DynamicPublications, Publication, PublicationFactory, addresses, phone_format
from vats1c.config import UPSTREAM, ConfigError, Problem, Settings
from vats1c.database import Database, DatabaseError
from vats1c.directory import Directory
from vats1c.directory.editing import Editable
from vats1c.directory.resilience import GuardedDirectory
from vats1c.journal import Journal, Retention
from vats1c.metrics import Metrics
from vats1c.model import Exchange
from vats1c.phone_format import PhoneFormat
from vats1c.proxies import set_sender
from vats1c.push.windows import WindowRegistry
from vats1c.soap.endpoint import Endpoint, RateLimiter, redacted_environ
from vats1c.soap.fault_responses import Headers, body_timeout, no_such_service, render, send_fault
from vats1c.soap.loopback import send_test_request
from vats1c.soap.overload import OverloadResponses
from vats1c.soap.reparse import read as read_again
from vats1c.staging.publications import Publications
from vats1c.web import Check, PublicationView, Site, TesterAccess, WebContext

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
        limits = Retention(kept.days, kept.exchanges, kept.bytes)
        dropped = {what: self._metrics.dropped.labels(what) for what in ("raw", "exchange")}
        self.journal = Journal(database, limits, lambda what, count: dropped[what].inc(count))
        self.bench = self._bench()
        self.screens = WindowRegistry(settings.limits.windows)
        self._metrics.windows.set_function(lambda: len(self.screens))
        self.journal.watch(self.screens.notify, lambda: len(self.screens) > 0)
        self.journal.start_retention()
        self.people = self._people(database)
        self._faults = _fault_plans(settings) if settings.staging.enabled else None
        self._publication_factory = publisher = PublicationFactory(
            settings, self._metrics, self.journal, self.screens, self._faults
        )
        published = [publisher.create(one, settings.served[one.name]) for one in self.publications]
        self.chains = {one.name: one.chain for one in published}
        self.desks = {one.name: one.desk for one in published}
        self._endpoints: dict[str, WSGIApplication] = {
            path: one.endpoint for one in published for path in addresses(one.name)
        }
        self._site = Site(
            (one.name for one in self.publications), self._checks(), ("journal",), self._metrics, self._parts(database)
        )
        self._strangers = RateLimiter()
        self._queues = {path: one for path, one in self._endpoints.items() if isinstance(one, Endpoint)}
        self._overload_responses = OverloadResponses(self._metrics, settings.fault_language)
        route: WSGIApplication = self._route
        hops = settings.proxies
        # The address is not taken from ProxyFix: it leaves the port with it, and sees no request that `take` takes.
        self._proxied = ProxyFix(route, x_for=0, x_proto=hops, x_host=hops)
        self._entry = self._behind_proxies if hops else route

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        return self._entry(environ, start_response)

    def timeout_response(self, environ: WSGIEnvironment) -> tuple[int, Headers, bytes]:
        """Return the answer to a request whose body did not arrive in time: status, headers, body."""
        return render(body_timeout(), environ, self.settings.fault_language)

    def may_queue(self, environ: WSGIEnvironment) -> bool:
        """Tell whether a request waits in line with others: an exchange of a known sender, not of the staging bench."""
        endpoint = self._queues.get(environ["PATH_INFO"])
        return endpoint is not None and endpoint.may_queue(environ)

    def is_nonblocking(self, environ: WSGIEnvironment, body: bytes) -> bool:
        """Tell whether such a request, with this body, is answered without waiting for anything."""
        return self._queues[environ["PATH_INFO"]].is_nonblocking(body)

    def submit(self, environ: WSGIEnvironment, body: bytes, send: Callable[[int, Headers, bytes], None]) -> bool:
        """Take such a request, which is answered later through `send`, by another thread; tell whether it was taken."""
        if self.settings.proxies:
            set_sender(environ, self.settings.proxies)
        return self._queues[environ["PATH_INFO"]].submit(environ, body, send)

    def overload_response(self, environ: WSGIEnvironment) -> tuple[int, Headers, bytes]:
        """Return the answer to a request that may not even wait: status, headers, body."""
        return self._overload_responses(environ)

    def close(self) -> None:
        """Close what was opened; the last journal entry is already on disk."""
        if self.dynamic_publications is not None:
            self.dynamic_publications.close()
        for one in self.publications:
            if one.upstream:
                one.upstream.close()
        for chain in self.chains.values():
            chain.close()
        self.journal.close()

    def begin_shutdown(self) -> None:
        """Have the open windows close: the service is about to end."""
        self._publication_factory.begin_shutdown()
        self.screens.close_all()
        self.journal.changes.close()

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
            return self._not_found(environ, start_response)
        return self._site(environ, start_response)

    def _not_found(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        fault = no_such_service()
        self._metrics.requests.labels("", "", fault.reason).inc()
        answered = send_fault(fault, environ, start_response, self.settings.fault_language)
        if self._strangers.allow():
            exchange = Exchange("", datetime.now(UTC), outcome=fault.reason, status=fault.status)
            exchange.address = environ.get("REMOTE_ADDR", "")
            # The body is not read: it may be anybody's, and of any length.
            exchange.raw = redacted_environ(environ), b"", answered[0]
            self.journal.enqueue(exchange)
        return answered

    def phone_format(self, publication: str) -> PhoneFormat:
        """Return how callers are shown at `publication`."""
        return phone_format(self.settings.served[publication])

    def _people(self, database: Database) -> People:
        persons = [pair for one in self.publications for pair in one.page_users]
        logins = login_checker(self._metrics, self.settings.limits.failed_logins)
        return People(persons, load_parts.subscribers(self.settings), SubscriberStore(database), logins)

    def _parts(self, database: Database) -> WebContext:
        offices: dict[str, PublicationView] = {}
        for one in self.publications:
            card = self.settings.served[one.name].card
            editable = next((each for each in one.directories if isinstance(each, Editable)), None)
            described = one.upstream.describe if one.upstream else None
            offices[one.name] = PublicationView(
                self.settings.plan, editable, card.edit, card.crm, one.click_to_call, described
            )
        hours = max(one.card.session for one in self.settings.served.values())
        secure = (self.settings.public_url or "").startswith("https:")
        self.sessions = Sessions(database, self.people, hours)
        self.dynamic_publications = self._create_dynamic_publications(offices)
        return WebContext(
            self.journal,
            self.people,
            self.sessions,
            self.screens,
            offices,
            secure,
            self.bench,
            self.dynamic_publications,
            self._faults,
            read_again,
            self._send_test_request,
        )

    def _send_test_request(self, publication: str, body: bytes) -> int:
        path = next(iter(addresses(publication)))
        return send_test_request(self._endpoints[path], path, body)

    def _create_dynamic_publications(self, offices: dict[str, PublicationView]) -> Publications | None:
        if self.bench is None:
            return None
        settings = self.settings
        stage = DynamicPublications(self._publication_factory, self._endpoints, offices, self.people, settings)
        return Publications(settings.staging, settings.plan, settings.served, stage, self.journal)

    def _bench(self) -> TesterAccess | None:
        given = self.settings.staging
        if not given.enabled:
            return None
        token = given.token.get_secret_value() if given.token else secrets.token_urlsafe(24)
        return TesterAccess(token, open_here=given.open_here)

    def _checks(self) -> dict[str, Check]:
        checks: dict[str, Check] = {"journal": lambda: (self.journal.writable(), {})}
        for one in self.publications:
            for each in self.chains[one.name].steps:
                checks[f"directory {one.name}/{each.name}"] = _check(each)
                state = each.state()
                self._metrics.callers.labels(f"{one.name}/{each.name}").set(state.callers or 0)
            if one.upstream and one.upstream.is_shadow:
                checks[f"{UPSTREAM} {one.name}"] = _check(one.upstream)
        return checks


def _fault_plans(settings: Settings) -> "FaultPlans":
    from vats1c.staging.plans import FaultPlans  # noqa: PLC0415 - in no process where nothing goes wrong on purpose

    return FaultPlans(settings.plan)


def _check(one: "Directory | GuardedDirectory | Upstream") -> Check:
    def check() -> tuple[bool, dict[str, Any]]:
        state = one.state()
        return state.ready, {"callers": state.callers}

    return check


def build(settings: Settings) -> Application:
    """Return the application that `settings` describe. Raises ConfigError with every problem found."""
    problems = load_parts.conflicting_settings(settings)
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
    table, place = settings.served[name], load_parts.settings_prefix(settings, name)
    return Publication(
        name,
        load_parts.users(table, place, problems),
        tuple(load_parts.page_users(name, table, place, problems)),
        load_parts.directories(settings, name, problems, opened_so_far.callback),
        load_parts.click_to_call(table, place, problems),
        load_parts.upstream(settings, name, problems, opened_so_far.callback),
    )
