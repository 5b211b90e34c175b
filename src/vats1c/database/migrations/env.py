"""Run by alembic: take the connection that `vats1c.database` gives and migrate it."""

from alembic import context

from vats1c.database.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite alters a table by making it anew.
    render_as_batch=True,
)
context.run_migrations()
