"""The record of calls: written once, durably, before the VATS is told `1`; read back by id."""

from vats1c.journal.journal import Journal, JournalError, Recorded

__all__ = ["Journal", "JournalError", "Recorded"]
