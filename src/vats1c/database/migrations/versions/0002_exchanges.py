"""Add exchanges, calls with their rings, subscribers and sessions; turn each old row into a call with one ring."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Rename the old table, create the new tables, and copy the old rows into them."""
    op.rename_table("calls", "calls_0001")
    connection = op.get_bind()
    _create_tables()
    connection.execute(
        sa.text(
            "INSERT INTO calls (id, version, publication, at, last, received, number, kind, name, company, category,"
            " manager, remark, repeat) SELECT id, id, publication, at, at, received, number,"
            " CASE WHEN number IS NULL THEN 'text' ELSE 'external' END, caller, '', '', '', '', 1 FROM calls_0001"
        )
    )
    connection.execute(
        sa.text(
            "INSERT INTO rings (call_id, publication, key, at, last)"
            " SELECT id, publication, key, at, at FROM calls_0001"
        )
    )
    connection.execute(
        sa.text(
            "INSERT INTO exchanges (id, publication, at, operation, outcome, status, soap, namespace, address,"
            " received, number, key, caller, directory, elapsed, call_id) SELECT id, publication, at, 'IncomingCall',"
            " 'ok', 200, '', '', '', received, number, key, caller, '', 0, id FROM calls_0001"
        )
    )
    connection.execute(
        sa.text("INSERT INTO counters (name, value) SELECT 'version', COALESCE(MAX(id), 0) FROM calls_0001")
    )
    if connection.dialect.name == "postgresql":
        # Rows copied with their ids did not advance the sequences.
        for table in ("calls", "exchanges"):
            connection.execute(
                sa.text(
                    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), GREATEST(COALESCE(MAX(id), 0), 1),"  # noqa: S608
                    f" MAX(id) IS NOT NULL) FROM {table}"
                )
            )
    op.drop_table("calls_0001")


def _create_tables() -> None:
    op.create_table(
        "calls",
        sa.Column("id", _ID, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("publication", sa.String(length=63), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("last", _TIME, nullable=False),
        sa.Column("received", sa.String(length=64), nullable=False),
        sa.Column("number", sa.String(length=16), nullable=True),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("company", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("manager", sa.Text(), nullable=False),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("confidence", sa.String(length=11), nullable=True),
        sa.Column("repeat", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("note_by", sa.Text(), nullable=True),
        sa.Column("note_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_calls_last", "calls", ["last"], unique=False)
    op.create_index("ix_calls_number", "calls", ["number", "id"], unique=False)
    op.create_index("ix_calls_received", "calls", ["received", "id"], unique=False)
    op.create_index(op.f("ix_calls_version"), "calls", ["version"], unique=False)
    op.create_table(
        "counters",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "exchanges",
        sa.Column("id", _ID, nullable=False),
        sa.Column("publication", sa.String(length=63), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("operation", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("soap", sa.String(length=3), nullable=False),
        sa.Column("namespace", sa.String(length=128), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("received", sa.String(length=64), nullable=False),
        sa.Column("number", sa.String(length=16), nullable=True),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("directory", sa.Text(), nullable=False),
        sa.Column("confidence", sa.String(length=11), nullable=True),
        sa.Column("elapsed", sa.Float(), nullable=False),
        sa.Column("call_id", _ID, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_exchanges_at", "exchanges", ["at"], unique=False)
    op.create_index(op.f("ix_exchanges_call_id"), "exchanges", ["call_id"], unique=False)
    op.create_index("ix_exchanges_number", "exchanges", ["number", "id"], unique=False)
    op.create_table(
        "raw",
        sa.Column("exchange_id", _ID, autoincrement=False, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("exchange_id"),
    )
    op.create_index("ix_raw_size", "raw", ["exchange_id", "size"], unique=False)
    op.create_table(
        "rings",
        sa.Column("id", _ID, nullable=False),
        sa.Column("call_id", _ID, nullable=False),
        sa.Column("publication", sa.String(length=63), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("last", _TIME, nullable=False),
        sa.Column("shown", _TIME, nullable=True),
        sa.Column("seen", _TIME, nullable=True),
        sa.Column("closed", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_rings_call_id"), "rings", ["call_id"], unique=False)
    op.create_index("ix_rings_key", "rings", ["key", "call_id"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("once", sa.Boolean(), nullable=False),
        sa.Column("publication", sa.String(length=63), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("stamp", sa.String(length=64), nullable=False),
        sa.Column("expires", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "subscribers",
        sa.Column("publication", sa.String(length=63), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("extension", sa.String(length=16), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("publication", "key"),
    )
