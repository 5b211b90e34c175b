"""The right login passes at once, the wrong one is slowed, and neither harms the other."""

import base64

import pytest

from vats1c.accounts.basic import LoginRefused, Logins, User
from vats1c.accounts.passwords import hash_password, is_hash
from vats1c.metrics import Metrics

HOME, ABROAD = "192.0.2.1", "203.0.113.9"


def header(name, password, scheme="Basic", encoding="utf-8"):
    return f"{scheme} " + base64.b64encode(f"{name}:{password}".encode(encoding)).decode()


class Clock:
    """Time that moves when it is slept through or pushed."""

    def __init__(self):
        self.now = 1_000.0
        self.slept = 0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept += 1
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def logins(clock):
    def made(*users, allowed=3):
        return Logins(users or (User("SOAP", "123"),), Metrics(), allowed, now=clock, sleep=clock.sleep)

    return made


def status(logins, given, address=HOME):
    try:
        logins.check(given, address)
    except LoginRefused as refused:
        return refused.status
    return 200


@pytest.mark.parametrize(
    ("name", "password"),
    [("SOAP", "123"), ("Телефония", "пароль"), ("u", "with:colon::"), ("пользователь с пробелом", " "), ("é", "☎")],
)
@pytest.mark.parametrize("hashed", [False, True])
def test_a_right_login_passes_whatever_it_is_made_of(logins, name, password, hashed):
    user = User(name, hashed=hash_password(password)) if hashed else User(name, password)

    assert status(logins(user), header(name, password)) == 200


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_the_scheme_is_read_in_any_case(logins, scheme):
    assert status(logins(), header("SOAP", "123", scheme)) == 200


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic U09BUDoxMjM",  # padding missing
        "Basic U09BUDox MjM=",
        "Basic\tU09BUDoxMjM=",
        "Bearer U09BUDoxMjM=",
        "U09BUDoxMjM=",
        "Digest username=SOAP",
        "Basic " + base64.b64encode(b"SOAP").decode(),  # no colon
        "Basic " + "A" * 5_000,
        "Basic \u0445",
        header("SOAP", "1234"),
        header("SOAP", ""),
        header("soap", "123"),
        header("", "123"),
        header("SOAP ", "123"),
        header("SOAP", "123", encoding="utf-16"),
    ],
)
def test_a_wrong_or_unreadable_login_is_refused(logins, given):
    assert status(logins(), given) == 401


def test_a_cyrillic_login_in_windows_1251_is_wrong_as_it_is_for_1c(logins):
    assert status(logins(User("Телефония", "123")), header("Телефония", "123", encoding="windows-1251")) == 401


def test_a_hash_is_verified_once_and_then_remembered(logins, monkeypatch):
    verified = []
    from vats1c.accounts import basic

    monkeypatch.setattr(basic, "verify", lambda *given: verified.append(given) or True)
    some = logins(User("SOAP", hashed=hash_password("123")))

    assert [status(some, header("SOAP", "123")) for _ in range(5)] == [200] * 5
    assert len(verified) == 1


def test_the_same_wrong_password_is_hashed_once_too(logins, monkeypatch):
    verified = []
    from vats1c.accounts import basic

    monkeypatch.setattr(basic, "verify", lambda *given: bool(verified.append(given)))
    some = logins(User("SOAP", hashed=hash_password("123")), allowed=100)

    assert [status(some, header("SOAP", "no")) for _ in range(5)] == [401] * 5
    assert len(verified) == 1


def test_a_name_that_nobody_has_takes_as_long_as_one_that_exists(logins, monkeypatch):
    verified = []
    from vats1c.accounts import basic

    monkeypatch.setattr(basic, "verify", lambda *given: bool(verified.append(given)) or True)

    assert status(logins(User("SOAP", hashed=hash_password("123"))), header("nobody", "123")) == 401
    assert len(verified) == 1


def test_repeated_failures_are_slowed_and_counted(clock):
    metrics = Metrics()
    some = Logins([User("SOAP", "123")], metrics, 3, now=clock, sleep=clock.sleep)

    answers = [status(some, header("SOAP", f"guess {number}")) for number in range(5)]

    assert (answers, clock.slept) == ([401] * 5, 2)
    assert metrics.registry.get_sample_value("vats1c_failed_logins_total", {"outcome": "refused"}) == 3
    assert metrics.registry.get_sample_value("vats1c_failed_logins_total", {"outcome": "slowed"}) == 2


@pytest.mark.parametrize("hashed", [False, True])
def test_a_right_login_is_never_locked_out_even_from_the_address_of_the_guesser(logins, clock, hashed):
    some = logins(User("SOAP", hashed=hash_password("123")) if hashed else User("SOAP", "123"))
    for number in range(20):
        status(some, header("SOAP", f"guess {number}"))
    slept = clock.slept

    assert status(some, header("SOAP", "123")) == 200
    assert clock.slept == slept


def test_another_address_is_not_slowed(logins, clock):
    some = logins()
    for number in range(5):
        status(some, header("SOAP", f"guess {number}"), ABROAD)
    slept = clock.slept

    assert status(some, header("SOAP", "wrong"), HOME) == 401
    assert clock.slept == slept


def test_failures_are_forgotten_after_a_minute(logins, clock):
    some = logins()
    for number in range(5):
        status(some, header("SOAP", f"guess {number}"))
    clock.now += 61
    slept = clock.slept

    assert status(some, header("SOAP", "wrong")) == 401
    assert clock.slept == slept


def test_only_so_many_guessers_wait_at_once_and_the_rest_are_turned_away(logins, clock):
    some = logins(allowed=1)
    status(some, header("SOAP", "first"))
    inner = []

    def guess_while_waiting(seconds):
        if len(inner) < 20:
            inner.append(status(some, header("SOAP", f"inner {len(inner)}")))

    some._sleep = guess_while_waiting
    status(some, header("SOAP", "outer"))

    assert 429 in inner


def test_a_request_without_credentials_is_not_a_guess(logins, clock):
    some = logins()
    for _ in range(20):
        assert status(some, None) == 401

    assert clock.slept == 0


def test_only_argon2_hashes_are_hashes():
    assert is_hash(hash_password("123"))
    assert not is_hash("123")
    assert not is_hash("$2b$12$abcdefghijklmnopqrstuv")
