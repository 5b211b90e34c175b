"""Sessions: the browser holds a secret and the database its digest, so that a copy of the database opens no session."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from vats1c.accounts.people import PageUser, People
from vats1c.database import Database
from vats1c.database.schema import sessions

_LINK_LIVES = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Session:
    """A person who is signed in, and the time at which the session ends."""

    person: PageUser
    expires: datetime


def _now() -> datetime:
    return datetime.now(UTC)


class Sessions:
    """The sessions of one database, and one-time links that start a session. Methods raise SQLAlchemyError."""

    def __init__(self, database: Database, people: People, hours: int, now: Callable[[], datetime] = _now) -> None:
        self._database = database
        self._people = people
        self._lives = timedelta(hours=hours)
        self._now = now

    def begin(self, person: PageUser) -> tuple[str, datetime]:
        """Return the secret of a new session, for the browser's cookie, and when it ends."""
        return self._put(person, self._lives, once=False)

    def link(self, person: PageUser) -> str:
        """Return a secret that signs `person` in once, within half an hour."""
        return self._put(person, _LINK_LIVES, once=True)[0]

    def use_link(self, secret: str) -> PageUser | None:
        """Return the person whom a one-time link signs in, and invalidate it; None for a used or expired link."""
        mine = (sessions.c.digest == _digest(secret)) & sessions.c.once
        with self._database.writing() as connection:
            row = connection.execute(sa.delete(sessions).where(mine).returning(*sessions.c)).mappings().first()
        session = self._session(row, secret)
        return session.person if session else None

    def get(self, secret: str) -> Session | None:
        """Return the session of a browser's cookie; None when it has ended or the password has changed since."""
        mine = (sessions.c.digest == _digest(secret)) & ~sessions.c.once
        with self._database.reading() as connection:
            return self._session(connection.execute(sa.select(sessions).where(mine)).mappings().first(), secret)

    def renew(self, person: PageUser, secret: str) -> datetime:
        """Extend a session to its full length once half of it is over; return its end."""
        expires = self._now() + self._lives
        mine = (sessions.c.digest == _digest(secret)) & (sessions.c.login == person.login) & ~sessions.c.once
        with self._database.reading() as connection:
            held: datetime | None = connection.execute(sa.select(sessions.c.expires).where(mine)).scalar()
        if held is not None and held > self._now() + self._lives / 2:
            return held
        with self._database.writing() as connection:
            connection.execute(sa.update(sessions).where(mine).values(expires=expires))
        return expires

    def end(self, secret: str) -> None:
        """Sign out."""
        with self._database.writing() as connection:
            connection.execute(sa.delete(sessions).where(sessions.c.digest == _digest(secret)))

    def _put(self, person: PageUser, lives: timedelta, *, once: bool) -> tuple[str, datetime]:
        secret = secrets.token_urlsafe(32)
        expires = self._now() + lives
        row = {
            "digest": _digest(secret),
            "once": once,
            "publication": person.publication,
            "login": person.login,
            "stamp": _fingerprint(person, secret),
            "expires": expires,
        }
        with self._database.writing() as connection:
            connection.execute(sa.delete(sessions).where(sessions.c.expires < self._now()))
            connection.execute(sa.insert(sessions), row)
        return secret, expires

    def _session(self, row: sa.RowMapping | None, secret: str) -> Session | None:
        if row is None or row["expires"] < self._now():
            return None
        person = self._people.by_login(row["login"])
        if person is None or person.publication != row["publication"]:
            return None
        if not secrets.compare_digest(row["stamp"], _fingerprint(person, secret)):
            return None
        return Session(person, row["expires"])


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _fingerprint(person: PageUser, secret: str) -> str:
    """Return a digest that binds a session to the password that it began with, and does not reveal it."""
    return hashlib.blake2b(person.password_fingerprint.encode(), key=secret.encode()[:64], digest_size=32).hexdigest()
