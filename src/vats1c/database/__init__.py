"""The service's own database, SQLite or PostgreSQL: opened, brought to this version's tables, read and written.

Rule: writers go one at a time, across processes too, so that a version drawn later is seen later.
"""

from vats1c.database.database import CHANNEL, SCHEMA_VERSION, Database
from vats1c.database.embedded import enable_wal
from vats1c.database.errors import DatabaseError, FilesGoneError

__all__ = ["CHANNEL", "SCHEMA_VERSION", "Database", "DatabaseError", "FilesGoneError", "enable_wal"]
