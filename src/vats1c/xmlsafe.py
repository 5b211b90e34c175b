"""XML of SOAP messages: namespaces, allowed characters and encodings, and the only XML parser of the service.

Rule: the parser opens no file and no network connection, whatever a document contains, and accepts only the encodings
in `ENCODINGS`.
"""

import codecs
import re

from lxml import etree

SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
SOAP_NAMESPACES = {"1.1": SOAP11, "1.2": SOAP12}
XSD = "http://www.w3.org/2001/XMLSchema"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XSI_NIL = f"{{{XSI}}}nil"

# SOAP 1.1 requires UTF-8 or UTF-16 (WS-I BP 1.1 R1012); windows-1251 is what Russian systems of that age send.
ENCODINGS = frozenset(
    {"utf-8", "utf8", "utf-16", "utf-16le", "utf-16be", "windows-1251", "cp1251", "us-ascii", "ascii"}
)
BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_DECODED = ENCODINGS.union(BYTE_ORDER_MARKS.values())
_DECLARED = re.compile(rb"""\s*<\?xml[^>]*?\bencoding\s*=\s*["']([\w.-]+)""")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.-]+)""", re.IGNORECASE)
# XML 1.0 §2.2, production [2] Char: a document cannot contain other characters, not even as references.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class XmlError(ValueError):
    """A text that is not well-formed XML, or that has a document type declaration (`has_doctype`)."""

    def __init__(self, *, has_doctype: bool = False) -> None:
        super().__init__("a document type declaration" if has_doctype else "not well-formed XML")
        self.has_doctype = has_doctype


def has_forbidden_characters(text: str) -> bool:
    """Tell whether `text` contains characters that XML cannot carry."""
    return _FORBIDDEN.search(text) is not None


def without_forbidden_characters(text: str) -> str:
    """Return `text` without the characters that XML cannot carry."""
    return _FORBIDDEN.sub("", text)


def new_parser(encoding: str | None = None, *, remove_pis: bool = False) -> etree.XMLParser:
    """Return a new parser, which threads must not share: lxml lets only one thread at a time use a parser.

    `encoding` overrides the encoding that the document declares; None uses the declared encoding.
    """
    # Do not set `collect_ids=False`: libxml2 then opens the external subset of a DTD even if `load_dtd` is false. That
    # may be a local file, or a device that never ends.
    return etree.XMLParser(
        encoding=encoding,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=remove_pis,
    )


def split_encoding(body: bytes, content_type: str) -> tuple[bytes, str]:
    """Return `body` without its byte order mark, and the name of its encoding.

    The name comes from the byte order mark, else from the XML declaration, else from the charset of `content_type`,
    else it is UTF-8 (RFC 7303, 3). `decode` checks whether it is allowed.
    """
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if body.startswith(mark):
            return body[len(mark) :], encoding
    declared, charset = _DECLARED.match(body), _CHARSET.search(content_type)
    return body, declared[1].decode("ascii") if declared else charset[1] if charset else "utf-8"


def decode(body: bytes, encoding: str) -> str:
    """Return the text of `body`, whose `encoding` is one of `ENCODINGS` or of a byte order mark.

    Raises LookupError for any other encoding, and UnicodeDecodeError.
    """
    if encoding.lower() not in _DECODED:
        raise LookupError(encoding)
    return body.decode(encoding)


def parse_text(text: str) -> etree._Element:
    """Return the root of the XML document `text`; the encoding that it declares is ignored. Raises XmlError."""
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), new_parser("utf-8", remove_pis=True))
    except (etree.XMLSyntaxError, ValueError):
        raise XmlError from None
    if root.getroottree().docinfo.doctype:
        raise XmlError(has_doctype=True)
    return root
