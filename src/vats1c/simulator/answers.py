"""Read what answers the VATS: an envelope with a value, a fault, or nothing of the kind.

Rule: strict, unlike the reader of `directory`: whatever departs from the contract is said, and nothing is mended.
"""

import codecs
import re
from dataclasses import dataclass

from lxml import etree

from vats1c.messages import Message
from vats1c.simulator.http_client import HttpReply
from vats1c.simulator.requests import SOAP

_VERSIONS = {namespace: version for version, namespace in SOAP.items()}
_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_ENCODINGS = frozenset({"utf-8", "utf8", "utf-16", "windows-1251", "cp1251", "us-ascii", "ascii"})
_DECLARED = re.compile(rb"""\s*<\?xml[^>]*?\bencoding\s*=\s*["']([\w.-]+)""")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.-]+)""", re.IGNORECASE)
_PAGE = re.compile(rb"\s*<(?:!doctype\s+html|html)\b", re.IGNORECASE)
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
# Letters that were lost; and windows-1251 read as Latin-1 («Èâàí»): no language has four such in a row.
_MOJIBAKE = re.compile("\ufffd|\\?{3}|[\u00c0-\u00ff]{4}")
_MAX_SHOWN_CHARS = 200


class UnreadableError(Exception):
    """The answer is no SOAP envelope: `kind` is "html", "encoding", "xml" or "soap"; a sentence says what it is."""

    def __init__(self, kind: str, ru: str, en: str) -> None:
        super().__init__(en)
        self.kind = kind
        self.message = Message(ru, en)


@dataclass(frozen=True, slots=True)
class AnswerFault:
    """A SOAP fault: its code without the prefix ("Client", "Receiver"), its text."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """What stands in an envelope of SOAP `version`: a fault, or an element with the text of its `return`.

    `returned` is None where there is no return, or not exactly one, or one that holds elements.
    """

    version: str
    namespace: str = ""
    name: str = ""
    returned: str | None = None
    fault: AnswerFault | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """The later SayName's answer: title, category, the manager's extension."""

    title: str
    category: str
    manager: str


def read(answer: HttpReply) -> Envelope:
    """Return what the answer's envelope holds. Raises UnreadableError."""
    if _PAGE.match(answer.body) or "html" in answer.content_type.lower():
        raise UnreadableError("html", "пришла страница HTML, а не SOAP", "an HTML page came instead of SOAP")
    if not answer.body.strip():
        raise UnreadableError("xml", "ответ пуст", "the answer is empty")
    root = parse(decoded(answer.body, answer.content_type))
    version = _VERSIONS.get(etree.QName(root).namespace or "")
    if version is None or etree.QName(root).localname != "Envelope":
        raise UnreadableError("soap", "ответ — не конверт SOAP", "the answer is not a SOAP envelope")
    bodies = root.findall(f"{{{SOAP[version]}}}Body")
    if len(bodies) != 1 or len(bodies[0]) != 1:
        raise UnreadableError("soap", "в конверте нет ответа", "the envelope holds no answer")
    inside = bodies[0][0]
    name = etree.QName(inside)
    if name.localname == "Fault" and name.namespace == SOAP[version]:
        return Envelope(version, fault=_fault(inside))
    namespace = name.namespace or ""
    found = inside.findall(f"{{{namespace}}}return" if namespace else "return")
    plain = len(found) == 1 and not len(found[0])
    return Envelope(version, namespace, name.localname, _text(found[0]) if plain else None)


def document(text: str) -> Document:
    """Return what the <data> document in `text` says. Raises UnreadableError."""
    root = parse(text.lstrip())
    if root.tag != "data":
        raise UnreadableError("soap", "в return не документ <data>", "return does not hold a <data> document")
    found = [root.findall(path) for path in ("title", "category", "manager/phone")]
    if any(len(elements) != 1 for elements in found):
        raise UnreadableError(
            "soap",
            "в документе <data> нет title, category или manager/phone",
            "the <data> document lacks title, category or manager/phone",
        )
    title, category, manager = (_text(elements[0]) for elements in found)
    return Document(title, category, manager)


def decoded(body: bytes, content_type: str) -> str:
    """Return the text of `body`: by its byte order mark, else its declaration, else the charset, else UTF-8.

    Raises UnreadableError.
    """
    for mark, encoding in _MARKS.items():
        if body.startswith(mark):
            body, named = body[len(mark) :], encoding
            break
    else:
        declared, charset = _DECLARED.match(body), _CHARSET.search(content_type)
        named = declared[1].decode("ascii") if declared else charset[1] if charset else "utf-8"
    if named.lower() not in {*_ENCODINGS, *_MARKS.values()}:
        raise UnreadableError("encoding", f"неизвестная кодировка: {named}", f"an unknown encoding: {named}")
    try:
        return body.decode(named)
    except UnicodeDecodeError:
        raise UnreadableError(
            "encoding", f"ответ не читается в {named}", f"the answer cannot be read as {named}"
        ) from None


def parse(text: str) -> etree._Element:
    """Return the root of `text`; entities, DTD and the network are off. Raises UnreadableError."""
    # The encoding overrules the declaration, by which the text was decoded already.
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )
    try:
        root = etree.fromstring(text.lstrip("\ufeff \t\r\n").encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        raise UnreadableError("xml", "ответ — не правильный XML", "the answer is not well-formed XML") from None
    if root.getroottree().docinfo.doctype:
        raise UnreadableError("xml", "в ответе объявление DOCTYPE", "the answer holds a document type declaration")
    return root


def is_mojibake(text: str) -> bool:
    """Tell whether `text` is UTF-8 that was read as an encoding of one byte a letter («РРІР°РЅ», "Ð˜Ð²Ð°Ð½")."""
    if _MOJIBAKE.search(text):
        return True
    for encoding in ("cp1251", "latin-1"):
        try:
            mended = text.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
        if mended != text:
            return True
    return False


def printable(text: str, secret: str = "", most: int = _MAX_SHOWN_CHARS) -> str:
    """Return somebody's text fit for a terminal: a line of `most` characters, no control ones, no `secret`."""
    if secret:
        text = text.replace(secret, "***")
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _fault(inside: etree._Element) -> AnswerFault:
    code = inside.findtext("faultcode") or inside.findtext("{*}Code/{*}Value") or ""
    texts = inside.findall("faultstring") + inside.findall("{*}Reason/{*}Text")
    return AnswerFault(code.strip().rpartition(":")[2], " / ".join(_text(text) for text in texts))


def _text(element: etree._Element) -> str:
    if element.get(_NIL, "").strip() in ("true", "1"):
        return ""
    return "".join(str(part) for part in element.itertext())
