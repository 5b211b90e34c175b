"""Create publications: each a chain of directories, a call service and an endpoint.

Rule: a publication made on request has the same parts as one of the settings.
"""

from collections.abc import Callable, Collection, Iterable, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vats1c import soap
from vats1c.accounts.basic import Logins, User
from vats1c.accounts.people import LoginTakenError, PageUser, People
from vats1c.app import load_parts
from vats1c.calls.service import CallerLookup, CallRecorder, CallService
from vats1c.config import Problem, PublicationTable, Settings
from vats1c.directory import Directory
from vats1c.directory.chain import Chain
from vats1c.directory.resilience import SourcePolicy
from vats1c.http import Admission, Answer, Handler, Request
from vats1c.journal import Journal
from vats1c.metrics import Metrics
from vats1c.model import Subscriber
from vats1c.phone_format import PhoneFormat
from vats1c.push.windows import WindowRegistry
from vats1c.staging.schema import StagingError
from vats1c.web import PublicationView
from vats1c.worker_pool import WorkerPool

if TYPE_CHECKING:
    from vats1c.staging.fault_injection import FaultInjector
    from vats1c.upstream import Upstream

# The metrics of all publications made on request share one label: their number is unbounded.
_DYNAMIC_LABEL = "on-request"
# Verifying a password takes a processor, and slowing a wrong login down takes a thread.
_MAX_SIGN_IN_THREADS = 32


@dataclass(frozen=True)
class Publication:
    """A publication's own parts, as the settings name them."""

    name: str
    users: tuple[User, ...]
    page_users: tuple[tuple[PageUser, User], ...]
    directories: tuple[Directory, ...]
    click_to_call: Callable[[str, str], None] | None = None
    upstream: "Upstream | None" = None


@dataclass(frozen=True, slots=True)
class RunningPublication:
    """A publication with its parts joined, ready for requests."""

    name: str
    chain: Chain
    call_service: CallService
    endpoint: Handler


class PublicationFactory:
    """Creates publications by the settings that all of them share."""

    def __init__(
        self,
        settings: Settings,
        metrics: Metrics,
        journal: Journal,
        windows: WindowRegistry,
        fault_injector: "FaultInjector | None" = None,
    ) -> None:
        """Create publications that share these parts; with `fault_injector`, requests can fail on purpose."""
        self._settings = settings
        self._metrics = metrics
        self._journal = journal
        self._windows = windows
        self._service: soap.SoapService | None = None
        limits = settings.limits
        self._call_pool = WorkerPool("call", limits.connections, limits.waiting)
        self._sign_in_pool = WorkerPool("sign-in", _MAX_SIGN_IN_THREADS, limits.connections)
        self.overload = soap.OverloadResponses(metrics, settings.fault_language)
        self._fault_injector = fault_injector

    def create(self, publication: Publication, own: PublicationTable, counted_as: str = "") -> RunningPublication:
        """Return `publication` with its settings `own`, ready for requests; its metrics are labelled `counted_as`."""
        chain = self._chain(publication, own, counted_as or publication.name)
        directories: CallerLookup = chain
        record: CallRecorder = self._journal
        if publication.upstream:
            shown, deadline = phone_format(own).render, own.say_name.deadline
            digits = self._settings.internal_digits
            directories = publication.upstream.wrap_directories(chain, shown, deadline, digits, self._metrics)
            record = publication.upstream.wrap_recorder(record, self._metrics)
        call_service = CallService(
            publication.name, directories, record, self._settings.plan, notify=self._windows.notify
        )
        nonblocking = _nonblocking(publication, chain)
        endpoint: Handler = self._endpoint(publication, own, call_service, counted_as, nonblocking)
        if self._fault_injector is not None:
            endpoint = self._fault_injector.endpoint(endpoint, publication.name, self._call_pool)
        return RunningPublication(publication.name, chain, call_service, endpoint)

    def forget(self, name: str) -> None:
        """Drop what is stored for a publication that was removed."""
        if self._fault_injector is not None:
            self._fault_injector.plans.forget(name)

    def _chain(self, publication: Publication, own: PublicationTable, counted_as: str) -> Chain:
        given = own.say_name
        first = publication.upstream.leading_directories if publication.upstream else ()
        patience = [
            SourcePolicy(table.deadline or given.deadline, given.remember, given.remember_unknown, given.stale)
            for table in (*([own.upstream] if first else ()), *own.directories)
        ]
        return Chain(counted_as, (*first, *publication.directories), self._metrics, given.deadline, patience)

    def _service_of(self, call_service: CallService, own: PublicationTable) -> soap.SoapService:
        if self._service is None:
            self._service = soap.SoapService(call_service, phone_format(own))
            return self._service
        return self._service.for_publication(call_service, phone_format(own))

    def _endpoint(
        self,
        publication: Publication,
        own: PublicationTable,
        call_service: CallService,
        counted_as: str,
        nonblocking: Collection[str],
    ) -> soap.Endpoint:
        settings = self._settings
        own_service = self._service_of(call_service, own)
        service: soap.Service = own_service
        if self._fault_injector is not None:
            # A request that goes wrong on purpose may wait.
            service, nonblocking = self._fault_injector.service(own_service, publication.name), ()
        return soap.Endpoint(
            publication.name,
            service,
            soap.Wsdl(
                f"/{publication.name}/ws/VATS",
                own.say_name.parameter,
                settings.public_url,
                settings.trusted_hosts,
                settings.shown_address,
            ),
            Logins(publication.users, self._metrics, settings.limits.failed_logins),
            self._metrics,
            call_pool=self._call_pool,
            sign_in_pool=self._sign_in_pool,
            overload=self.overload,
            max_body_bytes=settings.limits.body,
            language=settings.fault_language,
            wsdl_open=settings.wsdl_open,
            record=self._journal.enqueue,
            keep_bytes=settings.journal.raw,
            counted_as=counted_as,
            nonblocking=nonblocking,
        )


