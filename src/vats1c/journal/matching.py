"""Match an IncomingCall to a call, as the VATS gives calls no id.

The VATS sends SayName once per call, before any phone rings, and then one IncomingCall per phone. So an IncomingCall
is matched by the first rule that applies:

1. If a SayName of the number is unclaimed, the IncomingCall begins a new call. The new call claims that SayName, and
   those of the two seconds after it.
2. If a call of the number rang within the last 30 seconds and has not rung at this phone, the phone joins the newest
   such call: a ring group.
3. If the phone has rung in all those calls, the request belongs to one of them. Within five seconds of the phone's last
   ring it is a repetition of the request and changes nothing; later the phone rings again, in the newest call.
4. Otherwise the IncomingCall begins a new call.

Calls from hidden numbers cannot be distinguished: for them only a repetition of the request is recognised.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

# How long after the last ring a phone may still join a call.
JOIN_WINDOW = timedelta(seconds=30)
# A repeated request within this time is a retry by the VATS.
REPETITION_WINDOW = timedelta(seconds=5)
# How long a SayName can be claimed by a call.
CLAIM_WINDOW = timedelta(seconds=60)
# SayNames within this time of the first one belong to the same call.
SIMULTANEITY_WINDOW = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call that a phone may still join: its id, its last ring, and the last ring of each phone by key."""

    id: int
    last: datetime
    phones: dict[str, datetime]


@dataclass(frozen=True, slots=True)
class MatchedCall:
    """The call that an IncomingCall belongs to: its id, None for a new call; a `repetition` changes no call."""

    call: int | None
    repetition: bool = False


def match(calls: Sequence[OpenCall], key: str, at: datetime, *, announced: bool, hidden: bool) -> MatchedCall:
    """Return the call that the IncomingCall for the phone `key` at the time `at` belongs to.

    `calls` are the calls of the same number, oldest first. `announced` means that a SayName of the number is unclaimed,
    `hidden` that the number is hidden.
    """
    joinable = [call for call in calls if at - call.last <= JOIN_WINDOW]
    if announced:
        return MatchedCall(None)
    for call in reversed(joinable) if not hidden else ():
        if key not in call.phones:
            return MatchedCall(call.id)
    for call in reversed(joinable):
        if key in call.phones and at - call.phones[key] <= REPETITION_WINDOW:
            return MatchedCall(call.id, repetition=True)
    return MatchedCall(joinable[-1].id) if joinable and not hidden else MatchedCall(None)
