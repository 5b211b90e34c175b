"""Read a recorded request once more, for the conformance report.

Rule: the parser of `soap` reads it, as it did when the request came: a request never has two readings.
"""

from lxml import etree

from vats1c.soap import parser
from vats1c.soap.fault import SoapFault
from vats1c.soap.parser import split_tag
from vats1c.staging.conformance import SentRequest
from vats1c.xmlsafe import SOAP12


def read(body: bytes, content_type: str) -> SentRequest | None:
    """Return what the envelope in `body` held; None where it cannot be read."""
    try:
        request = parser.read(body, content_type)
    except SoapFault:
        return None
    return SentRequest(
        "1.2" if request.version == SOAP12 else "1.1",
        request.namespace,
        request.operation,
        tuple((*split_tag(parameter), parameter.text or "") for parameter in _elements(request.element)),
    )


def _elements(operation: etree._Element) -> list[etree._Element]:
    return [one for one in operation if isinstance(one.tag, str)]