class DynamicPublications:
    """Publishes and unpublishes while the service runs."""

    def __init__(
        self,
        publisher: PublicationFactory,
        endpoints: MutableMapping[str, Handler],
        views: MutableMapping[str, PublicationView],
        people: People,
        settings: Settings,
    ) -> None:
        """`endpoints` are the service's handlers by path, `views` its publications' views by name; both change."""
        self._publisher = publisher
        self._endpoints = endpoints
        self._views = views
        self._people = people
        self._plan = settings.plan

    def add(self, name: str, own: PublicationTable, callers: Directory, touch: Callable[[], None]) -> None:
        """Publish `name`; `touch` is called for each request. Raises StagingError."""
        problems: list[Problem] = []
        users, persons = load_parts.users(own, "", problems), load_parts.page_users(name, own, "", problems)
        if own.subscribers:
            try:
                self._people.add_publication(
                    name, persons, [Subscriber(s.key, s.name, s.extension) for s in own.subscribers]
                )
            except LoginTakenError:
                raise StagingError("login", "такой login уже есть", "there is such a login already") from None
        publication = Publication(name, users, tuple(persons), (callers,))
        endpoint = _ActivityTracking(self._publisher.create(publication, own, _DYNAMIC_LABEL).endpoint, touch)
        self._views[name] = PublicationView(self._plan, touch=touch)
        for path in addresses(name):
            self._endpoints[path] = endpoint

    def remove(self, name: str) -> None:
        """Unpublish `name`."""
        for path in addresses(name):
            self._endpoints.pop(path, None)
        self._publisher.forget(name)
        self._people.remove_publication(name)
        self._views.pop(name, None)


class _ActivityTracking:
    """A handler that calls `touch` for each request."""

    def __init__(self, handler: Handler, touch: Callable[[], None]) -> None:
        self._handler = handler
        self._touch = touch

    def admit(self, request: Request) -> Admission:
        self._touch()
        return self._handler.admit(request)

    def handle(self, request: Request) -> Answer:
        # Of an admitted request the handler itself is asked: only a test call, which needs no admission, comes here.
        self._touch()
        return self._handler.handle(request)


def _nonblocking(publication: Publication, chain: Chain) -> Collection[str]:
    """Return the operations that are answered without waiting for a directory."""
    if publication.upstream is not None:
        # The shadow of a SayName, like a forwarded call, only queues; its directories may wait as without it.
        return ("IncomingCall",) if chain.has_cached_answers else ()
    return (
        *(("SayName",) if chain.nonblocking else ()),
        *(("IncomingCall",) if chain.has_cached_answers else ()),
    )


def phone_format(own: PublicationTable) -> PhoneFormat:
    """Return the format of callers on the phone, by a publication's settings."""
    given = own.say_name
    return PhoneFormat(given.format, given.prefix, given.length, given.transliterate)


def addresses(name: str) -> Iterable[str]:
    """Return the two paths of a publication's web service; 1C serves both alike."""
    return f"/{name}/ws/VATS", f"/{name}/ws/VATS.1cws"
