"""Read a SOAP request: parse and check its envelope, and return the requested operation; raise SoapFault otherwise.

Rule: only ordinary envelopes pass, so the other modules need not check them again. An envelope is refused if it cannot
be read, if it has parts that SOAP forbids (DTD, processing instructions), or if it has parts that no operation here
needs, because each takes at most two parameters, all of them text (multi-ref, nested values, thousands of elements).
"""

import re
import threading
from functools import lru_cache

from lxml import etree

from vats1c.soap.fault import SoapFault
from vats1c.soap.request import EnvelopeTemplates, SoapRequest, split_qname
from vats1c.xmlsafe import BYTE_ORDER_MARKS, ENCODINGS, SOAP11, SOAP12, XSI_NIL, new_parser

_MAX_ELEMENTS = 500
_MAX_ATTRIBUTES = 32
_MAX_NAMESPACES = 100
# Cache: the opening of a plain request (its bytes up to the first ">") → whether the opening declares an encoding.
# Only openings of requests that passed `_parse_checked` are stored.
_plain_openings: dict[bytes, bool] = {}
_MAX_PLAIN_OPENINGS = 64
_DECLARED = re.compile(rb"""\s*<\?xml[^>]*?\bencoding\s*=""")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([^\s;"']+)""", re.IGNORECASE)
# The actors (SOAP 1.1 §4.2.2) and roles (SOAP 1.2 part 1, §2.2) that address this service.
_OUR_ROLES = frozenset(
    {
        None,
        "",
        "http://schemas.xmlsoap.org/soap/actor/next",
        f"{SOAP12}/role/next",
        f"{SOAP12}/role/ultimateReceiver",
    }
)


def version_hint(content_type: str, body: bytes = b"") -> str:
    """Return the probable SOAP version of an envelope that cannot be read, for the fault that answers it."""
    text_bytes = _without_nul(body)
    for version in (SOAP12, SOAP11):
        if version.encode() in text_bytes:
            return version
    return SOAP12 if "application/soap+xml" in content_type.lower() else SOAP11


def _read(body: bytes, content_type: str) -> SoapRequest:
    """Return the request in `body`. Raises SoapFault, whose `version` is the SOAP version of the answer."""
    try:
        return _parse_envelope(body, content_type)
    except SoapFault as fault:
        fault.version = fault.version or version_hint(content_type, body)
        raise


def _parse_envelope(body: bytes, content_type: str) -> SoapRequest:
    if content_type.lower().startswith("multipart/"):
        raise SoapFault("Client", "type", "multipart не поддерживается", "multipart is not supported", status=415)
    plain = _is_plain(body)
    opening = body[: body.find(b">") + 1] if plain else b""
    if plain and opening in _plain_openings:
        root = _parse(body, None if _plain_openings[opening] else _named_charset(content_type))
    else:
        root = _parse_checked(body, _charset(body, content_type))
        if plain and len(_plain_openings) < _MAX_PLAIN_OPENINGS:
            _plain_openings[opening] = _DECLARED.match(opening) is not None
    version, name = split_tag(root)
    if name != "Envelope" or version not in (SOAP11, SOAP12):
        raise SoapFault(
            "VersionMismatch",
            "version",
            "ожидается конверт SOAP 1.1 или 1.2",
            "a SOAP 1.1 or 1.2 envelope is expected",
        )
    try:
        if not plain:
            _refuse_bombs(root)
        return _to_request(version, _operation(root, version))
    except SoapFault as fault:
        fault.version = version
        raise


def _to_request(version: str, element: etree._Element) -> SoapRequest:
    parameters = list(element)
    # A nil or empty parameter is left out here. The lengths then differ, so the request gets None for its texts, and
    # Spyne decides whether the parameter is nil or empty.
    texts = tuple([parameter.text for parameter in parameters if parameter.text and not parameter.items()])
    shape = (element.tag, *[parameter.tag for parameter in parameters])
    return SoapRequest(
        version, *split_tag(element), shape, texts if len(texts) == len(parameters) else None, lambda: element
    )


def split_tag(element: etree._Element) -> tuple[str, str]:
    """Return the namespace ("" for none) and the local name of `element`."""
    return split_qname(str(element.tag))


def _without_nul(body: bytes) -> bytes:
    """Return `body` without NUL bytes, so that ASCII words can be found in UTF-16, where each letter has a NUL."""
    return body.replace(b"\0", b"") if b"\0" in body else body


class _Parsers(threading.local):
    """Each thread's own parsers, by charset: lxml does not let two threads use a parser at the same time."""

    def __init__(self) -> None:
        self.by_charset: dict[str | None, etree.XMLParser] = {}

    def get(self, charset: str | None) -> etree.XMLParser:
        parser = self.by_charset.get(charset)
        if parser is None:
            parser = self.by_charset[charset] = new_parser(charset)
        return parser


_parsers = _Parsers()


def _parse_checked(body: bytes, charset: str | None) -> etree._Element:
    if not body.strip():
        raise SoapFault("Client", "empty", "тело запроса пустое", "the request has no body")
    # Count namespace declarations before parsing: lxml does not count them as attributes, so no other limit applies.
    if _without_nul(body).count(b"xmlns") > _MAX_NAMESPACES:
        raise _too_many_elements()
    root = _parse(body, charset)
    info = root.getroottree().docinfo
    if info.encoding and info.encoding.lower() not in ENCODINGS:
        raise _unreadable_encoding()
    # SOAP 1.1 §3: no DTD, no processing instructions.
    if info.internalDTD is not None or info.doctype:
        raise SoapFault(
            "Client", "dtd", "объявление DOCTYPE в SOAP запрещено", "SOAP forbids a document type declaration"
        )
    if root.getprevious() is not None or root.getnext() is not None:
        raise _processing_instruction()
    return root


def _parse(body: bytes, charset: str | None) -> etree._Element:
    try:
        return etree.fromstring(body, _parsers.get(charset))
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise SoapFault(
            "Client", "xml", "запрос не является правильным XML", "the request is not well-formed XML"
        ) from error


def _is_plain(body: bytes) -> bool:
    """Tell, without parsing, whether `body` certainly has no DTD, no instructions and no excess of elements."""
    return (
        body[:1] == b"<"
        and b"\0" not in body
        and b"<!" not in body
        and body.find(b"<?", 1) < 0
        and body.count(b"<") <= _MAX_ELEMENTS
        and body.count(b"=") <= _MAX_ATTRIBUTES
    )


def _charset(body: bytes, content_type: str) -> str | None:
    """Return the charset of the Content-Type if `body` has neither a BOM nor a declared encoding; otherwise None."""
    if body.startswith(tuple(BYTE_ORDER_MARKS)) or _DECLARED.match(body):
        return None
    if b"\0" in body[:4]:
        return None
    return _named_charset(content_type)


@lru_cache(maxsize=64)
def _named_charset(content_type: str) -> str | None:
    match = _CHARSET.search(content_type)
    if match is None:
        return None
    if match[1].lower() not in ENCODINGS:
        raise _unreadable_encoding()
    return match[1]


def _refuse_bombs(root: etree._Element) -> None:
    for count, element in enumerate(root.iter()):
        if not isinstance(element.tag, str):
            raise _processing_instruction()
        # Count attributes before reading them: lxml lists them in quadratic time.
        if count >= _MAX_ELEMENTS or len(element.attrib) > _MAX_ATTRIBUTES:
            raise _too_many_elements()


def _operation(root: etree._Element, version: str) -> etree._Element:
    body_tag, header_tag = f"{{{version}}}Body", f"{{{version}}}Header"
    body: etree._Element | None = None
    for child in root:
        if child.tag == body_tag and body is None:
            body = child
        elif child.tag == header_tag and body is None:
            _refuse_mandatory(child, version)
        else:
            raise SoapFault(
                "Client",
                "envelope",
                "в конверте лишний элемент",
                "the envelope holds an element that does not belong there",
            )
    if body is None:
        raise SoapFault("Client", "envelope", "в конверте нет Body", "the envelope has no Body")
    if len(body) != 1:
        raise SoapFault("Client", "body", "в Body должен быть один элемент", "Body must hold exactly one element")
    operation = body[0]
    if operation.tag == f"{{{version}}}Fault":
        raise SoapFault("Client", "body", "в запросе пришёл Fault", "a fault is not a request")
    _refuse_structure(operation)
    return operation


def _refuse_mandatory(header: etree._Element, version: str) -> None:
    """Refuse a mandatory header block that is addressed to us (SOAP 1.1 §4.2.3, SOAP 1.2 part 1 §5.2.3)."""
    must, actor = f"{{{version}}}mustUnderstand", f"{{{version}}}{'actor' if version == SOAP11 else 'role'}"
    for block in header:
        if block.get(must, "").strip() in ("1", "true") and block.get(actor) in _OUR_ROLES:
            raise SoapFault(
                "MustUnderstand",
                "header",
                "обязательный заголовок не поддерживается",
                "a mandatory header is not understood",
            )


def _refuse_structure(operation: etree._Element) -> None:
    """Refuse references and nested elements in the parameters; remove all attributes except xsi:nil."""
    _strip_attributes(operation)
    for parameter in operation:
        _strip_attributes(parameter)
        if len(parameter):
            raise SoapFault(
                "Client",
                "nested",
                "параметр должен быть текстом",
                "a parameter must be text, without elements inside",
            )


def _strip_attributes(element: etree._Element) -> None:
    if not element.attrib:
        return
    if "href" in element.attrib or "id" in element.attrib:
        raise SoapFault(
            "Client",
            "multiref",
            "ссылки href и id не поддерживаются",
            "href and id references are not supported",
        )
    # Attributes of SOAP encoding, such as xsi:type, add nothing to the contract, and Spyne fails on some of them.
    for name in element.attrib:
        if name != XSI_NIL:
            del element.attrib[name]


def _too_many_elements() -> SoapFault:
    return SoapFault(
        "Client", "size", "в запросе слишком много элементов или атрибутов", "too many elements or attributes"
    )


def _processing_instruction() -> SoapFault:
    return SoapFault("Client", "pi", "инструкции обработки в SOAP запрещены", "SOAP forbids processing instructions")


def _unreadable_encoding() -> SoapFault:
    return SoapFault(
        "Client",
        "encoding",
        "кодировка не поддерживается: нужна UTF-8, UTF-16 или windows-1251",
        "unsupported encoding: UTF-8, UTF-16 or windows-1251 is needed",
        status=415,
    )


read = EnvelopeTemplates(_read, _is_plain).read
