"""The tables of the service's own database.

Rule: calls, rings, exchanges, subscribers and sessions name their publication; times are stored in UTC. A change of
this module needs a migration in migrations/versions.
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa


class UtcDateTime(sa.TypeDecorator[datetime]):
    """A time with a zone, stored in UTC, because SQLite stores no zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        """Return `value` in UTC for storage. Raises ValueError for a time without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be recorded")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        """Return the stored `value` with the zone UTC."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


# Longer than any real number or key; the limits keep a hostile sender from filling the disk by these fields.
MAX_NUMBER_CHARS = 64
MAX_KEY_CHARS = 128

metadata = sa.MetaData()

# SQLite assigns ids only to a column of the type INTEGER.
_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")

# A call, which may ring at several phones. Every change assigns a new `version`; readers use it as their cursor.
calls = sa.Table(
    "calls",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False, index=True),
    sa.Column("publication", sa.String(63), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("last", UtcDateTime, nullable=False),
    sa.Column("received", sa.String(MAX_NUMBER_CHARS), nullable=False),
    sa.Column("number", sa.String(16)),
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("company", sa.Text, nullable=False),
    sa.Column("category", sa.Text, nullable=False),
    sa.Column("manager", sa.Text, nullable=False),
    sa.Column("remark", sa.Text, nullable=False),
    sa.Column("confidence", sa.String(11)),
    sa.Column("repeat", sa.Integer, nullable=False),
    sa.Column("note", sa.Text),
    sa.Column("note_by", sa.Text),
    sa.Column("note_at", UtcDateTime),
    sa.Index("ix_calls_number", "number", "id"),
    sa.Index("ix_calls_received", "received", "id"),
    sa.Index("ix_calls_last", "last"),
    sqlite_autoincrement=True,
)

# A phone that a call rings at, and when its card was shown, seen and closed.
rings = sa.Table(
    "rings",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("call_id", _Id, nullable=False, index=True),
    sa.Column("publication", sa.String(63), nullable=False),
    sa.Column("key", sa.String(MAX_KEY_CHARS), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("last", UtcDateTime, nullable=False),
    sa.Column("shown", UtcDateTime),
    sa.Column("seen", UtcDateTime),
    sa.Column("closed", UtcDateTime),
    sa.Index("ix_rings_key", "key", "call_id"),
    sqlite_autoincrement=True,
)

# A request on the SOAP path, accepted or refused, and its answer: everything but the bytes.
exchanges = sa.Table(
    "exchanges",
    metadata,
    # AUTOINCREMENT (below), as no id may be assigned twice: readers use it as their cursor.
    sa.Column("id", _Id, primary_key=True),
    sa.Column("publication", sa.String(63), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("operation", sa.String(64), nullable=False),
    sa.Column("outcome", sa.String(16), nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("soap", sa.String(3), nullable=False),
    sa.Column("namespace", sa.String(128), nullable=False),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("received", sa.String(MAX_NUMBER_CHARS), nullable=False),
    sa.Column("number", sa.String(16)),
    sa.Column("key", sa.String(MAX_KEY_CHARS), nullable=False),
    sa.Column("caller", sa.Text, nullable=False),
    sa.Column("directory", sa.Text, nullable=False),
    sa.Column("confidence", sa.String(11)),
    sa.Column("elapsed", sa.Float, nullable=False),
    sa.Column("call_id", _Id, index=True),
    # The fault injected on the staging bench; "" for none.
    sa.Column("fault", sa.String(32), nullable=False, server_default=""),
    sa.Index("ix_exchanges_number", "number", "id"),
    sa.Index("ix_exchanges_at", "at"),
    sqlite_autoincrement=True,
)

# The bytes of an exchange's request and answer, in a table of their own so that they can be removed first. `headers` is
# JSON without secrets.
raw = sa.Table(
    "raw",
    metadata,
    sa.Column("exchange_id", _Id, primary_key=True, autoincrement=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("headers", sa.Text, nullable=False),
    sa.Column("request", sa.LargeBinary, nullable=False),
    sa.Column("answer", sa.LargeBinary, nullable=False),
    # A covering index: the sizes are summed without reading the bytes.
    sa.Index("ix_raw_size", "exchange_id", "size"),
)

# Counters that only grow: the version last assigned to a call.
counters = sa.Table(
    "counters",
    metadata,
    sa.Column("name", sa.String(16), primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)

subscribers = sa.Table(
    "subscribers",
    metadata,
    sa.Column("publication", sa.String(63), primary_key=True),
    sa.Column("key", sa.String(MAX_KEY_CHARS), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("extension", sa.String(16), nullable=False),
    sa.Column("login", sa.String(64), nullable=False),
    sa.Column("password_hash", sa.Text, nullable=False),
)

# Sign-in sessions and one-time sign-in links (`once`); only a digest of each token is stored.
sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("once", sa.Boolean, nullable=False),
    sa.Column("publication", sa.String(63), nullable=False),
    sa.Column("login", sa.String(64), nullable=False),
    sa.Column("stamp", sa.String(64), nullable=False),
    sa.Column("expires", UtcDateTime, nullable=False),
)
