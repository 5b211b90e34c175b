"""Add the fault that the staging bench injected into an exchange."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column; existing exchanges have no fault."""
    op.add_column("exchanges", sa.Column("fault", sa.String(length=32), nullable=False, server_default=""))
