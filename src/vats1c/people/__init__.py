"""Employees and administrators: who owns a key, who may sign in to the pages and the API, and who is signed in."""

from vats1c.people.people import LoginTakenError, People, Person, logins_with
from vats1c.people.sessions import Session, Sessions
from vats1c.people.store import SubscriberStore

__all__ = ["LoginTakenError", "People", "Person", "Session", "Sessions", "SubscriberStore", "logins_with"]
