"""What the pages and the API work with, given by the composition root."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from vats1c.directory.editing import Editable
from vats1c.journal import Journal, Wanted
from vats1c.number import Plan
from vats1c.people import People, Person, Session, Sessions
from vats1c.screens import Screens
from vats1c.staging.conformance import Sent
from vats1c.staging.publications import Publications

if TYPE_CHECKING:
    from vats1c.staging.plans import FaultPlans


@dataclass(frozen=True, slots=True)
class Office:
    """One publication: its directory to edit, if any, and how its cards are."""

    plan: Plan
    editable: Editable | None = None
    everyone_edits: bool = False
    crm: str = ""
    # Rings the owner of a key and then a number; raises CallbackError.
    call_back: Callable[[str, str], None] | None = None
    # Describes the real 1C behind it, with so many of the last differences.
    upstream: Callable[[int], dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Bench:
    """The staging bench, where there is one: what programs sign in with, and whether whoever is on this machine may."""

    token: str
    open_here: bool = False


@dataclass(frozen=True, slots=True)
class Parts:
    """What all publications share."""

    journal: Journal
    people: People
    sessions: Sessions
    screens: Screens
    offices: Mapping[str, Office]
    # Whether browsers reach the service by https, whatever reaches this process.
    secure: bool = False
    bench: Bench | None = None
    # Those made on request, where there is a staging bench.
    on_request: Publications | None = None
    # What goes wrong on purpose, where there is a staging bench.
    faults: "FaultPlans | None" = None
    # Reads a recorded envelope again: its bytes and Content-Type; None where it cannot be read.
    read: Callable[[bytes, str], Sent | None] = lambda _body, _content_type: None
    # Sends a request to a publication from within, and returns the HTTP status of its answer.
    rehearse: Callable[[str, bytes], int] = lambda _publication, _body: 404

    def office(self, person: Person) -> Office:
        """Return where `person` works."""
        return self.offices[person.publication]

    def names(self, own: str | None) -> list[str]:
        """Return the publications that a tester of `own`, None for all, may see: theirs and those made on request."""
        return [name for name in list(self.offices) if own in (None, name) or self.is_made(name)]

    def is_made(self, name: str) -> bool:
        """Tell whether a publication was made on request."""
        return self.on_request is not None and name in self.on_request

    def edits(self, person: Person) -> bool:
        """Tell whether `person` may change the directory."""
        office = self.office(person)
        return office.editable is not None and (person.administrator or office.everyone_edits)

    def ended(self, session: Session | None, secret: str) -> str:
        """Return why whoever signed in by `session` may look on no longer, "" while they may; None: by no session."""
        if session is None or self.sessions.get(secret) is not None:
            return ""
        return "expired" if now() >= session.expires else "signed-out"


def wanted(person: Person, since: datetime | None = None) -> Wanted:
    """Return the calls that `person` may see."""
    return Wanted(person.publication, None if person.administrator else person.keys, since=since)


def now() -> datetime:
    """Return the time, aware, UTC."""
    return datetime.now(UTC)
