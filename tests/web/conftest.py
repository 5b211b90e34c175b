"""A service with people, for all tests or for one."""

import pytest

from tests.support.office import PEOPLE, SOAP_USER, STORE, Office
from tests.support.tester import STAGING, BenchClient


@pytest.fixture(scope="session")
def people_live(start):
    return start(extra=STORE.replace("[[", "\n[["), users=SOAP_USER + PEOPLE)


@pytest.fixture
def office(people_live):
    return Office(people_live)


@pytest.fixture
def own_office(start):
    """A service that a test may change."""

    def one(extra="", **given):
        return Office(start(extra=extra + STORE, users=SOAP_USER + PEOPLE, **given))

    return one


@pytest.fixture(scope="session")
def bench_live(start):
    return start(extra=STAGING, users=SOAP_USER + PEOPLE)


@pytest.fixture
def tester(bench_live):
    return BenchClient(bench_live)


@pytest.fixture
def publication(tester):
    """A publication of the test's own."""
    return tester.made(callers=[{"number": "8 923 529-29-26", "name": "Анна"}])["name"]
