"""Search exchanges by cursor, operation, number, key, outcome, and by a part of the caller's name or of the number.

Rule: one text search reads at most 20,000 exchanges.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from vats1c.database.schema import exchanges, raw
from vats1c.journal.rows import read_exchanges
from vats1c.model import Exchange

REFUSED = "refused"
_MAX_SCANNED = 20_000
_MAX_BATCH_IDS = 500
_MIN_DIGITS = 3
# An IncomingCall is written before it is answered; its row is completed within this time.
_MAX_UNFINISHED_AGE = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class ExchangeSearch:
    """The conditions of a search; None accepts any value.

    `number` is in E.164; `received` is the number as sent, compared only if `number` is None. `outcome` is "ok",
    "refused" (any reason), or one reason of a refusal. `text` is a part of a caller's name or of a number; case does
    not matter.
    """

    publications: frozenset[str] | None = None
    operation: str | None = None
    number: str | None = None
    received: str | None = None
    key: str | None = None
    outcome: str | None = None
    text: str = ""

    def clause(self) -> sa.ColumnElement[bool]:
        """Return the SQL condition of all fields but `text`."""
        clauses: list[sa.ColumnElement[bool]] = [sa.true()]
        if self.publications is not None:
            clauses.append(exchanges.c.publication.in_(sorted(self.publications)))
        if self.outcome == REFUSED:
            clauses.append(exchanges.c.outcome != "ok")
        for column, value in (
            (exchanges.c.operation, self.operation),
            (exchanges.c.number, self.number),
            (exchanges.c.received, self.received if self.number is None else None),
            (exchanges.c.key, self.key),
            (exchanges.c.outcome, self.outcome if self.outcome != REFUSED else None),
        ):
            if value is not None:
                clauses.append(column == value)
        return sa.and_(*clauses)

    def matches(self, caller: str, number: str | None, received: str) -> bool:
        """Tell whether the caller's name or the number, in one of its written forms, contains `text`."""
        text = _folded(self.text)
        if text in _folded(caller) or text in _folded(received):
            return True
        digits = _digits(self.text)
        if len(digits) < _MIN_DIGITS or not _is_number(self.text):
            return False
        forms = {_digits(received), _digits(number or "")}
        if number is not None and number.startswith("+7"):
            forms.add(f"8{number[2:]}")
        return any(digits in form for form in forms)


@dataclass(frozen=True, slots=True)
class FoundExchanges:
    """Exchanges, oldest first, and the cursor: the id up to which all exchanges were searched."""

    exchanges: list[Exchange]
    cursor: int


def find(
    connection: sa.Connection, search: ExchangeSearch, limit: int, after: int | None, now: datetime
) -> FoundExchanges:
    """Return the last `limit` exchanges that match `search`, or, given the cursor `after`, the first `limit` after it.

    The result ends before the first IncomingCall whose row is not yet complete at the time `now`.
    """
    after = known_cursor(connection, after)
    newest = connection.execute(sa.select(sa.func.max(exchanges.c.id))).scalar() or 0
    order = exchanges.c.id.desc() if after is None else exchanges.c.id
    query = sa.select(exchanges).order_by(order).limit(limit)
    reached = newest
    if search.text:
        ids, last = _search_text(connection, search, limit, after)
        query = query.where(exchanges.c.id.in_(ids))
        reached = max(after or 0, newest if after is None or last is None else last)
    else:
        query = query.where(search.clause(), *([] if after is None else [exchanges.c.id > after]))
    results = read_exchanges(connection, query)
    if after is None:
        results.reverse()
    elif len(results) == limit:
        reached = results[-1].id or reached
    for index, exchange in enumerate(results):
        if _is_unfinished(exchange, now):
            return FoundExchanges(results[:index], (exchange.id or 1) - 1)
    return FoundExchanges(results, max([reached, after or 0, *(exchange.id or 0 for exchange in results)]))


def known_cursor(connection: sa.Connection, cursor: int | None) -> int | None:
    """Return `cursor`, or 0 if it is above every id of a SQLite file: it comes from a file that was replaced."""
    if not cursor or connection.dialect.name != "sqlite":
        return cursor
    last = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = 'exchanges'").scalar()
    return cursor if cursor <= (last or 0) else 0


def bytes_of(connection: sa.Connection, ids: Collection[int]) -> dict[int, tuple[str, bytes, bytes]]:
    """Return (headers as JSON, request, answer) by exchange id, for the exchanges `ids` whose bytes are stored."""
    columns = raw.c.exchange_id, raw.c.headers, raw.c.request, raw.c.answer
    return {
        row.exchange_id: (row.headers, row.request, row.answer)
        for batch in _batches(ids)
        for row in connection.execute(sa.select(*columns).where(raw.c.exchange_id.in_(batch)))
    }


def exchanges_of_calls(connection: sa.Connection, call_ids: Collection[int]) -> dict[int, list[int]]:
    """Return the ids of the SayNames and IncomingCalls of each call, oldest first, by call id."""
    ids_of_calls: dict[int, list[int]] = defaultdict(list)
    for batch in _batches(call_ids):
        query = sa.select(exchanges.c.call_id, exchanges.c.id).where(exchanges.c.call_id.in_(batch))
        for call_id, exchange_id in connection.execute(query.order_by(exchanges.c.id)):
            ids_of_calls[call_id].append(exchange_id)
    return ids_of_calls


def _search_text(
    connection: sa.Connection, search: ExchangeSearch, limit: int, after: int | None
) -> tuple[list[int], int | None]:
    """Return the ids of up to `limit` exchanges that match, and the last id read, None if all were read."""
    columns = exchanges.c.id, exchanges.c.caller, exchanges.c.number, exchanges.c.received
    query = sa.select(*columns).where(search.clause()).limit(_MAX_SCANNED)
    if after is None:
        query = query.order_by(exchanges.c.id.desc())
    else:
        query = query.where(exchanges.c.id > after).order_by(exchanges.c.id)
    ids: list[int] = []
    last, scanned = None, 0
    for exchange_id, caller, number, received in connection.execute(query):
        last, scanned = exchange_id, scanned + 1
        if search.matches(caller, number, received):
            ids.append(exchange_id)
            if len(ids) == limit:
                return ids, last
    return ids, last if scanned == _MAX_SCANNED else None


def _is_unfinished(exchange: Exchange, now: datetime) -> bool:
    """Tell whether an exchange is a recent IncomingCall whose row has not been completed yet."""
    is_incomplete = exchange.operation == "IncomingCall" and exchange.outcome == "ok" and not exchange.soap
    return is_incomplete and now - exchange.at < _MAX_UNFINISHED_AGE


def _batches(ids: Collection[int]) -> Iterable[list[int]]:
    all_ids = list(ids)
    return (all_ids[start : start + _MAX_BATCH_IDS] for start in range(0, len(all_ids), _MAX_BATCH_IDS))


def _folded(text: str) -> str:
    """Return `text` normalised for comparison: case folded, «ё» replaced by «е», outer spaces removed."""
    return text.casefold().replace("ё", "е").strip()


def _digits(text: str) -> str:
    return "".join(character for character in text if "0" <= character <= "9")


def _is_number(text: str) -> bool:
    return not any(character.isalpha() for character in text)
