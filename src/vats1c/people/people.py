"""Who is known: the employees and administrators of the settings, and the employees of the database.

Rule: the settings come first; an employee of the database with a key or a login of theirs is not looked at.
"""

import base64
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import sqlalchemy as sa
import structlog

from vats1c.auth import Logins, User
from vats1c.metrics import Metrics
from vats1c.model import Subscriber
from vats1c.people.store import Kept, SubscriberStore

log = structlog.get_logger("vats1c.people")

# What was changed by command is seen this soon, seconds.
_LOOK_EVERY = 2.0


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    """Somebody who may sign in: sees the calls of `keys`, an administrator those of the whole publication.

    `secret` is what the password is kept as: when it changes, who signed in with the old one is signed out.
    """

    publication: str
    login: str
    name: str
    extension: str
    keys: frozenset[str]
    administrator: bool
    secret: str


class LoginTakenError(Exception):
    """Somebody else has that login."""


class People:
    """Everybody known. Called by many threads at once."""

    def __init__(
        self,
        persons: Iterable[tuple[Person, User]],
        subscribers: Iterable[tuple[str, Subscriber]],
        store: SubscriberStore,
        logins: Callable[[Iterable[User]], Logins],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the settings' `persons`, each with the login, and their `subscribers` by publication."""
        self._own_persons = tuple(persons)
        self._own_subscribers = {(publication, one.key): one for publication, one in subscribers}
        self._store = store
        self._make_logins = logins
        self._now = now
        self._lock = threading.Lock()
        self._kept: list[Kept] | None = None
        self._look_at = 0.0
        self._take([])
        self._refresh()

    def take_on(
        self, publication: str, persons: Iterable[tuple[Person, User]], subscribers: Iterable[Subscriber]
    ) -> None:
        """Know those of a publication that came while the service runs. Raises LoginTakenError."""
        own = tuple(persons)
        with self._lock:
            if any(person.login in self._persons for person, _ in own):
                raise LoginTakenError
            self._own_persons += own
            self._own_subscribers |= {(publication, one.key): one for one in subscribers}
            self._take(self._kept or [])

    def let_go(self, publication: str) -> None:
        """Know those of a publication no more."""
        with self._lock:
            self._own_persons = tuple(pair for pair in self._own_persons if pair[0].publication != publication)
            self._own_subscribers = {
                place: one for place, one in self._own_subscribers.items() if place[0] != publication
            }
            self._take(self._kept or [])

    def owner(self, publication: str, key: str) -> Subscriber | None:
        """Return the employee who owns `key`; None when nobody does."""
        self._refresh()
        return self._subscribers.get((publication, key))

    def keys(self, publication: str) -> frozenset[str]:
        """Return every key that somebody owns."""
        self._refresh()
        return frozenset(key for of, key in self._subscribers if of == publication)

    def of_login(self, login: str) -> Person | None:
        """Return who has `login`."""
        self._refresh()
        return self._persons.get(login)

    def check(self, authorization: str | None, address: str) -> Person:
        """Return who signs in with the header `authorization` (HTTP Basic). Raises auth.Refused."""
        self._refresh()
        persons, logins = self._persons, self._logins
        logins.check(authorization, address)
        encoded = (authorization or "").partition(" ")[2]
        login = base64.b64decode(encoded).decode().partition(":")[0]
        return persons[login]

    def sign_in(self, login: str, password: str, address: str) -> Person:
        """Return who has `login` and `password`. Raises auth.Refused."""
        pair = base64.b64encode(f"{login}:{password}".encode()).decode()
        return self.check(f"Basic {pair}", address)

    def _refresh(self) -> None:
        """Look at the database again when it is time; what was known stays when it does not answer."""
        if self._now() < self._look_at or not self._lock.acquire(blocking=False):
            return
        try:
            self._look_at = self._now() + _LOOK_EVERY
            kept = self._store.all()
            if kept != self._kept:
                self._take(kept)
                self._kept = kept
        except sa.exc.SQLAlchemyError as error:
            log.warning("subscribers cannot be read", error=type(error).__name__)
        finally:
            self._lock.release()

    def _take(self, kept: list[Kept]) -> None:
        subscribers = dict(self._own_subscribers)
        persons = {person.login: (person, user) for person, user in self._own_persons}
        for one in kept:
            own = one.subscriber
            if subscribers.setdefault((one.publication, own.key), own) is own and one.login:
                keys = frozenset({own.key})
                person = Person(
                    one.publication,
                    one.login,
                    own.name,
                    own.extension,
                    keys,
                    administrator=False,
                    secret=one.password_hash,
                )
                persons.setdefault(one.login, (person, User(one.login, hashed=one.password_hash)))
        self._subscribers = subscribers
        self._persons = {login: person for login, (person, _) in persons.items()}
        self._logins = self._make_logins(user for _, user in persons.values())


def logins_with(metrics: Metrics, allowed_failures: int) -> Callable[[Iterable[User]], Logins]:
    """Return what checks the passwords of people, wrong ones slowed as those of SOAP users are."""
    return lambda users: Logins(users, metrics, allowed_failures)
