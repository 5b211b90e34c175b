"""The employees and administrators of the settings, and the employees stored in the database.

Rule: the settings have priority; an employee of the database whose key or login is in the settings is ignored.
"""

import base64
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import sqlalchemy as sa
import structlog

from vats1c.accounts.basic import Logins, User
from vats1c.accounts.subscribers import StoredSubscriber, SubscriberStore
from vats1c.metrics import Metrics
from vats1c.model import Subscriber

log = structlog.get_logger("vats1c.people")

# When a command changes the stored employees, the change takes effect within this time.
_REFRESH_INTERVAL_S = 2.0


@dataclass(frozen=True, slots=True, repr=False)
class PageUser:
    """A person who may sign in. Employees see the calls of their `keys`, administrators all calls of the publication.

    `password_fingerprint` is the password or its hash. When it changes, the sessions that began before the change end.
    """

    publication: str
    login: str
    name: str
    extension: str
    keys: frozenset[str]
    administrator: bool
    password_fingerprint: str


class LoginTakenError(Exception):
    """The login belongs to another person."""


class People:
    """All employees and administrators. Called by many threads at once."""

    def __init__(
        self,
        persons: Iterable[tuple[PageUser, User]],
        subscribers: Iterable[tuple[str, Subscriber]],
        store: SubscriberStore,
        logins: Callable[[Iterable[User]], Logins],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start with the persons and subscribers of the settings.

        `persons` are pairs (person, login with password), `subscribers` pairs (publication, subscriber). `store` holds
        the employees of the database; `logins` creates the object that checks the passwords of the users passed to it.
        """
        self._own_persons = tuple(persons)
        self._own_subscribers = {(publication, one.key): one for publication, one in subscribers}
        self._store = store
        self._make_logins = logins
        self._now = now
        self._lock = threading.Lock()
        self._kept: list[StoredSubscriber] | None = None
        self._look_at = 0.0
        self._load([])
        self._refresh()

    def add_publication(
        self, publication: str, persons: Iterable[tuple[PageUser, User]], subscribers: Iterable[Subscriber]
    ) -> None:
        """Add the persons and subscribers of a publication made on request. Raises LoginTakenError."""
        new_persons = tuple(persons)
        with self._lock:
            if any(person.login in self._persons for person, _ in new_persons):
                raise LoginTakenError
            self._own_persons += new_persons
            self._own_subscribers |= {(publication, one.key): one for one in subscribers}
            self._load(self._kept or [])

    def remove_publication(self, publication: str) -> None:
        """Remove the persons and subscribers of a publication."""
        with self._lock:
            self._own_persons = tuple(pair for pair in self._own_persons if pair[0].publication != publication)
            self._own_subscribers = {
                place: one for place, one in self._own_subscribers.items() if place[0] != publication
            }
            self._load(self._kept or [])

    def owner(self, publication: str, key: str) -> Subscriber | None:
        """Return the employee who owns `key`, None if the key has no owner."""
        self._refresh()
        return self._subscribers.get((publication, key))

    def keys(self, publication: str) -> frozenset[str]:
        """Return every key that has an owner."""
        self._refresh()
        return frozenset(key for owner_publication, key in self._subscribers if owner_publication == publication)

    def by_login(self, login: str) -> PageUser | None:
        """Return the person with `login`, None if there is none."""
        self._refresh()
        return self._persons.get(login)

    def check(self, authorization: str | None, address: str) -> PageUser:
        """Return the person whose login is in the header `authorization` (HTTP Basic). Raises LoginRefused."""
        self._refresh()
        persons, logins = self._persons, self._logins
        logins.check(authorization, address)
        encoded = (authorization or "").partition(" ")[2]
        login = base64.b64decode(encoded).decode().partition(":")[0]
        return persons[login]

    def sign_in(self, login: str, password: str, address: str) -> PageUser:
        """Return the person with `login` and `password`. Raises LoginRefused."""
        pair = base64.b64encode(f"{login}:{password}".encode()).decode()
        return self.check(f"Basic {pair}", address)

    def _refresh(self) -> None:
        """Read the stored employees again if `_REFRESH_INTERVAL_S` has passed.

        If reading fails, keep the employees that were read before.
        """
        if self._now() < self._look_at or not self._lock.acquire(blocking=False):
            return
        try:
            self._look_at = self._now() + _REFRESH_INTERVAL_S
            stored = self._store.all()
            if stored != self._kept:
                self._load(stored)
                self._kept = stored
        except sa.exc.SQLAlchemyError as error:
            log.warning("subscribers_unreadable", error=type(error).__name__)
        finally:
            self._lock.release()

    def _load(self, stored: list[StoredSubscriber]) -> None:
        subscribers = dict(self._own_subscribers)
        persons = {person.login: (person, user) for person, user in self._own_persons}
        for record in stored:
            subscriber = record.subscriber
            if subscribers.setdefault((record.publication, subscriber.key), subscriber) is subscriber and record.login:
                keys = frozenset({subscriber.key})
                person = PageUser(
                    record.publication,
                    record.login,
                    subscriber.name,
                    subscriber.extension,
                    keys,
                    administrator=False,
                    password_fingerprint=record.password_hash,
                )
                persons.setdefault(record.login, (person, User(record.login, hashed=record.password_hash)))
        self._subscribers = subscribers
        self._persons = {login: person for login, (person, _) in persons.items()}
        self._logins = self._make_logins(user for _, user in persons.values())


def login_checker(metrics: Metrics, allowed_failures: int) -> Callable[[Iterable[User]], Logins]:
    """Return a function that creates a checker of the users' passwords, with the same delays as for SOAP users."""
    return lambda users: Logins(users, metrics, allowed_failures)
