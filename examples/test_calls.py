"""Example tests of a program that calls 1C as the VATS does: `pip install vats1c pytest`, then `pytest`.

`ask` takes the place of your own program, which sends SOAP requests to a configurable address.
"""

import base64
import re
import urllib.error
import urllib.request
from http import HTTPStatus
from xml.sax.saxutils import escape

import pytest

ENVELOPE = (
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
    '<{operation} xmlns="http://VATS">{parameters}</{operation}></soap:Body></soap:Envelope>'
)


def ask(service, operation, **parameters):
    """Send a request as the VATS does; return the text of the answer."""
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in parameters.items())
    login = base64.b64encode(f"{service.user}:{service.password}".encode()).decode()
    request = urllib.request.Request(
        service.url,
        ENVELOPE.format(operation=operation, parameters=inner).encode(),
        {"Content-Type": "text/xml", "Authorization": f"Basic {login}"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return re.search(r"<m:return[^>]*?(?:/>|>(.*?)</m:return>)", answer.read().decode())[1] or ""


def test_the_name_is_the_one_that_was_set(vats1c):
    vats1c.set_name("8 923 529-29-26", "Ренессанс Капитал", manager="244")

    assert ask(vats1c, "SayName", number="89235292926") == "Ренессанс Капитал"
    assert ask(vats1c, "SayName", number="89990000000") == ""


def test_a_call_is_reported_once(vats1c):
    with vats1c.expect_call(number="+7 923 529-29-26", key="gW3cyUJAtl50PhF", op="IncomingCall") as calls:
        ask(vats1c, "IncomingCall", NumFrom="89235292926", Key="gW3cyUJAtl50PhF")

    assert calls[0]["received"] == "89235292926"


def test_the_name_is_asked_for_before_the_phone_rings(vats1c):
    ask(vats1c, "SayName", number="89235292926")
    ask(vats1c, "IncomingCall", NumFrom="89235292926", Key="gW3cyUJAtl50PhF")
    vats1c.wait_for_call(op="IncomingCall", timeout=5)

    assert [call["op"] for call in vats1c.calls()] == ["SayName", "IncomingCall"]


def test_nobody_is_called_by_chance(vats1c):
    vats1c.assert_no_calls(within=0.2)


def test_what_went_wrong_is_shown(vats1c):
    ask(vats1c, "SayName", number="89235292926")

    with pytest.raises(AssertionError, match=r"number: expected \+79031112233, found \+79235292926"):
        vats1c.wait_for_call(number="8 903 111-22-33", timeout=0)


def test_a_program_survives_a_broken_1c(vats1c):
    vats1c.fault("status", status=503, op="SayName", next=1)

    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(vats1c, "SayName", number="89235292926")
    refused.value.close()

    assert refused.value.code == HTTPStatus.SERVICE_UNAVAILABLE
    assert ask(vats1c, "SayName", number="89235292926") == ""
    vats1c.fault("reset")
    vats1c.end_faults()
    assert ask(vats1c, "SayName", number="89235292926") == ""
