"""The record of exchanges and calls: written durably before the VATS is told `1`; read back by cursor."""

from vats1c.journal.journal import RECEIPTS, Journal, JournalError
from vats1c.journal.reading import EVERY, Reader, UnknownNumber, Wanted
from vats1c.journal.retention import Limits
from vats1c.journal.ringing import Rang

__all__ = ["EVERY", "RECEIPTS", "Journal", "JournalError", "Limits", "Rang", "Reader", "UnknownNumber", "Wanted"]
