"""The composition root: it opens the parts that the settings describe, connects them, and closes them.

Rule: parts are connected only in this package, which does not depend on how they work.
"""

import secrets
from collections.abc import Iterable, Mapping, MutableMapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from vats1c.accounts.people import People, login_checker
from vats1c.accounts.sessions import Sessions
from vats1c.accounts.subscribers import SubscriberStore
from vats1c.app import load_parts
from vats1c.app.publications import DynamicPublications, Publication, PublicationFactory, addresses, phone_format
from vats1c.app.router import Router
from vats1c.config import UPSTREAM, ConfigError, Problem, Settings
from vats1c.database import Database, DatabaseError
from vats1c.directory import Directory
from vats1c.directory.editing import Editable
from vats1c.directory.resilience import GuardedDirectory
from vats1c.http import Handler
from vats1c.journal import Journal, Retention
from vats1c.metrics import Metrics
from vats1c.phone_format import PhoneFormat
from vats1c.push.windows import WindowRegistry
from vats1c.soap.nowhere import NoEndpoint
from vats1c.staging.api import rules as staging_rules
from vats1c.staging.publications import Publications
from vats1c.staging.test_call import send_test_request
from vats1c.web import Check, PublicationView, Site, TesterAccess, WebContext
from vats1c.worker_pool import WorkerPool

if TYPE_CHECKING:
    from vats1c.staging.fault_injection import FaultInjector
    from vats1c.upstream import Upstream


# Pages are less urgent than calls, so a long queue is acceptable.
_MAX_QUEUED_PAGES = 1_024


class Application:
    """The service: all its parts, and the router that finds the handler of each request."""

    def __init__(self, settings: Settings, publications: Iterable[Publication], database: Database) -> None:
        self.settings = settings
        self.publications = tuple(publications)
        self._metrics = Metrics()
        kept = settings.journal
        limits = Retention(kept.days, kept.exchanges, kept.bytes)
        dropped = {what: self._metrics.dropped.labels(what) for what in ("raw", "exchange")}
        self.journal = Journal(database, limits, lambda what, count: dropped[what].inc(count))
        self.tester_access = _tester_access(settings)
        pages = WorkerPool("page", settings.limits.connections, _MAX_QUEUED_PAGES)
        self.windows = WindowRegistry(settings.limits.windows, pages.submit)
        self._metrics.windows.set_function(lambda: len(self.windows))
        self.journal.watch(self.windows.notify, lambda: len(self.windows) > 0)
        self.journal.start_retention()
        self.people = self._people(database)
        self._fault_injector = _fault_injector(settings, self.journal) if settings.staging.enabled else None
        self._publication_factory = publisher = PublicationFactory(
            settings, self._metrics, self.journal, self.windows, self._fault_injector
        )
        published = [publisher.create(one, settings.served[one.name]) for one in self.publications]
        self.chains = {one.name: one.chain for one in published}
        self.call_services = {one.name: one.call_service for one in published}
        self._handlers: dict[str, Handler] = {path: one.endpoint for one in published for path in addresses(one.name)}
        views = {one.name: self._view(one) for one in self.publications}
        context = self._web_context(database, views)
        self.dynamic_publications = self._create_dynamic_publications(views)
        plans = self._fault_injector.plans if self._fault_injector else None
        site = Site(
            (one.name for one in self.publications),
            self._checks(),
            ("journal",),
            self._metrics,
            context,
            pool=pages,
            more_rules=staging_rules(context, self._send_test_request, self.dynamic_publications, plans),
        )
        nowhere = NoEndpoint(self._metrics, settings.fault_language, self.journal.enqueue)
        self.router = Router(
            self._handlers,
            site,
            nowhere,
            overload=publisher.overload,
            proxies=settings.proxies,
            begin_shutdown=self.begin_shutdown,
        )

    def close(self) -> None:
        """Close everything that `build` opened. Acknowledged calls are already on disk."""
        if self.dynamic_publications is not None:
            self.dynamic_publications.close()
        for one in self.publications:
            if one.upstream:
                one.upstream.close()
        for chain in self.chains.values():
            chain.close()
        self.journal.close()

    def begin_shutdown(self) -> None:
        """End the open windows, waiting requests and injected delays, because the service is about to stop."""
        if self._fault_injector is not None:
            self._fault_injector.close()
        self.windows.close_all()
        self.journal.changes.close()

    def phone_format(self, publication: str) -> PhoneFormat:
        """Return the format of callers on the phones of `publication`."""
        return phone_format(self.settings.served[publication])

    def _people(self, database: Database) -> People:
        persons = [pair for one in self.publications for pair in one.page_users]
        logins = login_checker(self._metrics, self.settings.limits.failed_logins)
        return People(persons, load_parts.subscribers(self.settings), SubscriberStore(database), logins)

    def _view(self, publication: Publication) -> PublicationView:
        card = self.settings.served[publication.name].card
        editable = next((each for each in publication.directories if isinstance(each, Editable)), None)
        described = publication.upstream.describe if publication.upstream else None
        return PublicationView(self.settings.plan, editable, card.edit, card.crm, publication.click_to_call, described)

    def _web_context(self, database: Database, views: Mapping[str, PublicationView]) -> WebContext:
        hours = max(one.card.session for one in self.settings.served.values())
        secure = (self.settings.public_url or "").startswith("https:")
        self.sessions = Sessions(database, self.people, hours)
        return WebContext(self.journal, self.people, self.sessions, self.windows, views, secure, self.tester_access)

    def _send_test_request(self, publication: str, body: bytes) -> int:
        path = next(iter(addresses(publication)))
        return send_test_request(self._handlers[path], path, body)

    def _create_dynamic_publications(self, views: MutableMapping[str, PublicationView]) -> Publications | None:
        settings = self.settings
        if not settings.staging.enabled:
            return None
        host = DynamicPublications(self._publication_factory, self._handlers, views, self.people, settings)
        return Publications(settings.staging, settings.plan, settings.served, host, self.journal)

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


def _tester_access(settings: Settings) -> TesterAccess | None:
    staging = settings.staging
    if not staging.enabled:
        return None
    token = staging.token.get_secret_value() if staging.token else secrets.token_urlsafe(24)
    return TesterAccess(token, open_here=staging.open_here)


def _fault_injector(settings: Settings, journal: Journal) -> "FaultInjector":
    from vats1c.staging.fault_injection import FaultInjector  # noqa: PLC0415 - imported only if staging is on

    return FaultInjector(journal.enqueue, settings.plan)


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
