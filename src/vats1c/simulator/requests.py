"""Build the VATS's requests, byte for byte as on the vendor's page.

Rule: tests/simulator compares the requests with the vendor's examples in tests/wire/examples.
"""

import base64
from html import escape

from vats1c.xmlsafe import SOAP_NAMESPACES, without_forbidden_characters

VATS = "http://VATS"
# The vendor's request has no charset and no SOAPAction.
CONTENT_TYPES = {"1.1": "text/xml", "1.2": "application/soap+xml; charset=utf-8"}
_REQUEST = """\
<?xml version="1.0" encoding="{encoding}"?>
<soap:Envelope xmlns:soap="{envelope}">
    <soap:Body>
        <{operation} xmlns="{namespace}">
{parameters}        </{operation}>
    </soap:Body>
</soap:Envelope>
"""
_PARAMETER = "            <{name}>{value}</{name}>\n"


def say_name(number: str, soap: str = "1.1", namespace: str = VATS, parameter: str = "number") -> bytes:
    """Return the body of a SayName request about `number`."""
    return request("SayName", {parameter: number}, soap, namespace)


def incoming_call(number: str, key: str, soap: str = "1.1", namespace: str = VATS) -> bytes:
    """Return the body of an IncomingCall request: `number` rings at the subscriber with `key`."""
    return request("IncomingCall", {"NumFrom": number, "Key": key}, soap, namespace)


def request(operation: str, parameters: dict[str, str], soap: str, namespace: str, encoding: str = "utf-8") -> bytes:
    """Return the body of a request for any operation, in SOAP "1.1" or "1.2", in the `encoding` that it declares."""
    return _REQUEST.format(
        encoding=encoding,
        envelope=SOAP_NAMESPACES[soap],
        operation=operation,
        namespace=escape(namespace),
        parameters="".join(
            _PARAMETER.format(name=name, value=escape(without_forbidden_characters(value), quote=False))
            for name, value in parameters.items()
        ),
    ).encode(encoding, "xmlcharrefreplace")


def headers(soap: str, user: str, password: str) -> dict[str, str]:
    """Return the VATS's HTTP headers by name, in the VATS's order; no Authorization when `user` is ""."""
    leading_headers = {"Content-Type": CONTENT_TYPES[soap]}
    if user:
        leading_headers["Authorization"] = basic(user, password)
    return {**leading_headers, "Cache-Control": "no-cache", "Accept": "*/*", "User-Agent": "vats1c"}


def basic(user: str, password: str) -> str:
    """Return the value of a Basic Authorization header, in UTF-8 because 1C decodes logins as UTF-8."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
