"""Which call an IncomingCall belongs to: the VATS gives calls no id.

The VATS asks SayName once for a call, before the phones ring, and then reports each phone. So:

1. A SayName that no call has yet claimed begins a new call, which claims it, with the SayNames of the next two seconds.
2. Otherwise a phone joins the newest call of its number that rang within the last thirty seconds and does not ring at
   that phone yet: a group.
3. A phone that rings already in all of them belongs to the newest: the same request again within five seconds is a
   repetition and changes nothing, later it rings again.
4. Otherwise it is a new call.

Hidden numbers cannot be told apart: only the repetition of a request is recognised.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

# How long after the last ring a phone may still join a call.
JOIN_WINDOW = timedelta(seconds=30)
# The same request within this time is the VATS trying again.
REPETITION_WINDOW = timedelta(seconds=5)
# How long a SayName waits for its call, and how long after the first the others belong to the same one.
CLAIM_WINDOW = timedelta(seconds=60)
SIMULTANEITY_WINDOW = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call that may still be joined: when it rang last, and the phones it rings at with their last ring."""

    id: int
    last: datetime
    phones: dict[str, datetime]


@dataclass(frozen=True, slots=True)
class MatchedCall:
    """Where an IncomingCall belongs: `call` None for a new one; `repetition` when nothing has to be written."""

    call: int | None
    repetition: bool = False


def match(calls: Sequence[OpenCall], key: str, at: datetime, *, announced: bool, hidden: bool) -> MatchedCall:
    """Return where the IncomingCall for `key` at `at` belongs.

    `calls` are those of the same number, oldest first; `announced` tells that a SayName of it waits unclaimed.
    """
    alive = [call for call in calls if at - call.last <= JOIN_WINDOW]
    if announced:
        return MatchedCall(None)
    for call in reversed(alive) if not hidden else ():
        if key not in call.phones:
            return MatchedCall(call.id)
    for call in reversed(alive):
        if key in call.phones and at - call.phones[key] <= REPETITION_WINDOW:
            return MatchedCall(call.id, repetition=True)
    return MatchedCall(alive[-1].id) if alive and not hidden else MatchedCall(None)
