"""The record of exchanges and calls: written durably before the VATS is told `1`; read back by cursor."""

from vats1c.journal.bell import Bell, TooManyWaitingError
from vats1c.journal.exchanges import REFUSED, Found, Sought
from vats1c.journal.journal import RECEIPTS, Journal, JournalError
from vats1c.journal.reading import EVERY, Asked, Reader, UnknownNumber, Wanted
from vats1c.journal.retention import Limits
from vats1c.journal.ringing import Rang

__all__ = [
    "EVERY",
    "RECEIPTS",
    "REFUSED",
    "Asked",
    "Bell",
    "Found",
    "Journal",
    "JournalError",
    "Limits",
    "Rang",
    "Reader",
    "Sought",
    "TooManyWaitingError",
    "UnknownNumber",
    "Wanted",
]
