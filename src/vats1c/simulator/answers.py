"""Parse the answers to the VATS: an envelope with a value, an envelope with a fault, or an unreadable answer.

Rule: this parser is strict, unlike the parser in `directory.soap_answers`: it reports each departure from the contract
and repairs none.
"""

import re
from dataclasses import dataclass

from lxml import etree

from vats1c import xmlsafe
from vats1c.messages import Message
from vats1c.simulator.http_client import HttpReply
from vats1c.xmlsafe import SOAP_NAMESPACES, XSI_NIL, XmlError

_VERSIONS = {namespace: version for version, namespace in SOAP_NAMESPACES.items()}
_PAGE = re.compile(rb"\s*<(?:!doctype\s+html|html)\b", re.IGNORECASE)
# Matches U+FFFD, three question marks, or windows-1251 read as Latin-1 («Èâàí»): four letters from À to ÿ in a row,
# which no language has.
_MOJIBAKE = re.compile("\ufffd|\\?{3}|[\u00c0-\u00ff]{4}")
_MAX_SHOWN_CHARS = 200


class UnreadableError(Exception):
    """The answer is no SOAP envelope: `kind` is "html", "encoding", "xml" or "soap"; `message` is for people."""

    def __init__(self, kind: str, ru: str, en: str) -> None:
        super().__init__(en)
        self.kind = kind
        self.message = Message(ru, en)


@dataclass(frozen=True, slots=True)
class AnswerFault:
    """A SOAP fault: the code without its prefix ("Client", "Receiver"), and the text."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """The content of an envelope of SOAP `version`: a fault, or an element by namespace and name.

    `returned` is the text of the element's `return`. It is None when the element has no `return` or several, or when
    `return` has child elements.
    """

    version: str
    namespace: str = ""
    name: str = ""
    returned: str | None = None
    fault: AnswerFault | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """The <data> document that answers SayName(Number): title, category and the manager's extension."""

    title: str
    category: str
    manager: str


def read(answer: HttpReply) -> Envelope:
    """Return the content of the answer's envelope. Raises UnreadableError."""
    if _PAGE.match(answer.body) or "html" in answer.content_type.lower():
        raise UnreadableError("html", "пришла страница HTML, а не SOAP", "an HTML page came instead of SOAP")
    if not answer.body.strip():
        raise UnreadableError("xml", "ответ пуст", "the answer is empty")
    root = parse(decoded(answer.body, answer.content_type))
    version = _VERSIONS.get(etree.QName(root).namespace or "")
    if version is None or etree.QName(root).localname != "Envelope":
        raise UnreadableError("soap", "ответ — не конверт SOAP", "the answer is not a SOAP envelope")
    bodies = root.findall(f"{{{SOAP_NAMESPACES[version]}}}Body")
    if len(bodies) != 1 or len(bodies[0]) != 1:
        raise UnreadableError("soap", "в конверте нет ответа", "the envelope holds no answer")
    element = bodies[0][0]
    name = etree.QName(element)
    if name.localname == "Fault" and name.namespace == SOAP_NAMESPACES[version]:
        return Envelope(version, fault=_fault(element))
    namespace = name.namespace or ""
    returns = element.findall(f"{{{namespace}}}return" if namespace else "return")
    is_text = len(returns) == 1 and not len(returns[0])
    return Envelope(version, namespace, name.localname, _text(returns[0]) if is_text else None)


def document(text: str) -> Document:
    """Return the parsed <data> document of `text`. Raises UnreadableError."""
    root = parse(text.lstrip())
    if root.tag != "data":
        raise UnreadableError("soap", "в return не документ <data>", "return does not hold a <data> document")
    matches = [root.findall(path) for path in ("title", "category", "manager/phone")]
    if any(len(elements) != 1 for elements in matches):
        raise UnreadableError(
            "soap",
            "в документе <data> нет title, category или manager/phone",
            "the <data> document lacks title, category or manager/phone",
        )
    title, category, manager = (_text(elements[0]) for elements in matches)
    return Document(title, category, manager)


def decoded(body: bytes, content_type: str) -> str:
    """Return the text of `body`.

    The encoding is that of the byte order mark, else of the XML declaration, else the charset of `content_type`, else
    UTF-8. Raises UnreadableError.
    """
    body, encoding = xmlsafe.split_encoding(body, content_type)
    try:
        return xmlsafe.decode(body, encoding)
    except LookupError:
        raise UnreadableError(
            "encoding", f"неизвестная кодировка: {encoding}", f"an unknown encoding: {encoding}"
        ) from None
    except UnicodeDecodeError:
        raise UnreadableError(
            "encoding", f"ответ не читается в {encoding}", f"the answer cannot be read as {encoding}"
        ) from None


def parse(text: str) -> etree._Element:
    """Return the root element of `text`; entities, DTD and the network are off. Raises UnreadableError."""
    try:
        return xmlsafe.parse_text(text.lstrip("\ufeff \t\r\n"))
    except XmlError as error:
        if error.has_doctype:
            raise UnreadableError(
                "xml", "в ответе объявление DOCTYPE", "the answer holds a document type declaration"
            ) from None
        raise UnreadableError("xml", "ответ — не правильный XML", "the answer is not well-formed XML") from None


def is_mojibake(text: str) -> bool:
    """Tell whether `text` was decoded with the wrong encoding.

    Finds UTF-8 decoded as a single-byte encoding («РРІР°РЅ», "Ð˜Ð²Ð°Ð½"), windows-1251 decoded as Latin-1, and
    replacement characters.
    """
    if _MOJIBAKE.search(text):
        return True
    for encoding in ("cp1251", "latin-1"):
        try:
            repaired_text = text.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
        if repaired_text != text:
            return True
    return False


def printable(text: str, secret: str = "", most: int = _MAX_SHOWN_CHARS) -> str:
    """Return untrusted `text` as one line of up to `most` characters, without control characters and `secret`."""
    if secret:
        text = text.replace(secret, "***")
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _fault(element: etree._Element) -> AnswerFault:
    code = element.findtext("faultcode") or element.findtext("{*}Code/{*}Value") or ""
    texts = element.findall("faultstring") + element.findall("{*}Reason/{*}Text")
    return AnswerFault(code.strip().rpartition(":")[2], " / ".join(_text(text) for text in texts))


def _text(element: etree._Element) -> str:
    if element.get(XSI_NIL, "").strip() in ("true", "1"):
        return ""
    return "".join(str(part) for part in element.itertext())
