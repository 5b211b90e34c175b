"""zeep generates a client from the published WSDL and calls both operations over both SOAP versions."""

import pytest

zeep = pytest.importorskip("zeep", reason="zeep is not installed (requirements-dev.txt)")
pytestmark = [
    pytest.mark.clients,
    # zeep's own, not ours: it parses with a deprecated option of lxml.
    pytest.mark.filterwarnings("ignore::DeprecationWarning:zeep.*"),
]


def client(live, port):
    import requests

    session = requests.Session()
    session.auth = ("SOAP", "123")
    made = zeep.Client(live.endpoint + "?wsdl", transport=zeep.Transport(session=session, timeout=10))
    return made.bind("VATS", port)


@pytest.mark.parametrize("port", ["VATSSoap", "VATSSoap12"])
def test_it_says_the_name(live, port):
    assert client(live, port).SayName(number="89235292926") == "VIP:Ренессанс Капитал"
    assert client(live, port).SayName(number="84957771234") == 'Рога & Копыта <ООО> "Юг"'


@pytest.mark.parametrize("port", ["VATSSoap", "VATSSoap12"])
def test_an_unknown_caller_has_no_name(live, port):
    assert not client(live, port).SayName(number="89990000000")


@pytest.mark.parametrize("port", ["VATSSoap", "VATSSoap12"])
def test_it_reports_an_incoming_call_that_is_then_in_the_journal(live, port):
    key = f"zeep-{port}"

    assert client(live, port).IncomingCall(NumFrom="89235292926", Key=key) == "1"

    assert [call["caller"] for call in live.journal() if call["key"] == key] == ["VIP:Ренессанс Капитал"]


@pytest.mark.parametrize(("port", "code"), [("VATSSoap", "soap:Client"), ("VATSSoap12", "soap:Sender")])
def test_a_fault_is_a_fault_to_it(live, port, code):
    from zeep.exceptions import Fault

    binding = client(live, port)
    binding._binding_options["address"] = live.url + "/nowhere/ws/VATS"

    with pytest.raises(Fault, match="веб-сервис") as fault:
        binding.SayName(number="1")

    assert code in (fault.value.code, fault.value.code and fault.value.code.split("}")[-1])


def test_the_published_later_contract_answers_with_the_data_document(start):
    later = start(extra='[say_name]\nparameter = "Number"\n')

    answer = client(later, "VATSSoap").SayName(Number="89235292926")

    assert "<title>VIP:Ренессанс Капитал</title>" in answer
    assert "<phone>244</phone>" in answer
