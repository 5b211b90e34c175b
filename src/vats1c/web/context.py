"""The objects that the pages and the API work with; the application creates them (app/application.py)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from vats1c.accounts.people import PageUser, People
from vats1c.accounts.sessions import Session, Sessions
from vats1c.directory.editing import Editable
from vats1c.journal import CallFilter, Journal
from vats1c.number import NumberPlan
from vats1c.push.windows import WindowRegistry


@dataclass(frozen=True, slots=True)
class PublicationView:
    """One publication as its pages show it: its editable directory, if any, and the settings of its cards."""

    plan: NumberPlan
    editable: Editable | None = None
    everyone_edits: bool = False
    crm: str = ""
    # Function (key, number): rings the phone of the employee who has this key, then connects it to the number. Raises
    # DirectoryError.
    click_to_call: Callable[[str, str], None] | None = None
    # Describes the real 1C behind the publication; the parameter is the maximum number of differences.
    upstream: Callable[[int], dict[str, Any]] | None = None
    # Called at each use of a publication that was made on request; None for a publication of the settings.
    touch: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class TesterAccess:
    """Access to the staging bench: the token of programs; `open_here` admits clients on this machine without it."""

    token: str
    open_here: bool = False


@dataclass(frozen=True, slots=True)
class WebContext:
    """The objects that all publications share; `tester_access` is None if the staging bench is off."""

    journal: Journal
    people: People
    sessions: Sessions
    windows: WindowRegistry
    views: Mapping[str, PublicationView]
    # Whether browsers reach the service by https, even if a proxy forwards plain http to this process.
    secure: bool = False
    tester_access: TesterAccess | None = None

    def view_of(self, person: PageUser) -> PublicationView:
        """Return the publication that `person` belongs to."""
        return self.views[person.publication]

    def names(self, own: str | None) -> list[str]:
        """Return the publications that a tester may see: `own` (all if None), and the publications made on request."""
        return [name for name, view in list(self.views.items()) if own in (None, name) or view.touch is not None]

    def edits(self, person: PageUser) -> bool:
        """Tell whether `person` may change the directory."""
        view = self.view_of(person)
        return view.editable is not None and (person.administrator or view.everyone_edits)

    def end_reason(self, session: Session | None, secret: str) -> str:
        """Return why a window must close, "expired" or "signed-out"; "" while it may stay open.

        The user signed in with `session`, whose secret is `secret`; a window without a session (None) may stay open.
        """
        if session is None or self.sessions.get(secret) is not None:
            return ""
        return "expired" if now() >= session.expires else "signed-out"


def visible_calls(person: PageUser, since: datetime | None = None) -> CallFilter:
    """Return a filter of the calls that `person` may see, from the time `since` on."""
    return CallFilter(person.publication, None if person.administrator else person.keys, since=since)


def now() -> datetime:
    """Return the current time in UTC, with its zone."""
    return datetime.now(UTC)
