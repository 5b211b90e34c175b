"""The pytest plugin: the fixture `vats1c`, a stand-in for 1C that records calls for a test.

Rule: the plugin imports, starts and changes nothing until a test uses the fixture.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from vats1c.api_client import Client
    from vats1c.testing.fixture import Vats1cFixture


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options --vats1c-url and --vats1c-token."""
    group = parser.getgroup("vats1c", "a stand-in for 1C")
    group.addoption(
        "--vats1c-url", default="", help="URL of a running service to use; by default a new service is started."
    )
    group.addoption(
        "--vats1c-token", default="", help="Token of its staging bench; by default the value of VATS1C_TOKEN."
    )


@pytest.fixture(scope="session")
def vats1c_client(request: pytest.FixtureRequest) -> "Iterator[Client]":
    """A client of the service at --vats1c-url, else of a new service per test process (pytest-xdist worker)."""
    import os  # noqa: PLC0415 - see the rule

    from vats1c.api_client import Client  # noqa: PLC0415 - likewise
    from vats1c.testing.service import NotStartedError, ServiceProcess  # noqa: PLC0415 - likewise

    url: str = request.config.getoption("--vats1c-url")
    if url:
        yield Client(url, request.config.getoption("--vats1c-token") or os.environ.get("VATS1C_TOKEN", ""))
        return
    try:
        service = ServiceProcess()
    except NotStartedError as error:
        pytest.fail(f"vats1c did not start:\n{error}", pytrace=False)
    try:
        yield Client(service.url, service.token)
    finally:
        service.stop()


@pytest.fixture
def vats1c(vats1c_client: "Client") -> "Iterator[Vats1cFixture]":
    """A stand-in for 1C, separate for each test: url, wsdl_url, user, password, set_name, expect_call and others."""
    from vats1c.api_client import ApiFailure  # noqa: PLC0415 - see the rule
    from vats1c.testing.fixture import Vats1cFixture  # noqa: PLC0415 - likewise

    try:
        fixture = Vats1cFixture(vats1c_client)
    except ApiFailure as error:
        pytest.fail(f"vats1c: {vats1c_client.base}: {error}", pytrace=False)
    yield fixture
    fixture.close()
