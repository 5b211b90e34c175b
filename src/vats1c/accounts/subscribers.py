"""The subscribers in the database, which the command `vats1c subscriber` adds and removes."""

from dataclasses import dataclass

import sqlalchemy as sa

from vats1c.database import Database
from vats1c.database.schema import subscribers
from vats1c.model import Subscriber


@dataclass(frozen=True, slots=True, repr=False)
class StoredSubscriber:
    """A subscriber with the login to the card page and the hash of its password; both are "" without a login."""

    publication: str
    subscriber: Subscriber
    login: str = ""
    password_hash: str = ""


class SubscriberStore:
    """The subscribers of one database. Methods raise SQLAlchemyError if the database does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[StoredSubscriber]:
        """Return every subscriber, by publication and name."""
        query = sa.select(subscribers).order_by(subscribers.c.publication, subscribers.c.name)
        with self._database.reading() as connection:
            return [
                StoredSubscriber(
                    row.publication, Subscriber(row.key, row.name, row.extension), row.login, row.password_hash
                )
                for row in connection.execute(query)
            ]

    def put(self, stored: StoredSubscriber) -> None:
        """Store a subscriber; it replaces the one with the same key."""
        subscriber = stored.subscriber
        row = {
            "publication": stored.publication,
            "key": subscriber.key,
            "name": subscriber.name,
            "extension": subscriber.extension,
            "login": stored.login,
            "password_hash": stored.password_hash,
        }
        with self._database.writing() as connection:
            connection.execute(self._row_of(stored.publication, subscriber.key))
            connection.execute(sa.insert(subscribers), row)

    def remove(self, publication: str, key: str) -> bool:
        """Remove a subscriber; tell whether it existed."""
        with self._database.writing() as connection:
            return bool(connection.execute(self._row_of(publication, key)).rowcount)

    @staticmethod
    def _row_of(publication: str, key: str) -> sa.Delete:
        return sa.delete(subscribers).where(subscribers.c.publication == publication, subscribers.c.key == key)
