"""Publications made on request, each with callers and users of its own: tests do not get in each other's way.

Rule: at most so many, and each is gone, its rows in the journal too, when nobody used it for a while.
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
    """A SOAP user; no file of the service can be named for the password."""

    name: str = Field(min_length=1, max_length=64)
    password: SecretStr = Field(min_length=1, max_length=200)


# The vendor's own example.
_USER = UserSpec(name="SOAP", password=SecretStr("123"))


class SubscriberSpec(StrictModel):
    """An employee whose phone rings; signs in to the card page with `login` and `password`."""

    key: str = Field(min_length=1, max_length=128)
    name: str = Field(min_length=1, max_length=200)
    extension: str = Field(default="", max_length=16)
    login: str = Field(default="", max_length=64)
    password: SecretStr | None = Field(default=None, min_length=1, max_length=200)


class PublicationSpec(StrictModel):
    """What a publication is to be made of."""

    name: str | None = None
    callers: list[dict[str, Any]] = Field(default=[])
    users: list[UserSpec] = Field(default=[_USER], min_length=1, max_length=_MAX_USERS)
    subscribers: list[SubscriberSpec] = Field(default=[], max_length=_MAX_USERS)

    @classmethod
    def of(cls, given: dict[str, Any]) -> tuple["PublicationSpec", PublicationTable]:
        """Return what was ordered, as settings too. Raises StagingError for what cannot be used."""
        try:
            order = cls.model_validate(given)
            users = tuple(UserTable(name=one.name, password=one.password) for one in order.users)
            subscribers = tuple(SubscriberTable(**dict(one)) for one in order.subscribers)
            return order, PublicationTable(users=users, subscribers=subscribers)
        except ValidationError as error:
            raise unusable(error) from None


class PublicationHost(Protocol):
    """Where publications are put up, so that they are asked, and taken down again."""

    def add(self, name: str, own: PublicationTable, callers: MemoryDirectory, touch: Callable[[], None]) -> None:
        """Publish; `touch` is told of each use. Raises StagingError."""

    def remove(self, name: str) -> None:
        """Have it asked no more."""


class ExchangeRecord(Protocol):
    """What is written of the exchanges."""

    def last_exchange(self) -> int:
        """Return the cursor after which others come."""

    def forget(self, publication: str, since: datetime) -> int:
        """Remove a publication's rows."""


@dataclass(slots=True)
class DynamicPublication:
    """A publication made on request; `cursor` is where its exchanges begin, `used` when it was used last."""

    name: str
    own: PublicationTable
    callers: MemoryDirectory
    cursor: int
    since: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(minutes=1))
    used: float = field(default_factory=time.monotonic)

    def touch(self) -> None:
        """Note that it is used."""
        self.used = time.monotonic()


class Publications:
    """Those of one process. Called by many threads at once."""

    def __init__(
        self,
        given: StagingTable,
        plan: NumberPlan,
        taken: Iterable[str],
        stage: PublicationHost,
        record: ExchangeRecord,
    ) -> None:
        """Take the bench's settings, and the names that are `taken` by the settings' own publications."""
        self._most = given.publications
        self._lives = given.lives
        self._plan = plan
        self._taken = frozenset(taken)
        self._stage = stage
        self._record = record
        self._lock = threading.Lock()
        self._made: dict[str, DynamicPublication] = {}
        self._closed = threading.Event()
        self._expiring: threading.Thread | None = None

    def __contains__(self, name: object) -> bool:
        """Whether there is one of that name."""
        return name in self._made

    def make(self, given: dict[str, Any]) -> DynamicPublication:
        """Return a new publication, made of `given` (see Order). Raises StagingError and DirectoryError."""
        order, own = PublicationSpec.of(given)
        if order.name is not None and not _NAME.fullmatch(order.name):
            raise StagingError(
                "name",
                "name: латинские буквы, цифры, дефис, до 61 знака",
                "name: latin letters, digits, hyphen, up to 61 letters",
            )
        name = PREFIX + (order.name or secrets.token_hex(6))
        callers = MemoryDirectory("callers", {"callers": order.callers}, self._plan)
        made = DynamicPublication(name, own, callers, self._record.last_exchange())
        with self._lock:
            if name in self._made or name in self._taken:
                raise StagingError("taken", f"публикация {name} уже есть", f"there is a publication {name} already")
            if len(self._made) >= self._most:
                raise StagingError(
                    "full",
                    f"публикаций уже {self._most}, больше не бывает (staging.publications)",
                    f"there are {self._most} publications already, the most there may be (staging.publications)",
                )
            self._stage.add(name, own, callers, made.touch)
            self._made[name] = made
            if self._expiring is None:
                self._expiring = threading.Thread(target=self._run_expiry, name="publications", daemon=True)
                self._expiring.start()
        return made

    def get(self, name: str) -> DynamicPublication:
        """Return the publication of that name, which counts as a use. Raises StagingError when there is none."""
        made = self._made.get(name)
        if made is None:
            raise StagingError("publication", "нет такой публикации", "there is no such publication")
        made.touch()
        return made

    def touch(self, name: str) -> None:
        """Note that a publication is used, if there is one of that name."""
        made = self._made.get(name)
        if made is not None:
            made.touch()

    def put(self, name: str, callers: Any, *, replace: bool) -> DynamicPublication:
        """Have a publication know `callers`: besides those it knows, or instead. Raises as `make` and `get`."""
        made = self.get(name)
        count = len(callers) if isinstance(callers, list) else 0
        if count + (0 if replace else len(made.callers.rows())) > _MAX_CALLERS:
            raise StagingError("callers", f"не больше {_MAX_CALLERS}", f"at most {_MAX_CALLERS}")
        (made.callers.replace if replace else made.callers.put)(callers)
        return made

    def remove(self, name: str) -> None:
        """Take a publication down, its rows in the journal too. Raises StagingError, DatabaseError."""
        with self._lock:
            made = self._made.pop(name, None)
            if made is not None:
                self._stage.remove(name)
        if made is None:
            raise StagingError("publication", "нет такой публикации", "there is no such publication")
        self._record.forget(name, made.since)

    def expires(self, made: DynamicPublication) -> datetime:
        """Return when `made` is gone, unless it is used before."""
        return datetime.now(UTC) + timedelta(seconds=made.used + self._lives - time.monotonic())

    def close(self) -> None:
        """Stop looking for those that expire."""
        self._closed.set()

    def _run_expiry(self) -> None:
        while not self._closed.wait(min(max(self._lives / 4, 0.25), 15)):
            for made in list(self._made.values()):
                if time.monotonic() - made.used >= self._lives:
                    try:
                        self.remove(made.name)
                    except StagingError:
                        continue
                    except DatabaseError as error:
                        log.warning("publication_not_forgotten", reason=str(error))
