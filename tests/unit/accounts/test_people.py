"""Who may sign in, who owns a key, and how long a session lasts."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from vats1c.accounts.basic import LoginRefused, User
from vats1c.accounts.people import PageUser, People, login_checker
from vats1c.accounts.sessions import Sessions
from vats1c.accounts.subscribers import StoredSubscriber, SubscriberStore
from vats1c.database import Database
from vats1c.metrics import Metrics
from vats1c.model import Subscriber

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ANNA = PageUser(
    "telephony", "anna", "Анна", "244", frozenset({"key-a"}), administrator=False, password_fingerprint="old"
)
HASH = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$9fDu5VTy5VvvALzIHQVLDL9iNt5NzVTTzMP6iASeUPI"


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return NOON + timedelta(seconds=self.now)

    def monotonic(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def database(tmp_path):
    opened = Database(f"sqlite:///{tmp_path / 'journal.sqlite'}")
    opened.prepare()
    yield opened
    opened.close()


@pytest.fixture
def people(database, clock):
    return make(database, clock)


def make(database, clock, anna=ANNA):
    return People(
        [(anna, User("anna", password="anna's"))],
        [("telephony", Subscriber("key-a", "Анна", "244"))],
        SubscriberStore(database),
        login_checker(Metrics(), 10),
        clock.monotonic,
    )


def test_the_owner_of_a_key_is_found_in_the_settings_and_in_the_database(people, database, clock):
    SubscriberStore(database).put(StoredSubscriber("telephony", Subscriber("key-v", "Вера", "246")))
    assert people.owner("telephony", "key-v") is None, "not looked at with every call"
    clock.now = 3

    assert people.owner("telephony", "key-v").name == "Вера"
    assert people.owner("telephony", "key-a").name == "Анна"
    assert people.owner("sales", "key-a") is None
    assert people.keys("telephony") == {"key-a", "key-v"}


def test_the_settings_come_before_the_database(people, database, clock):
    store = SubscriberStore(database)
    store.put(StoredSubscriber("telephony", Subscriber("key-a", "Самозванка", "1"), "anna2", HASH))
    store.put(StoredSubscriber("telephony", Subscriber("key-x", "Самозванец", "2"), "anna", HASH))
    clock.now = 3

    assert people.owner("telephony", "key-a").name == "Анна"
    assert people.by_login("anna2") is None
    assert people.by_login("anna") == ANNA


@pytest.mark.parametrize(("login", "password"), [("anna", "wrong"), ("nobody", "anna's"), ("", ""), ("ан:на", "x")])
def test_only_the_right_password_signs_in(people, login, password):
    assert people.sign_in("anna", "anna's", "10.0.0.1") == ANNA
    with pytest.raises(LoginRefused):
        people.sign_in(login, password, "10.0.0.1")


def test_a_database_that_does_not_answer_leaves_everybody_as_they_were(people, database, clock, tmp_path, capfd):
    SubscriberStore(database).put(StoredSubscriber("telephony", Subscriber("key-v", "Вера")))
    clock.now = 3
    assert people.owner("telephony", "key-v")
    with closing(sqlite3.connect(tmp_path / "journal.sqlite")) as broken:
        broken.execute("DROP TABLE subscribers")
    clock.now = 6

    assert people.owner("telephony", "key-v").name == "Вера"


def test_a_session_lasts_as_long_as_it_may_and_is_renewed_by_use(people, database, clock):
    sessions = Sessions(database, people, 2, clock)
    secret, expires = sessions.begin(ANNA)
    assert expires == NOON + timedelta(hours=2)
    assert sessions.get(secret).person == ANNA
    assert sessions.get(secret + "x") is None

    clock.now = 30 * 60
    assert sessions.renew(ANNA, secret) == expires, "half of it is not over"
    clock.now = 90 * 60
    assert sessions.renew(ANNA, secret) == NOON + timedelta(minutes=210)
    clock.now = 200 * 60
    assert sessions.get(secret)
    clock.now = 211 * 60
    assert sessions.get(secret) is None


def test_the_database_holds_nothing_that_signs_in(people, database, clock, tmp_path):
    sessions = Sessions(database, people, 2, clock)
    secret, _ = sessions.begin(ANNA)
    link = sessions.link(ANNA)
    database.close()

    for file in tmp_path.glob("journal.sqlite*"):
        assert secret.encode() not in file.read_bytes()
        assert link.encode() not in file.read_bytes()


def test_a_link_signs_in_once_and_within_half_an_hour(people, database, clock):
    sessions = Sessions(database, people, 2, clock)
    first, second = sessions.link(ANNA), sessions.link(ANNA)
    assert sessions.get(first) is None, "a link is no session"
    assert sessions.use_link(first) == ANNA
    assert sessions.use_link(first) is None
    clock.now = 31 * 60
    assert sessions.use_link(second) is None


def test_a_session_ends_with_the_password_it_began_with(people, database, clock):
    secret, _ = Sessions(database, people, 2, clock).begin(ANNA)
    other = PageUser(
        "telephony", "anna", "Анна", "244", frozenset({"key-a"}), administrator=False, password_fingerprint="new"
    )

    assert Sessions(database, make(database, clock, other), 2, clock).get(secret) is None


def test_whoever_signs_out_is_out(people, database, clock):
    sessions = Sessions(database, people, 2, clock)
    secret, _ = sessions.begin(ANNA)
    sessions.end(secret)

    assert sessions.get(secret) is None
