"""The objects that the pages and the API work with; the application creates them (app/application.py)."""

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
    """One publication as its pages show it: its editable directory, if any, and the settings of its cards."""

    plan: NumberPlan
    editable: Editable | None = None
    everyone_edits: bool = False
    crm: str = ""
    # Rings the employee with a key and then a number (key, number); raises DirectoryError.
    click_to_call: Callable[[str, str], None] | None = None
    # Describes the real 1C behind the publication; the parameter is the max number of its last differences.
    upstream: Callable[[int], dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class TesterAccess:
    """Access to the staging bench: the token of programs; `open_here` admits clients on this machine without it."""

    token: str
    open_here: bool = False


@dataclass(frozen=True, slots=True)
class WebContext:
    """The objects that all publications share; None for a part of the staging bench if there is no bench."""

    journal: Journal
    people: People
    sessions: Sessions
    windows: WindowRegistry
    views: Mapping[str, PublicationView]
    # Whether browsers reach the service by https, even if a proxy forwards plain http to this process.
    secure: bool = False
    tester_access: TesterAccess | None = None
    # The publications that were made on request.
    dynamic_publications: Publications | None = None
    # The faults on purpose.
    faults: "FaultPlans | None" = None
    # Parses a recorded envelope, given its bytes and Content-Type; returns None if it is malformed.
    read: Callable[[bytes, str], SentRequest | None] = lambda _body, _content_type: None
    # Sends a SOAP request (publication, body) inside this process; returns the HTTP status of the answer.
    send_test_request: Callable[[str, bytes], int] = lambda _publication, _body: 404

    def view_of(self, person: PageUser) -> PublicationView:
        """Return the publication that `person` belongs to."""
        return self.views[person.publication]

    def names(self, own: str | None) -> list[str]:
        """Return the publications that a tester may see: `own`, or all if it is None, and those made on request."""
        return [name for name in list(self.views) if own in (None, name) or self.is_dynamic(name)]

    def is_dynamic(self, name: str) -> bool:
        """Tell whether a publication was made on request."""
        return self.dynamic_publications is not None and name in self.dynamic_publications

    def edits(self, person: PageUser) -> bool:
        """Tell whether `person` may change the directory."""
        view = self.view_of(person)
        return view.editable is not None and (person.administrator or view.everyone_edits)

    def end_reason(self, session: Session | None, secret: str) -> str:
        """Return why a window must close, "expired" or "signed-out"; "" while it may stay open.

        `session` and `secret` are those by which its user signed in; without a session (None) it may stay open.
        """
        if session is None or self.sessions.get(secret) is not None:
            return ""
        return "expired" if now() >= session.expires else "signed-out"


def visible_calls(person: PageUser, since: datetime | None = None) -> CallFilter:
    """Return a filter of the calls that `person` may see, from the time `since` on."""
    return CallFilter(person.publication, None if person.administrator else person.keys, since=since)


def now() -> datetime:
    """Return the current time, aware, in UTC."""
    return datetime.now(UTC)
