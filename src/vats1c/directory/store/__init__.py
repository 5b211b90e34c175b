"""The embedded directory: callers in one SQLite file, which can be edited, imported and searched by text."""

from vats1c.directory.store.directory import StoreDirectory

__all__ = ["StoreDirectory"]
