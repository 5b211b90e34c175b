"""The journal's tables. Rule: every row carries the publication's name, and times are stored in UTC."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa


class UtcDateTime(sa.TypeDecorator[datetime]):
    """An aware time, stored in UTC: SQLite keeps no zone of its own."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        """Store in UTC; raises ValueError for a time without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be recorded")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        """Give the zone back."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


# Longer than any number or key is: a hostile sender cannot fill the disk by the field.
LONGEST_NUMBER = 64
LONGEST_KEY = 128

metadata = sa.MetaData()

calls = sa.Table(
    "calls",
    metadata,
    # AUTOINCREMENT: the id is a reader's cursor, so no id is ever given twice.
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("publication", sa.String(63), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("received", sa.String(LONGEST_NUMBER), nullable=False),
    sa.Column("number", sa.String(16)),
    sa.Column("key", sa.String(LONGEST_KEY), nullable=False),
    sa.Column("caller", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)
