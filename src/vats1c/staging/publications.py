"""Dynamic publications, created on request with their own callers and users, so that tests do not affect each other.

Rule: their number is limited, and each is removed with its rows in the journal when it has not been used for a while.
"""

import re
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import structlog
from pydantic import Field, SecretStr, ValidationError

from vats1c.config import PublicationTable, StagingTable, SubscriberTable, UserTable
from vats1c.database import DatabaseError
from vats1c.directory.kinds.memory import MemoryDirectory
from vats1c.number import NumberPlan
from vats1c.staging.schema import StagingError, StrictModel, unusable

log = structlog.get_logger("vats1c.staging")

PREFIX = "t-"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,60}")
_MAX_CALLERS = 10_000
_MAX_USERS = 100


class UserSpec(StrictModel):
    """A SOAP user. The password is given directly: unlike the settings, a request cannot name a file that holds it."""

    name: str = Field(min_length=1, max_length=64)
    password: SecretStr = Field(min_length=1, max_length=200)


# The login in the vendor's example.
_DEFAULT_USER = UserSpec(name="SOAP", password=SecretStr("123"))


class SubscriberSpec(StrictModel):
    """An employee whose phone rings, and who signs in to the card page with `login` and `password`."""

    key: str = Field(min_length=1, max_length=128)
    name: str = Field(min_length=1, max_length=200)
    extension: str = Field(default="", max_length=16)
    login: str = Field(default="", max_length=64)
    password: SecretStr | None = Field(default=None, min_length=1, max_length=200)


class PublicationSpec(StrictModel):
    """The specification of a new publication; without `name` it gets a random one."""

    name: str | None = None
    callers: list[dict[str, Any]] = Field(default=[])
    users: list[UserSpec] = Field(default=[_DEFAULT_USER], min_length=1, max_length=_MAX_USERS)
    subscribers: list[SubscriberSpec] = Field(default=[], max_length=_MAX_USERS)

    @classmethod
    def of(cls, data: dict[str, Any]) -> tuple["PublicationSpec", PublicationTable]:
        """Return the specification in the JSON `data`, and its settings. Raises StagingError for invalid data."""
        try:
            spec = cls.model_validate(data)
            users = tuple(UserTable(name=user.name, password=user.password) for user in spec.users)
            subscribers = tuple(SubscriberTable(**dict(subscriber)) for subscriber in spec.subscribers)
            return spec, PublicationTable(users=users, subscribers=subscribers)
        except ValidationError as error:
            raise unusable(error) from None


class PublicationHost(Protocol):
    """The part of the service that routes requests to publications."""

    def add(self, name: str, own: PublicationTable, callers: MemoryDirectory, touch: Callable[[], None]) -> None:
        """Route requests to the publication `name` with the settings `own`; call `touch` at each request.

        Raises StagingError.
        """

    def remove(self, name: str) -> None:
        """Stop routing requests to the publication."""


class ExchangeRecord(Protocol):
    """The journal of exchanges."""

    def last_exchange(self) -> int:
        """Return the greatest id of an exchange, the cursor for later ones."""

    def forget(self, publication: str, since: datetime) -> int:
        """Remove a publication's rows that are not older than `since`, and return how many."""


@dataclass(slots=True)
class DynamicPublication:
    """A publication created on request.

    `own` are its settings. `cursor` is the id of the last exchange before its creation, and `since` a time before its
    first row in the journal. `used` is the monotonic time of its last use in seconds.
    """

    name: str
    own: PublicationTable
    callers: MemoryDirectory
    cursor: int
    since: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(minutes=1))
    used: float = field(default_factory=time.monotonic)

    def touch(self) -> None:
        """Record the present time as the time of the last use."""
        self.used = time.monotonic()


