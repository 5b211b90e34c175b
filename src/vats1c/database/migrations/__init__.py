"""The alembic migrations of the service's own database."""
