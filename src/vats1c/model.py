"""The words of the trade as data: who calls, who is called, and the call between them."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever is ringing, as a directory knows them.

    `manager` is the internal extension of the responsible manager, by which the PBX routes; "" when unknown.
    `category` is the client's category as the directory's owner writes it ("0", "VIP").
    """

    name: str
    company: str = ""
    category: str = ""
    manager: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """The employee whose phone rings; the VATS issues the key and sends it in each IncomingCall."""

    key: str
    name: str
    extension: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One IncomingCall: it rings at the owner of `key`.

    `received` is the number as the VATS sent it, `number` its canonical E.164 form ("+79235292926"), None where
    it has none (hidden, short, textual); `caller` is the name found, "" for an unknown caller. `at` is aware, UTC.
    """

    publication: str
    at: datetime
    received: str
    number: str | None
    key: str
    caller: str
