"""Parser of the answers of a 1C to SayName and IncomingCall: names, <data> documents, SOAP faults, HTML error pages.

Rule: no error message repeats a digit or the password from an answer.
"""

import re
from dataclasses import dataclass

from lxml import etree

from vats1c import xmlsafe
from vats1c.directory import DirectoryError
from vats1c.model import Caller, Match
from vats1c.xmlsafe import SOAP_NAMESPACES, XSI_NIL, XmlError

_ENVELOPES = {f"{{{version}}}Envelope": f"{{{version}}}" for version in SOAP_NAMESPACES.values()}
# UTF-16 without a byte order mark is recognised by the NUL beside the first "<".
_UNMARKED = {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}
_PAGE = re.compile(r"\s*<(?:!doctype\s+html|html)\b", re.IGNORECASE)
_DOCUMENT = re.compile(r"<(?:\?xml|!doctype|data|error)\b", re.IGNORECASE)
_BEFORE_TITLE = re.compile(r"(?:<\?xml\b[^>]*>\s*)?<data\b[^>]*>\s*")
_MAX_SHOWN_CHARS = 160


@dataclass(frozen=True, slots=True)
class OneCReply:
    """An exchange with a 1C: the request with its secrets masked, and the answer after `elapsed` seconds.

    `status` is the HTTP status, 0 without an answer. `match` is the caller that 1C returned, None for an unknown
    number. `error` is the reason why there is no usable answer.
    """

    request: bytes
    elapsed: float
    status: int = 0
    content_type: str = ""
    body: bytes = b""
    match: Match | None = None
    error: DirectoryError | None = None

    def match_or_error(self) -> Match | None:
        """Return `match`. Raises `error` if it is set."""
        if self.error is not None:
            raise self.error
        return self.match


def read(status: int, content_type: str, body: bytes, namespace: str, secret: str = "") -> Caller | None:
    """Return the caller in an answer to SayName, None when the answer has no name.

    `namespace` is the namespace that the answer must have.

    Raises DirectoryError for a SOAP fault of either version (SOAP 1.1 §4.4, SOAP 1.2 part 1 §5.4) and for any body that
    is not an answer. `secret` is masked in the error message.
    """
    return _caller(_returned(_checked_operation(status, content_type, body, secret), namespace, "SayName"), secret)


def read_call(status: int, content_type: str, body: bytes, namespace: str, secret: str = "") -> None:
    """Raise DirectoryError unless the answer to an IncomingCall is a success in the namespace `namespace`."""
    _returned(_checked_operation(status, content_type, body, secret), namespace, "IncomingCall")


def _checked_operation(status: int, content_type: str, body: bytes, secret: str) -> etree._Element:
    """Return the child of the SOAP Body. Raises DirectoryError for a fault and for a body that is not an answer."""
    if status in (401, 403):
        raise DirectoryError(f"1С не пускает ({status}): user, password", f"1C refuses the login ({status})")
    if status == 404:  # noqa: PLR2004
        raise DirectoryError("по этому адресу нет веб-сервиса (404)", "there is no web service at the URL (404)")
    if 300 <= status < 400:  # noqa: PLR2004
        raise DirectoryError(
            f"перенаправление ({status}), по нему не ходим", f"a redirect ({status}), which is not followed"
        )
    try:
        operation = _operation(body, content_type)
    except DirectoryError as error:
        if status < 300:  # noqa: PLR2004
            raise
        text = error.message
        raise DirectoryError(f"1С ответила {status}: {text.ru}", f"1C answered {status}: {text.en}") from error
    fault = _fault(operation)
    if fault is not None:
        reason = _printable(fault, secret)
        raise DirectoryError(f"1С ответила ошибкой: {reason}", f"1C answered with a fault: {reason}")
    if not 200 <= status < 300:  # noqa: PLR2004
        raise DirectoryError(f"1С ответила {status}", f"1C answered {status}")
    return operation


def _operation(body: bytes, content_type: str) -> etree._Element:
    """Return the only child of the SOAP Body. Raises DirectoryError when there is no such element."""
    text = _decoded(body, content_type)
    kind = _printable(content_type.partition(";")[0]) or "?"
    if not text.strip():
        raise DirectoryError("ответ пуст", "the answer is empty")
    if "html" in kind.lower() or _PAGE.match(text):
        raise DirectoryError("пришла страница HTML, а не SOAP", "an HTML page came instead of SOAP")
    root = _parsed(text)
    if root is None:
        raise DirectoryError(f"ответ — не правильный XML ({kind})", f"the answer is not well-formed XML ({kind})")
    version = _ENVELOPES.get(str(root.tag))
    if version is None:
        raise DirectoryError("ответ — не конверт SOAP", "the answer is not a SOAP envelope")
    bodies = root.findall(f"{version}Body")
    if len(bodies) != 1 or len(bodies[0]) != 1:
        raise DirectoryError("в конверте нет ответа", "the envelope holds no answer")
    return bodies[0][0]


