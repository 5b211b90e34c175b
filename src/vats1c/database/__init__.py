"""The service's own SQLite or PostgreSQL database: connections, transactions, and migrations of the tables.

Rule: one transaction writes at a time, across processes too, so that readers see versions in the order of assignment.
"""

from vats1c.database.database import CHANNEL, SCHEMA_VERSION, Database
from vats1c.database.embedded import enable_wal
from vats1c.database.errors import DatabaseError, FilesGoneError

__all__ = ["CHANNEL", "SCHEMA_VERSION", "Database", "DatabaseError", "FilesGoneError", "enable_wal"]
