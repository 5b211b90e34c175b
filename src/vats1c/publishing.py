"""Make what a publication answers by: its chain of directories, its desk, its endpoint.

Rule: one made on request is made of the same parts as one of the settings.
"""

from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from vats1c import opening, soap
from vats1c.auth import Logins, User
from vats1c.config import Problem, PublicationTable, Settings
from vats1c.desk import Desk, Directories, Record
from vats1c.directory import Directory
from vats1c.directory.chain import Chain
from vats1c.directory.guard import Patience
from vats1c.display import Display
from vats1c.journal import Journal
from vats1c.metrics import Metrics
from vats1c.model import Subscriber
from vats1c.people import LoginTakenError, People, Person
from vats1c.screens import Screens
from vats1c.staging.given import StagingError
from vats1c.web import Office

if TYPE_CHECKING:
    from vats1c.breaking import Breaker
    from vats1c.staging.plans import FaultPlans
    from vats1c.upstream import Upstream

# Figures of all publications made on request go under one name: nobody knows how many there will be.
_ON_REQUEST = "on-request"


@dataclass(frozen=True)
class Publication:
    """One endpoint's own parts."""

    name: str
    users: tuple[User, ...]
    persons: tuple[tuple[Person, User], ...]
    directories: tuple[Directory, ...]
    call_back: Callable[[str, str], None] | None = None
    upstream: "Upstream | None" = None


@dataclass(frozen=True, slots=True)
class Published:
    """A publication that can be asked."""

    name: str
    chain: Chain
    desk: Desk
    endpoint: WSGIApplication


class Publisher:
    """Publishes by the settings that all publications share."""

    def __init__(
        self,
        settings: Settings,
        metrics: Metrics,
        journal: Journal,
        screens: Screens,
        faults: "FaultPlans | None" = None,
    ) -> None:
        """Take what publications share; with `faults`, what is asked may go wrong on purpose."""
        self._settings = settings
        self._metrics = metrics
        self._journal = journal
        self._screens = screens
        self._service: soap.Service | None = None
        self._faults = faults
        self._breaker = _breaker(faults, journal, settings) if faults is not None else None

    def publish(self, publication: Publication, own: PublicationTable, counted_as: str = "") -> Published:
        """Return `publication` with `own` settings, ready to be asked; its figures go under `counted_as`."""
        chain = self._chain(publication, own, counted_as or publication.name)
        directories: Directories = chain
        record: Record = self._journal
        if publication.upstream:
            shown, deadline = display(own).text, own.say_name.deadline
            digits = self._settings.internal_digits
            directories = publication.upstream.over(chain, shown, deadline, digits, self._metrics)
            record = publication.upstream.passing_on(record, self._metrics)
        desk = Desk(publication.name, directories, record, self._settings.plan, show=self._screens.pop)
        in_memory = chain.in_memory and publication.upstream is None
        endpoint = self._endpoint(publication, own, desk, counted_as, in_memory=in_memory)
        if self._breaker is not None:
            endpoint = self._breaker.endpoint(endpoint, publication.name)
        return Published(publication.name, chain, desk, endpoint)

    def forget(self, name: str) -> None:
        """Let go of a publication that is no more."""
        if self._faults is not None:
            self._faults.forget(name)

    def stopping(self) -> None:
        """Let go the requests that are made to wait."""
        if self._breaker is not None:
            self._breaker.close()

    def _chain(self, publication: Publication, own: PublicationTable, counted_as: str) -> Chain:
        given = own.say_name
        first = publication.upstream.first if publication.upstream else ()
        patience = [
            Patience(table.deadline or given.deadline, given.remember, given.remember_unknown, given.stale)
            for table in (*([own.upstream] if first else ()), *own.directories)
        ]
        return Chain(counted_as, (*first, *publication.directories), self._metrics, given.deadline, patience)

    def _service_of(self, desk: Desk, own: PublicationTable) -> soap.Service:
        if self._service is None:
            self._service = soap.Service(desk, display(own))
            return self._service
        return self._service.beside(desk, display(own))

    def _endpoint(
        self, publication: Publication, own: PublicationTable, desk: Desk, counted_as: str, *, in_memory: bool
    ) -> WSGIApplication:
        settings, service = self._settings, self._service_of(desk, own)
        return soap.Endpoint(
            publication.name,
            self._breaker.service(service, publication.name) if self._breaker else service,
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
            record=self._journal.note,
            keep_bytes=settings.journal.raw,
            counted_as=counted_as,
            in_memory=in_memory,
        )


def _breaker(faults: "FaultPlans", journal: Journal, settings: Settings) -> "Breaker":
    from vats1c.breaking import Breaker  # noqa: PLC0415 - in no process where nothing goes wrong on purpose

    return Breaker(faults, journal.note, settings.plan)


class Stage:
    """Puts publications up while the service runs, and takes them down."""

    def __init__(
        self,
        publisher: Publisher,
        endpoints: MutableMapping[str, WSGIApplication],
        offices: MutableMapping[str, Office],
        people: People,
        settings: Settings,
    ) -> None:
        """Take where endpoints are found by path, and offices by name."""
        self._publisher = publisher
        self._endpoints = endpoints
        self._offices = offices
        self._people = people
        self._plan = settings.plan

    def put_up(self, name: str, own: PublicationTable, callers: Directory, touch: Callable[[], None]) -> None:
        """Publish `name`; `touch` is told of each request. Raises StagingError."""
        problems: list[Problem] = []
        users, persons = opening.users(own, "", problems), opening.persons(name, own, "", problems)
        if own.subscribers:
            try:
                self._people.take_on(name, persons, [Subscriber(s.key, s.name, s.extension) for s in own.subscribers])
            except LoginTakenError:
                raise StagingError("login", "такой login уже есть", "there is such a login already") from None
        publication = Publication(name, users, tuple(persons), (callers,))
        endpoint = _touching(self._publisher.publish(publication, own, _ON_REQUEST).endpoint, touch)
        self._offices[name] = Office(self._plan)
        for path in addresses(name):
            self._endpoints[path] = endpoint

    def take_down(self, name: str) -> None:
        """Have `name` asked no more."""
        for path in addresses(name):
            self._endpoints.pop(path, None)
        self._publisher.forget(name)
        self._people.let_go(name)
        self._offices.pop(name, None)


def _touching(endpoint: WSGIApplication, touch: Callable[[], None]) -> WSGIApplication:
    def touched(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        touch()
        return endpoint(environ, start_response)

    return touched


def display(own: PublicationTable) -> Display:
    """Return how callers are shown by a publication's settings."""
    given = own.say_name
    return Display(given.format, given.prefix, given.length, given.transliterate)


def addresses(name: str) -> Iterable[str]:
    """Return the paths at which a publication is asked; 1C takes the second for the same."""
    return f"/{name}/ws/VATS", f"/{name}/ws/VATS.1cws"
