"""What the pages and the API work with, given by the composition root."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from vats1c.accounts.people import PageUser, People
from vats1c.accounts.sessions import Session, Sessions
from vats1c.directory.editing import Editable
from vats1c.journal import CallFilter, Journal
from vats1c.number import NumberPlan
from vats1c.push.windows import WindowRegistry
from vats1c.staging.conformance import SentRequest
from vats1c.staging.publications import Publications

if TYPE_CHECKING:
    from vats1c.staging.plans import FaultPlans


@dataclass(frozen=True, slots=True)
class PublicationView:
    """One publication: its directory to edit, if any, and how its cards are."""

    plan: NumberPlan
    editable: Editable | None = None
    everyone_edits: bool = False
    crm: str = ""
    # Rings the owner of a key and then a number; raises CallbackError.
    click_to_call: Callable[[str, str], None] | None = None
    # Describes the real 1C behind it, with so many of the last differences.
    upstream: Callable[[int], dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class TesterAccess:
    """The staging bench, where there is one: what programs sign in with, and whether whoever is on this machine may."""

    token: str
    open_here: bool = False


@dataclass(frozen=True, slots=True)
class WebContext:
    """What all publications share."""

    journal: Journal
    people: People
    sessions: Sessions
    windows: WindowRegistry
    views: Mapping[str, PublicationView]
    # Whether browsers reach the service by https, whatever reaches this process.
    secure: bool = False
    tester_access: TesterAccess | None = None
    # Those made on request, where there is a staging bench.
    dynamic_publications: Publications | None = None
    # What goes wrong on purpose, where there is a staging bench.
    faults: "FaultPlans | None" = None
    # Reads a recorded envelope again: its bytes and Content-Type; None where it cannot be read.
    read: Callable[[bytes, str], SentRequest | None] = lambda _body, _content_type: None
    # Sends a request to a publication from within, and returns the HTTP status of its answer.
    send_test_request: Callable[[str, bytes], int] = lambda _publication, _body: 404

    def view_of(self, person: PageUser) -> PublicationView:
        """Return where `person` works."""
        return self.views[person.publication]

    def names(self, own: str | None) -> list[str]:
        """Return the publications that a tester of `own`, None for all, may see: theirs and those made on request."""
        return [name for name in list(self.views) if own in (None, name) or self.is_dynamic(name)]

    def is_dynamic(self, name: str) -> bool:
        """Tell whether a publication was made on request."""
        return self.dynamic_publications is not None and name in self.dynamic_publications

    def edits(self, person: PageUser) -> bool:
        """Tell whether `person` may change the directory."""
        office = self.view_of(person)
        return office.editable is not None and (person.administrator or office.everyone_edits)

    def end_reason(self, session: Session | None, secret: str) -> str:
        """Return why whoever signed in by `session` may look on no longer, "" while they may; None: by no session."""
        if session is None or self.sessions.get(secret) is not None:
            return ""
        return "expired" if now() >= session.expires else "signed-out"


def visible_calls(person: PageUser, since: datetime | None = None) -> CallFilter:
    """Return the calls that `person` may see."""
    return CallFilter(person.publication, None if person.administrator else person.keys, since=since)


def now() -> datetime:
    """Return the time, aware, UTC."""
    return datetime.now(UTC)