class Publications:
    """The dynamic publications of one process. Thread-safe."""

    def __init__(
        self,
        settings: StagingTable,
        plan: NumberPlan,
        taken: Iterable[str],
        host: PublicationHost,
        record: ExchangeRecord,
    ) -> None:
        """Use the bench's `settings`; the names in `taken` belong to the publications of the settings file."""
        self._max_publications = settings.publications
        self._lifetime_s = settings.lives
        self._plan = plan
        self._taken = frozenset(taken)
        self._host = host
        self._record = record
        self._lock = threading.Lock()
        self._by_name: dict[str, DynamicPublication] = {}
        self._closed = threading.Event()
        self._expiry_thread: threading.Thread | None = None

    def __contains__(self, name: object) -> bool:
        """Whether there is a dynamic publication of that name."""
        return name in self._by_name

    def make(self, data: dict[str, Any]) -> DynamicPublication:
        """Create a publication and return it; `data` has the fields of PublicationSpec.

        Raises StagingError, and DirectoryError for unusable callers.
        """
        spec, own = PublicationSpec.of(data)
        if spec.name is not None and not _NAME.fullmatch(spec.name):
            raise StagingError(
                "name",
                "name: латинские буквы, цифры, дефис, до 61 знака",
                "name: latin letters, digits, hyphen, up to 61 letters",
            )
        name = PREFIX + (spec.name or secrets.token_hex(6))
        callers = MemoryDirectory("callers", {"callers": spec.callers}, self._plan)
        publication = DynamicPublication(name, own, callers, self._record.last_exchange())
        with self._lock:
            if name in self._by_name or name in self._taken:
                raise StagingError("taken", f"публикация {name} уже есть", f"there is a publication {name} already")
            limit = self._max_publications
            if len(self._by_name) >= limit:
                raise StagingError(
                    "full",
                    f"публикаций уже {limit}, больше не бывает (staging.publications)",
                    f"there are {limit} publications already, the most there may be (staging.publications)",
                )
            self._host.add(name, own, callers, publication.touch)
            self._by_name[name] = publication
            if self._expiry_thread is None:
                self._expiry_thread = threading.Thread(target=self._run_expiry, name="publications", daemon=True)
                self._expiry_thread.start()
        return publication

    def get(self, name: str) -> DynamicPublication:
        """Return the publication of that name; this counts as a use. Raises StagingError if there is none."""
        publication = self._by_name.get(name)
        if publication is None:
            raise StagingError("publication", "нет такой публикации", "there is no such publication")
        publication.touch()
        return publication

    def touch(self, name: str) -> None:
        """Record a use of the publication of that name; do nothing if there is none."""
        publication = self._by_name.get(name)
        if publication is not None:
            publication.touch()

    def put(self, name: str, callers: Any, *, replace: bool) -> DynamicPublication:
        """Add `callers` (JSON) to those of a publication, or `replace` all of them. Raises as `make` and `get`."""
        publication = self.get(name)
        count = len(callers) if isinstance(callers, list) else 0
        if count + (0 if replace else len(publication.callers.rows())) > _MAX_CALLERS:
            raise StagingError("callers", f"не больше {_MAX_CALLERS}", f"at most {_MAX_CALLERS}")
        (publication.callers.replace if replace else publication.callers.put)(callers)
        return publication

    def remove(self, name: str) -> None:
        """Remove a publication and its rows in the journal. Raises StagingError, DatabaseError."""
        with self._lock:
            publication = self._by_name.pop(name, None)
            if publication is not None:
                self._host.remove(name)
        if publication is None:
            raise StagingError("publication", "нет такой публикации", "there is no such publication")
        self._record.forget(name, publication.since)

    def expires(self, publication: DynamicPublication) -> datetime:
        """Return the time (UTC) at which `publication` is removed if it is not used before."""
        return datetime.now(UTC) + timedelta(seconds=publication.used + self._lifetime_s - time.monotonic())

    def close(self) -> None:
        """Stop the thread that removes expired publications."""
        self._closed.set()

    def _run_expiry(self) -> None:
        while not self._closed.wait(min(max(self._lifetime_s / 4, 0.25), 15)):
            for publication in list(self._by_name.values()):
                if time.monotonic() - publication.used >= self._lifetime_s:
                    try:
                        self.remove(publication.name)
                    except StagingError:
                        continue
                    except DatabaseError as error:
                        log.warning("publication_not_forgotten", reason=str(error))
