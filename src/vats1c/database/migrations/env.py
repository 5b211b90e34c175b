"""Alembic's entry point: run the migrations on the connection that `vats1c.database` passes in."""

from alembic import context

from vats1c.database.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite cannot alter most properties of a table: alembic copies the table instead.
    render_as_batch=True,
)
context.run_migrations()
