"""What went wrong with an exchange on purpose, on the staging bench."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column; of what there is, nothing went wrong on purpose."""
    op.add_column("exchanges", sa.Column("fault", sa.String(length=32), nullable=False, server_default=""))
