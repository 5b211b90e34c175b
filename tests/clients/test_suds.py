"""suds-community generates a client from the published WSDL and calls both operations over both SOAP versions."""

import base64

import pytest

suds = pytest.importorskip("suds", reason="suds-community is not installed (requirements-dev.txt)")
pytestmark = pytest.mark.clients

LOGIN = {"Authorization": "Basic " + base64.b64encode(b"SOAP:123").decode()}


@pytest.fixture(params=["VATSSoap", "VATSSoap12"])
def service(live, request):
    from suds.client import Client

    return Client(live.endpoint + "?wsdl", headers=LOGIN, cache=None, port=request.param, timeout=10).service


def test_it_says_the_name(service):
    assert service.SayName("89235292926") == "VIP:Ренессанс Капитал"


def test_it_reports_an_incoming_call(service):
    assert service.IncomingCall("89235292926", "suds") == "1"


def test_an_unknown_caller_has_no_name(service):
    assert not service.SayName("89990000000")


def test_a_wrong_password_is_an_error_of_its_own(live):
    from suds.client import Client

    stranger = Client(live.endpoint + "?wsdl", cache=None, timeout=10)

    with pytest.raises(Exception, match="Unauthorized") as error:  # suds has no class for it
        stranger.service.SayName("89235292926")
    assert error.value.args[0] == (401, "Unauthorized")
