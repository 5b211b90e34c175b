"""Read the journal: calls and exchanges by cursor, number and key."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from vats1c.database import Database, DatabaseError
from vats1c.database.errors import reason
from vats1c.database.schema import calls, counters, exchanges, raw, rings
from vats1c.journal.exchange_search import (
    ExchangeSearch,
    FoundExchanges,
    bytes_of,
    exchanges_of_calls,
    find,
    known_cursor,
)
from vats1c.journal.rows import read_calls, read_exchanges
from vats1c.model import Call, Exchange


@dataclass(frozen=True, slots=True)
class CallFilter:
    """The conditions on calls; None accepts any value.

    `keys`: the call rings at the phone of one of these keys. `number` is in E.164; `received` is the number as sent,
    compared only if `number` is None. `since`: the call rang at this time or later.
    """

    publication: str | None = None
    keys: frozenset[str] | None = None
    number: str | None = None
    received: str | None = None
    since: datetime | None = None

    def clause(self) -> sa.ColumnElement[bool]:
        """Return the SQL condition on the table `calls`."""
        clauses: list[sa.ColumnElement[bool]] = [sa.true()]
        if self.publication is not None:
            clauses.append(calls.c.publication == self.publication)
        if self.keys is not None:
            clauses.append(
                sa.exists().where(rings.c.call_id == calls.c.id, rings.c.key.in_(sorted(self.keys))).correlate(calls)
            )
        if self.number is not None:
            clauses.append(calls.c.number == self.number)
        elif self.received is not None:
            clauses.append(calls.c.received == self.received)
        if self.since is not None:
            clauses.append(calls.c.last >= self.since)
        return sa.and_(*clauses)


@dataclass(frozen=True, slots=True)
class ExchangeFilter:
    """The conditions on exchanges; None accepts any value.

    `number` is in E.164; `received` is the number as sent, compared only if `number` is None. `answered` excludes
    refused exchanges.
    """

    publications: frozenset[str] | None = None
    operation: str | None = None
    number: str | None = None
    received: str | None = None
    key: str | None = None
    answered: bool = True

    def clause(self) -> sa.ColumnElement[bool]:
        """Return the SQL condition on the table `exchanges`."""
        clauses: list[sa.ColumnElement[bool]] = [sa.true()]
        if self.publications is not None:
            clauses.append(exchanges.c.publication.in_(sorted(self.publications)))
        if self.answered:
            clauses.append(exchanges.c.outcome == "ok")
        for column, value in (
            (exchanges.c.operation, self.operation),
            (exchanges.c.number, self.number),
            (exchanges.c.received, self.received if self.number is None else None),
            (exchanges.c.key, self.key),
        ):
            if value is not None:
                clauses.append(column == value)
        return sa.and_(*clauses)


@dataclass(frozen=True, slots=True)
class UnknownNumber:
    """A number (E.164) without a known caller: how many calls it made, and when it last rang."""

    number: str
    count: int
    last: datetime


ALL_CALLS = CallFilter()


class Reader:
    """The queries on the journal. Every method raises DatabaseError when the database cannot be read."""

    def __init__(self, database: Database) -> None:
        self._reading = database.reading

    def cursor(self) -> int:
        """Return the version of the last change of a call. Raises DatabaseError."""
        with self._translated_errors(), self._reading() as connection:
            return int(
                connection.execute(sa.select(counters.c.value).where(counters.c.name == "version")).scalar() or 0
            )

    def recent(self, limit: int, wanted: CallFilter = ALL_CALLS) -> list[Call]:
        """Return the last `limit` calls, oldest first. Raises DatabaseError."""
        return self._calls(sa.select(calls).where(wanted.clause()).order_by(calls.c.id.desc()).limit(limit))[::-1]

    def after(self, cursor: int, limit: int = 1_000, wanted: CallFilter = ALL_CALLS) -> list[Call]:
        """Return up to `limit` calls that were changed after the version `cursor`, in the order of their changes.

        A cursor above the last version comes from a journal that was replaced: it is read as 0.
        """
        last = sa.select(counters.c.value).where(counters.c.name == "version").scalar_subquery()
        version = sa.literal(cursor, sa.BigInteger)
        known_version = sa.case((version <= sa.func.coalesce(last, 0), version), else_=0)
        changed = sa.select(calls).where(calls.c.version > known_version, wanted.clause())
        return self._calls(changed.order_by(calls.c.version).limit(limit))

    def call(self, call_id: int, wanted: CallFilter = ALL_CALLS) -> Call | None:
        """Return the call with this id; None if there is none, or if it does not match `wanted`."""
        return next(iter(self._calls(sa.select(calls).where(calls.c.id == call_id, wanted.clause()))), None)

    def previous(self, call: Call, limit: int, wanted: CallFilter = ALL_CALLS) -> list[Call]:
        """Return the last `limit` calls of the number of `call` before it, newest first; none for a hidden number."""
        if call.number is None or call.id is None:
            return []
        earlier = (calls.c.number == call.number) & (calls.c.publication == call.publication) & (calls.c.id < call.id)
        return self._calls(sa.select(calls).where(earlier, wanted.clause()).order_by(calls.c.id.desc()).limit(limit))

    def unseen(self, wanted: CallFilter) -> list[Call]:
        """Return up to 1,000 calls whose card was not seen at any phone, oldest first."""
        seen = sa.exists().where(rings.c.call_id == calls.c.id, rings.c.seen.is_not(None)).correlate(calls)
        return self._calls(sa.select(calls).where(wanted.clause(), ~seen).order_by(calls.c.id).limit(1_000))

    def unknown(self, wanted: CallFilter, limit: int = 200) -> list[UnknownNumber]:
        """Return up to `limit` numbers of the public network without a known caller, the most frequent first."""
        count = sa.func.count().label("count")
        query = (
            sa.select(calls.c.number, count, sa.func.max(calls.c.last, type_=calls.c.last.type))
            .where(wanted.clause(), calls.c.number.is_not(None), calls.c.name == "")
            .group_by(calls.c.number)
            .order_by(count.desc(), sa.func.max(calls.c.id).desc())
            .limit(limit)
        )
        with self._translated_errors(), self._reading() as connection:
            return [UnknownNumber(*row) for row in connection.execute(query)]

    def keys_seen(self, publication: str, known: Collection[str]) -> list[tuple[str, int, datetime]]:
        """Return up to 200 keys that rang and are not in `known`, latest first: (key, number of rings, last ring)."""
        query = (
            sa.select(rings.c.key, sa.func.count(), sa.func.max(rings.c.last, type_=rings.c.last.type))
            .where(rings.c.publication == publication, rings.c.key.not_in(sorted(known)))
            .group_by(rings.c.key)
            .order_by(sa.func.max(rings.c.last).desc())
            .limit(200)
        )
        with self._translated_errors(), self._reading() as connection:
            return [(key, count, last) for key, count, last in connection.execute(query)]

    def recorded_calls(self, limit: int) -> list[Exchange]:
        """Return the exchanges of the last `limit` recorded IncomingCalls, oldest first."""
        return self._exchanges(_recorded_calls_query().order_by(exchanges.c.id.desc()).limit(limit))[::-1]

    def recorded_calls_after(self, cursor: int, limit: int = 1_000) -> list[Exchange]:
        """Return the exchanges of up to `limit` recorded IncomingCalls with ids above `cursor`, oldest first."""
        return self._exchanges(
            _recorded_calls_query().where(exchanges.c.id > cursor).order_by(exchanges.c.id).limit(limit)
        )

    def exchanges(self, limit: int, after: int | None = None) -> list[Exchange]:
        """Return the last `limit` exchanges, or the first `limit` with ids above `after`, oldest first."""
        query = sa.select(exchanges).limit(limit)
        if after is not None:
            return self._exchanges(query.where(exchanges.c.id > after).order_by(exchanges.c.id))
        return self._exchanges(query.order_by(exchanges.c.id.desc()))[::-1]

    def exchanges_matching(self, wanted: ExchangeFilter, limit: int, after: int | None = None) -> list[Exchange]:
        """Return the last `limit` exchanges that match, or the first `limit` with ids above `after`, oldest first."""
        query = sa.select(exchanges).where(wanted.clause()).limit(limit)
        if after is None:
            return self._exchanges(query.order_by(exchanges.c.id.desc()))[::-1]
        with self._translated_errors(), self._reading() as connection:
            cursor = known_cursor(connection, after)
            return read_exchanges(connection, query.where(exchanges.c.id > cursor).order_by(exchanges.c.id))

    def last_exchange(self) -> int:
        """Return the greatest id of an exchange, the cursor for later ones; 0 if there is none."""
        with self._translated_errors(), self._reading() as connection:
            return int(connection.execute(sa.select(sa.func.max(exchanges.c.id))).scalar() or 0)

    def raw(self, exchange_id: int) -> tuple[str, bytes, bytes] | None:
        """Return an exchange's (headers as JSON, request, answer); None if its bytes are not stored."""
        query = sa.select(raw.c.headers, raw.c.request, raw.c.answer).where(raw.c.exchange_id == exchange_id)
        with self._translated_errors(), self._reading() as connection:
            row = connection.execute(query).first()
            return (row.headers, row.request, row.answer) if row else None

    def search(self, wanted: ExchangeSearch, limit: int, after: int | None = None) -> FoundExchanges:
        """Return the last `limit` exchanges that match, or the first `limit` with ids above `after`, oldest first."""
        with self._translated_errors(), self._reading() as connection:
            return find(connection, wanted, limit, after, datetime.now(UTC))

    def bytes_of(self, ids: Collection[int]) -> dict[int, tuple[str, bytes, bytes]]:
        """Return (headers as JSON, request, answer) by exchange id, for the exchanges whose bytes are stored."""
        with self._translated_errors(), self._reading() as connection:
            return bytes_of(connection, ids)

    def exchanges_of_calls(self, call_ids: Collection[int]) -> dict[int, list[int]]:
        """Return the ids of the exchanges of each call, oldest first, by call id."""
        with self._translated_errors(), self._reading() as connection:
            return exchanges_of_calls(connection, call_ids)

    def exchange(self, exchange_id: int) -> Exchange | None:
        """Return the exchange with this id, without its bytes; None if there is none."""
        return next(iter(self._exchanges(sa.select(exchanges).where(exchanges.c.id == exchange_id))), None)

    def _calls(self, query: sa.Select[Any]) -> list[Call]:
        with self._translated_errors(), self._reading() as connection:
            return read_calls(connection, query)

    def _exchanges(self, query: sa.Select[Any]) -> list[Exchange]:
        with self._translated_errors(), self._reading() as connection:
            return read_exchanges(connection, query)

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.SQLAlchemyError as error:
            raise DatabaseError(
                f"журнал не читается: {reason(error)}", f"cannot read the journal: {reason(error)}"
            ) from error


def _recorded_calls_query() -> sa.Select[Any]:
    return sa.select(exchanges).where(exchanges.c.operation == "IncomingCall", exchanges.c.outcome == "ok")
