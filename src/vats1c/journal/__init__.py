"""The journal of exchanges and calls: a call is on disk before the VATS gets the answer `1`; readers have cursors."""

from vats1c.journal.change_notifier import ChangeNotifier, TooManyWaitersError
from vats1c.journal.exchange_search import REFUSED, ExchangeSearch, FoundExchanges
from vats1c.journal.journal import RECEIPTS, Journal, JournalError
from vats1c.journal.queries import ALL_CALLS, CallFilter, ExchangeFilter, Reader, UnknownNumber
from vats1c.journal.retention import Retention
from vats1c.journal.rings import RecordedCall

__all__ = [
    "ALL_CALLS",
    "RECEIPTS",
    "REFUSED",
    "CallFilter",
    "ChangeNotifier",
    "ExchangeFilter",
    "ExchangeSearch",
    "FoundExchanges",
    "Journal",
    "JournalError",
    "Reader",
    "RecordedCall",
    "Retention",
    "TooManyWaitersError",
    "UnknownNumber",
]