def _decoded(body: bytes, content_type: str) -> str:
    """Return `body` decoded by its byte order mark, else its XML declaration, else the charset of the Content-Type.

    Decoding before parsing limits the encodings to those of `xmlsafe`, whatever encoding the sender declares.
    Raises DirectoryError for another encoding and for a decoding error.
    """
    body, encoding = xmlsafe.split_encoding(body.lstrip(b" \t\r\n"), content_type)
    try:
        return xmlsafe.decode(body, _UNMARKED.get(body[:2], encoding))
    except (LookupError, UnicodeDecodeError):
        raise DirectoryError(
            "ответ не читается в своей кодировке", "the answer cannot be read in its encoding"
        ) from None


def _parsed(text: str) -> etree._Element | None:
    """Return the root of `text`, None when it is not well-formed. Raises DirectoryError for a DTD (SOAP 1.1 §3)."""
    try:
        return xmlsafe.parse_text(text.lstrip())
    except XmlError as error:
        if error.has_doctype:
            raise DirectoryError(
                "в ответе объявление DOCTYPE", "the answer holds a document type declaration"
            ) from None
        return None


def _fault(operation: etree._Element) -> str | None:
    """Return the text of a SOAP fault, None when `operation` is not a fault."""
    if operation.tag not in {f"{{{version}}}Fault" for version in SOAP_NAMESPACES.values()}:
        return None
    texts = operation.findall("{*}faultstring") + operation.findall("{*}Reason/{*}Text")
    return "; ".join(_text(text) for text in texts) or "?"


def _returned(operation: etree._Element, namespace: str, expected: str) -> etree._Element:
    if operation.tag != f"{{{namespace}}}{expected}Response":
        name = etree.QName(operation)
        actual = _printable(f"{name.localname} ({name.namespace or ''})")
        raise DirectoryError(
            f"ждали {expected}Response ({namespace}), пришло {actual}",
            f"expected {expected}Response ({namespace}), got {actual}",
        )
    returns = operation.findall(f"{{{namespace}}}return")
    if len(returns) != 1:
        raise DirectoryError("в ответе нет return", "the answer holds no return")
    return returns[0]


def _caller(returned: etree._Element, secret: str) -> Caller | None:
    """Return the caller in `return`, None when it is empty. Raises DirectoryError for a broken document.

    `return` holds a name, or a <data> document as escaped text, or as child elements when 1C did not escape it.
    """
    if returned.get(XSI_NIL, "").strip() in ("true", "1"):
        return None
    if len(returned):
        return _read_document(returned[0], secret)
    text = _text(returned).strip().lstrip("\ufeff")
    if _DOCUMENT.match(text):
        root = _parsed(text)
        return _read_malformed_document(text) if root is None else _read_document(root, secret)
    return Caller(text) if text else None


def _read_document(root: etree._Element, secret: str) -> Caller | None:
    """Return the caller in a <data> document: data/title, data/category, data/manager/phone.

    1C answers with such a document when SayName has the parameter `Number`, in the later contract of the vendor.
    """
    name = etree.QName(root).localname
    if name == "error":
        reason = _printable(_text(root), secret)
        raise DirectoryError(f"1С ответила ошибкой: {reason}", f"1C answered with an error: {reason}")
    if name != "data":
        raise DirectoryError("в return не имя и не <data>", "return holds neither a name nor <data>")
    matches = [root.findall(path) for path in ("{*}title", "{*}category", "{*}manager/{*}phone")]
    # Unescaped markup in a name could add a second element of the same path.
    if any(len(elements) > 1 for elements in matches):
        raise _broken_document_error()
    return _caller_or_none(*(_text(elements[0]) if elements else "" for elements in matches))


def _read_malformed_document(text: str) -> Caller | None:
    """Return the caller of a document that is not well-formed: the vendor's 1C code does not escape «Рога & Копыта».

    Category and phone are searched only after the last </title>, so that text in a name cannot set the routing.
    """
    before, begins, rest = text.partition("<title>")
    title, ends, after = rest.rpartition("</title>")
    if not begins or not ends or not after.endswith("</data>") or not _BEFORE_TITLE.fullmatch(before):
        raise _broken_document_error()
    category, phone = (re.search(f"<{name}>([^<]*)</{name}>", after) for name in ("category", "phone"))
    return _caller_or_none(title, category[1] if category else "", phone[1] if phone else "")


def _broken_document_error() -> DirectoryError:
    return DirectoryError("документ <data> в ответе испорчен", "the <data> document in the answer is broken")


def _caller_or_none(title: str, category: str, phone: str) -> Caller | None:
    # 1C groups the digits of an extension above 999 ("1 234"). Six digits are left alone: they may be two extensions.
    extension = re.sub(r"^(\d{1,2})\s(\d{3})$", r"\1\2", phone.strip())
    # The vendor's 1C code puts a space before the title.
    return Caller(title.strip(), category=category.strip(), manager=extension) if title.strip() else None


def _text(element: etree._Element) -> str:
    return "".join(str(part) for part in element.itertext())


def _printable(text: str, secret: str = "") -> str:
    """Return `text` for an error message: one short printable line with digits, `secret` and URL queries masked."""
    text = text.replace(secret, "***") if secret else text
    text = re.sub(r"\d", "*", re.sub(r"\?[^\s\"'<>]+", "?…", text))
    text = "".join(char if char.isprintable() else " " for char in text)
    text = " ".join(text.split())
    return text if len(text) <= _MAX_SHOWN_CHARS else f"{text[: _MAX_SHOWN_CHARS - 1]}…"
