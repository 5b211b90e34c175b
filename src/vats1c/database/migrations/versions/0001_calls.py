"""The first schema: only the table of calls, with one row per IncomingCall."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the table of calls."""
    op.create_table(
        "calls",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("publication", sa.String(63), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received", sa.String(64), nullable=False),
        sa.Column("number", sa.String(16)),
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("caller", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
