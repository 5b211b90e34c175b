"""Sessions: the browser has a secret, and the database only its digest, so a stolen database opens no session."""

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
        """Start a session; return its secret, for the browser's cookie, and the time of its end."""
        return self._put(person, self._lives, once=False)

    def link(self, person: PageUser) -> str:
        """Return a secret that signs `person` in once, within half an hour."""
        return self._put(person, _LINK_LIVES, once=True)[0]

    def use_link(self, secret: str) -> PageUser | None:
        """Return the person whom a one-time link signs in, and invalidate it; None for a used or expired link."""
        is_this_link = (sessions.c.digest == _digest(secret)) & sessions.c.once
        with self._database.writing() as connection:
            row = connection.execute(sa.delete(sessions).where(is_this_link).returning(*sessions.c)).mappings().first()
        session = self._session(row, secret)
        return session.person if session else None

    def get(self, secret: str) -> Session | None:
        """Return the session of a browser's cookie; None when it has ended or the password has changed since."""
        is_this_session = (sessions.c.digest == _digest(secret)) & ~sessions.c.once
        with self._database.reading() as connection:
            return self._session(
                connection.execute(sa.select(sessions).where(is_this_session)).mappings().first(), secret
            )

    def renew(self, person: PageUser, secret: str) -> datetime:
        """Extend a session to its full length if at least half of it has passed; return its end."""
        expires = self._now() + self._lives
        is_this_session = (sessions.c.digest == _digest(secret)) & (sessions.c.login == person.login) & ~sessions.c.once
        with self._database.reading() as connection:
            stored_end: datetime | None = connection.execute(
                sa.select(sessions.c.expires).where(is_this_session)
            ).scalar()
        if stored_end is not None and stored_end > self._now() + self._lives / 2:
            return stored_end
        with self._database.writing() as connection:
            connection.execute(sa.update(sessions).where(is_this_session).values(expires=expires))
        return expires

    def end(self, secret: str) -> None:
        """End the session with this secret."""
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
    """Return a digest that ties a session to the password at its start, without revealing the password."""
    return hashlib.blake2b(person.password_fingerprint.encode(), key=secret.encode()[:64], digest_size=32).hexdigest()
