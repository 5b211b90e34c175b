"""The answers: a caller as a name or as the <data> document, in an envelope of the same bytes as 1C's.

The bytes are the contract: at least one real client finds the answer by its literal prefixes `soap:` and `m:`.
"""

import re
from html import escape

_XS = "http://www.w3.org/2001/XMLSchema"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
# XML 1.0 §2.2, production [2] Char: whatever is outside cannot stand in a document, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document(title: str, category: str = "", extension: str = "") -> str:
    """Return the answer of the later SayName: `title` as the phone shows it, category, the manager's extension.

    An unknown caller gets the same document with empty elements.
    """
    return (
        '<?xml version="1.0"?>\n'
        "<data>\n"
        f"    <title>{_escaped(title)}</title>\n"
        f"    <category>{_escaped(category)}</category>\n"
        "    <manager>\n"
        f"        <phone>{_escaped(extension)}</phone>\n"
        "    </manager>\n"
        "</data>\n"
    )


def envelope(version: str, namespace: str, operation: str, value: str) -> bytes:
    """Return the answer to `operation` in `namespace` as an envelope of `version`: UTF-8, compact, undeclared."""
    text = value
    # Nearly every name stands as it is: what Python calls printable may stand in XML.
    if not value.isprintable() or "&" in value or "<" in value or ">" in value:
        text = _escaped(value)
    declared = f'xmlns:xs="{_XS}" xmlns:xsi="{_XSI}"'
    # 1C closes an empty return on itself.
    returned = f"<m:return {declared}>{text}</m:return>" if text else f"<m:return {declared}/>"
    return (
        f'<soap:Envelope xmlns:soap="{version}"><soap:Body>'
        f'<m:{operation}Response xmlns:m="{namespace}">{returned}</m:{operation}Response>'
        "</soap:Body></soap:Envelope>"
    ).encode()


def _escaped(text: str) -> str:
    # A bare CR would come out of the receiver's parser as LF (XML 1.0 §2.11).
    return escape(_NOT_XML.sub("", text), quote=False).replace("\r", "&#13;")
