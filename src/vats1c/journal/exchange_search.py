"""Find exchanges for whoever looks into them: by cursor, operation, number, key, outcome, and by a name or part of it.

Rule: a search through texts looks at so many of the newest exchanges, and no more.
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
_SCAN_BATCH = 500
_MIN_DIGITS = 3
# An IncomingCall is written before it is answered; what became of it follows this soon.
_MAX_UNFINISHED_AGE = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class ExchangeSearch:
    """Which exchanges are looked for: of any of `publications` (None for all), an operation, a number, a key.

    `number` is in E.164, `received` as it was sent where it has no such form. `outcome` is "ok", "refused", or the
    reason of a refusal. `text` is a caller's name, a number, or part of either, in any case.
    """

    publications: frozenset[str] | None = None
    operation: str | None = None
    number: str | None = None
    received: str | None = None
    key: str | None = None
    outcome: str | None = None
    text: str = ""

    def clause(self) -> sa.ColumnElement[bool]:
        """Return what is true of the rows of such exchanges, `text` aside."""
        clauses: list[sa.ColumnElement[bool]] = [sa.true()]
        if self.publications is not None:
            clauses.append(exchanges.c.publication.in_(sorted(self.publications)))
        if self.outcome == REFUSED:
            clauses.append(exchanges.c.outcome != "ok")
        for column, wanted in (
            (exchanges.c.operation, self.operation),
            (exchanges.c.number, self.number),
            (exchanges.c.received, self.received if self.number is None else None),
            (exchanges.c.key, self.key),
            (exchanges.c.outcome, self.outcome if self.outcome != REFUSED else None),
        ):
            if wanted is not None:
                clauses.append(column == wanted)
        return sa.and_(*clauses)

    def matches(self, caller: str, number: str | None, received: str) -> bool:
        """Tell whether `text` is in one of these."""
        wanted = _folded(self.text)
        if wanted in _folded(caller) or wanted in _folded(received):
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
    """Exchanges, oldest first, and the cursor up to which all were looked at."""

    exchanges: list[Exchange]
    cursor: int


def find(
    connection: sa.Connection, those: ExchangeSearch, limit: int, after: int | None, now: datetime
) -> FoundExchanges:
    """Return the last `limit` of those exchanges, or the first after a cursor."""
    after = known_cursor(connection, after)
    newest = connection.execute(sa.select(sa.func.max(exchanges.c.id))).scalar() or 0
    order = exchanges.c.id.desc() if after is None else exchanges.c.id
    query = sa.select(exchanges).order_by(order).limit(limit)
    reached = newest
    if those.text:
        ids, last = _search_text(connection, those, limit, after)
        query = query.where(exchanges.c.id.in_(ids))
        reached = max(after or 0, newest if after is None or last is None else last)
    else:
        query = query.where(those.clause(), *([] if after is None else [exchanges.c.id > after]))
    found = read_exchanges(connection, query)
    if after is None:
        found.reverse()
    elif len(found) == limit:
        reached = found[-1].id or reached
    for place, one in enumerate(found):
        if _is_unfinished(one, now):
            return FoundExchanges(found[:place], (one.id or 1) - 1)
    return FoundExchanges(found, max([reached, after or 0, *(one.id or 0 for one in found)]))


def known_cursor(connection: sa.Connection, cursor: int | None) -> int | None:
    """Return `cursor`; 0 for one beyond every id of a file: it is of the file that was there before."""
    if not cursor or connection.dialect.name != "sqlite":
        return cursor
    last = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = 'exchanges'").scalar()
    return cursor if cursor <= (last or 0) else 0


def bytes_of(connection: sa.Connection, ids: Collection[int]) -> dict[int, tuple[str, bytes, bytes]]:
    """Return of these exchanges the headers (JSON), the request and the answer, where they are kept."""
    columns = raw.c.exchange_id, raw.c.headers, raw.c.request, raw.c.answer
    return {
        row.exchange_id: (row.headers, row.request, row.answer)
        for piece in _pieces(ids)
        for row in connection.execute(sa.select(*columns).where(raw.c.exchange_id.in_(piece)))
    }


def exchanges_of_calls(connection: sa.Connection, call_ids: Collection[int]) -> dict[int, list[int]]:
    """Return by call the ids of its exchanges, oldest first: its SayNames and its IncomingCalls."""
    found: dict[int, list[int]] = defaultdict(list)
    for piece in _pieces(call_ids):
        query = sa.select(exchanges.c.call_id, exchanges.c.id).where(exchanges.c.call_id.in_(piece))
        for call_id, own_id in connection.execute(query.order_by(exchanges.c.id)):
            found[call_id].append(own_id)
    return found


def _search_text(
    connection: sa.Connection, those: ExchangeSearch, limit: int, after: int | None
) -> tuple[list[int], int | None]:
    """Return the ids of those that have the text, and the last one looked at when not all could be."""
    columns = exchanges.c.id, exchanges.c.caller, exchanges.c.number, exchanges.c.received
    query = sa.select(*columns).where(those.clause()).limit(_MAX_SCANNED)
    if after is None:
        query = query.order_by(exchanges.c.id.desc())
    else:
        query = query.where(exchanges.c.id > after).order_by(exchanges.c.id)
    ids: list[int] = []
    last, seen = None, 0
    for own_id, caller, number, received in connection.execute(query):
        last, seen = own_id, seen + 1
        if those.matches(caller, number, received):
            ids.append(own_id)
            if len(ids) == limit:
                return ids, last
    return ids, last if seen == _MAX_SCANNED else None


def _is_unfinished(exchange: Exchange, now: datetime) -> bool:
    """Tell whether what is known of an exchange is still to be completed."""
    is_ringing = exchange.operation == "IncomingCall" and exchange.outcome == "ok" and not exchange.soap
    return is_ringing and now - exchange.at < _MAX_UNFINISHED_AGE


def _pieces(ids: Collection[int]) -> Iterable[list[int]]:
    wanted = list(ids)
    return (wanted[start : start + _SCAN_BATCH] for start in range(0, len(wanted), _SCAN_BATCH))


def _folded(text: str) -> str:
    """Return `text` so that letters are compared as people do: ё is е, and case does not matter."""
    return text.casefold().replace("ё", "е").strip()


def _digits(text: str) -> str:
    return "".join(letter for letter in text if "0" <= letter <= "9")


def _is_number(text: str) -> bool:
    return not any(letter.isalpha() for letter in text)
