"""Parse a recorded request again, for the conformance report.

Rule: only the parser of `soap` is used, as for the original request, so that both always have the same result.
"""

from lxml import etree

from vats1c.soap import parser
from vats1c.soap.fault import SoapFault
from vats1c.soap.parser import split_tag
from vats1c.staging.conformance import SentRequest
from vats1c.xmlsafe import SOAP12


def read(body: bytes, content_type: str) -> SentRequest | None:
    """Return the parsed envelope `body`; None if it cannot be parsed."""
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
