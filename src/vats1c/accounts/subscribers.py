"""The subscribers that are stored in the database: added and removed by `vats1c subscriber`."""

from dataclasses import dataclass

import sqlalchemy as sa

from vats1c.database import Database
from vats1c.database.schema import subscribers
from vats1c.model import Subscriber


@dataclass(frozen=True, slots=True, repr=False)
class StoredSubscriber:
    """A subscriber with the login to the card page and its password's hash, both "" where there is none."""

    publication: str
    subscriber: Subscriber
    login: str = ""
    password_hash: str = ""


class SubscriberStore:
    """The subscribers of one database. Every method raises sqlalchemy.exc.SQLAlchemyError when it does not answer."""

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
        own = stored.subscriber
        row = {
            "publication": stored.publication,
            "key": own.key,
            "name": own.name,
            "extension": own.extension,
            "login": stored.login,
            "password_hash": stored.password_hash,
        }
        with self._database.writing() as connection:
            connection.execute(self._row_of(stored.publication, own.key))
            connection.execute(sa.insert(subscribers), row)

    def remove(self, publication: str, key: str) -> bool:
        """Remove a subscriber; tell whether it existed."""
        with self._database.writing() as connection:
            return bool(connection.execute(self._row_of(publication, key)).rowcount)

    @staticmethod
    def _row_of(publication: str, key: str) -> sa.Delete:
        return sa.delete(subscribers).where(subscribers.c.publication == publication, subscribers.c.key == key)
