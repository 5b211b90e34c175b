"""Create publications: each a chain of directories, a call service and an endpoint.

Rule: a publication made on request has the same parts as a publication of the settings.
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
# A thread may be occupied by the verification of a password, or by the delay of a wrong login.
_MAX_SIGN_IN_THREADS = 32


@dataclass(frozen=True)
class Publication:
    """The parts of a publication, opened as its settings describe them."""

    name: str
    users: tuple[User, ...]
    page_users: tuple[tuple[PageUser, User], ...]
    directories: tuple[Directory, ...]
    click_to_call: Callable[[str, str], None] | None = None
    upstream: "Upstream | None" = None


@dataclass(frozen=True, slots=True)
class RunningPublication:
    """A publication whose parts are connected, ready for requests."""

    name: str
    chain: Chain
    call_service: CallService
    endpoint: Handler


class PublicationFactory:
    """Creates publications that share the global settings and the worker pools."""

    def __init__(
        self,
        settings: Settings,
        metrics: Metrics,
        journal: Journal,
        windows: WindowRegistry,
        fault_injector: "FaultInjector | None" = None,
    ) -> None:
        """Prepare the shared parts; `fault_injector` injects faults into the publications, None if staging is off."""
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
        """Remove the fault plans of a publication that was removed."""
        if self._fault_injector is not None:
            self._fault_injector.plans.forget(name)

    def _chain(self, publication: Publication, own: PublicationTable, counted_as: str) -> Chain:
        say_name = own.say_name
        leading = publication.upstream.leading_directories if publication.upstream else ()
        patience = [
            SourcePolicy(
                table.deadline or say_name.deadline, say_name.remember, say_name.remember_unknown, say_name.stale
            )
            for table in (*([own.upstream] if leading else ()), *own.directories)
        ]
        return Chain(counted_as, (*leading, *publication.directories), self._metrics, say_name.deadline, patience)

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
            # An injected fault may be a delay, so no operation is nonblocking.
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
    """Adds publications to the running service, and removes them."""

    def __init__(
        self,
        publisher: PublicationFactory,
        endpoints: MutableMapping[str, Handler],
        views: MutableMapping[str, PublicationView],
        people: People,
        settings: Settings,
    ) -> None:
        """Manage publications in `endpoints` (by path), `views` (by name) and `people`; `publisher` creates them."""
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
        # The server passes an admitted request directly to the inner handler, so this method gets test calls only.
        self._touch()
        return self._handler.handle(request)


def _nonblocking(publication: Publication, chain: Chain) -> Collection[str]:
    """Return the operations that are answered without waiting for a directory."""
    if publication.upstream is not None:
        # A SayName may have to wait for the real 1C. An IncomingCall does not: it is only queued for forwarding.
        return ("IncomingCall",) if chain.has_cached_answers else ()
    return (
        *(("SayName",) if chain.nonblocking else ()),
        *(("IncomingCall",) if chain.has_cached_answers else ()),
    )


def phone_format(own: PublicationTable) -> PhoneFormat:
    """Return the format of callers on the phone, by a publication's settings."""
    say_name = own.say_name
    return PhoneFormat(say_name.format, say_name.prefix, say_name.length, say_name.transliterate)


def addresses(name: str) -> Iterable[str]:
    """Return the two paths of a publication's web service, because 1C serves both."""
    return f"/{name}/ws/VATS", f"/{name}/ws/VATS.1cws"
