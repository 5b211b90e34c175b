"""The directory of our own: callers kept in one SQLite file, added, changed, imported and found by text."""

from vats1c.directory.store.directory import StoreDirectory

__all__ = ["StoreDirectory"]
