"""A service with people, for all tests or for one."""

import pytest

from office import PEOPLE, SOAP_USER, STORE, Office


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
