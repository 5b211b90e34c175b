"""Render the SOAP answers: the caller's name or a <data> document, in an envelope byte for byte like 1C's.

The exact bytes matter: at least one real client finds the answer by the literal prefixes `soap:` and `m:`.
"""

from html import escape

from vats1c.xmlsafe import XSD, XSI, without_forbidden_characters


def document(title: str, category: str = "", extension: str = "") -> str:
    """Return the <data> document that SayName returns in the vendor's later contract (parameter `Number`).

    `title` is the caller as the phone shows it, `extension` the extension of the caller's manager. For an unknown
    caller the document is the same, with empty elements.
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
    """Return the answer to `operation` in `namespace` as an envelope of `version`.

    It is in UTF-8, without blanks between elements and without an XML declaration.
    """
    text = value
    # All characters that Python calls printable are allowed in XML, so a printable name without &, < and > needs no
    # escaping. Nearly every name is of this form.
    if not value.isprintable() or "&" in value or "<" in value or ">" in value:
        text = _escaped(value)
    declared = f'xmlns:xs="{XSD}" xmlns:xsi="{XSI}"'
    # 1C sends an empty return as a self-closing element.
    return_element = f"<m:return {declared}>{text}</m:return>" if text else f"<m:return {declared}/>"
    return (
        f'<soap:Envelope xmlns:soap="{version}"><soap:Body>'
        f'<m:{operation}Response xmlns:m="{namespace}">{return_element}</m:{operation}Response>'
        "</soap:Body></soap:Envelope>"
    ).encode()


def _escaped(text: str) -> str:
    # The receiver's parser would convert a literal CR into LF (XML 1.0 §2.11).
    return escape(without_forbidden_characters(text), quote=False).replace("\r", "&#13;")
