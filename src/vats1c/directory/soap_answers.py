"""Read what a 1C answers to SayName and IncomingCall: an envelope with a name, a <data> document or 1, a fault, a page.

Rule: an error repeats no digit and no password of what was read.
"""

import codecs
import re
from dataclasses import dataclass

from lxml import etree

from vats1c.directory import DirectoryError
from vats1c.model import Caller, Match

SOAP = {"1.1": "http://schemas.xmlsoap.org/soap/envelope/", "1.2": "http://www.w3.org/2003/05/soap-envelope"}
_ENVELOPES = {f"{{{version}}}Envelope": f"{{{version}}}" for version in SOAP.values()}
_XSI_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
# UTF-16 without a mark shows itself by the NUL beside the first "<".
_UNMARKED = {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}
_DECLARED = re.compile(rb"""\s*<\?xml[^>]*?\bencoding\s*=\s*["']([\w.-]+)""")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.-]+)""", re.IGNORECASE)
_ENCODINGS = frozenset({"utf-8", "utf8", "utf-16", "windows-1251", "cp1251", "us-ascii", "ascii"})
_PAGE = re.compile(r"\s*<(?:!doctype\s+html|html)\b", re.IGNORECASE)
_DOCUMENT = re.compile(r"<(?:\?xml|!doctype|data|error)\b", re.IGNORECASE)
_BEFORE_TITLE = re.compile(r"(?:<\?xml\b[^>]*>\s*)?<data\b[^>]*>\s*")
_MAX_SHOWN_CHARS = 160


@dataclass(frozen=True, slots=True)
class OneCReply:
    """What was asked of a 1C, with no secret in it, and what came back after `elapsed` seconds.

    `status` is 0 where no answer came; `match` is who was found; `error` says why the answer is of no use.
    """

    request: bytes
    elapsed: float
    status: int = 0
    content_type: str = ""
    body: bytes = b""
    match: Match | None = None
    error: DirectoryError | None = None

    def match_or_error(self) -> Match | None:
        """Return who was found. Raises DirectoryError where the answer is of no use."""
        if self.error is not None:
            raise self.error
        return self.match


def read(status: int, content_type: str, body: bytes, namespace: str, secret: str = "") -> Caller | None:
    """Return the caller that 1C names in its answer to SayName of `namespace`; None when it names nobody.

    A SOAP fault, of either version (SOAP 1.1 §4.4, SOAP 1.2 part 1 §5.4), and whatever is no answer raise
    DirectoryError; `secret` is left out of what it says.
    """
    return _caller(_returned(_checked_operation(status, content_type, body, secret), namespace, "SayName"), secret)


def read_call(status: int, content_type: str, body: bytes, namespace: str, secret: str = "") -> None:
    """Raise DirectoryError where 1C did not take an IncomingCall of `namespace`."""
    _returned(_checked_operation(status, content_type, body, secret), namespace, "IncomingCall")


def _checked_operation(status: int, content_type: str, body: bytes, secret: str) -> etree._Element:
    """Return the element of the answer in its envelope. Raises DirectoryError for a fault and whatever is no answer."""
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
        said = _printable(fault, secret)
        raise DirectoryError(f"1С ответила ошибкой: {said}", f"1C answered with a fault: {said}")
    if not 200 <= status < 300:  # noqa: PLR2004
        raise DirectoryError(f"1С ответила {status}", f"1C answered {status}")
    return operation


def _operation(body: bytes, content_type: str) -> etree._Element:
    """Return the one child of the Body."""
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
    """Return the text of `body`: a byte order mark counts first, then the XML declaration, then the Content-Type.

    Only then is it given to the parser, which so never meets an encoding of somebody's choice.
    """
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if body.startswith(mark):
            body, named = body[len(mark) :], encoding
            break
    else:
        body = body.lstrip(b" \t\r\n")
        declared, charset = _DECLARED.match(body), _CHARSET.search(content_type)
        found = declared[1].decode("ascii") if declared else charset[1] if charset else "utf-8"
        named = _UNMARKED.get(body[:2]) or (found if found.lower() in _ENCODINGS else "")
    try:
        return body.decode(named) if named else _unreadable()
    except UnicodeDecodeError:
        return _unreadable()


def _unreadable() -> str:
    raise DirectoryError("ответ не читается в своей кодировке", "the answer cannot be read in its encoding")


def _parsed(text: str) -> etree._Element | None:
    """Return the root of `text`, None where it is not well-formed. SOAP 1.1 §3: a DTD is an error."""
    # One for each answer: lxml lets one thread at a time into a parser. The encoding overrules the declaration.
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
        root = etree.fromstring(text.lstrip().encode(), parser)
    except etree.XMLSyntaxError:
        return None
    if root.getroottree().docinfo.doctype:
        raise DirectoryError("в ответе объявление DOCTYPE", "the answer holds a document type declaration")
    return root


def _fault(operation: etree._Element) -> str | None:
    """Return the fault's text, None when the answer is no fault."""
    if operation.tag not in {f"{{{version}}}Fault" for version in SOAP.values()}:
        return None
    texts = operation.findall("{*}faultstring") + operation.findall("{*}Reason/{*}Text")
    return "; ".join(_text(text) for text in texts) or "?"


def _returned(operation: etree._Element, namespace: str, expected: str) -> etree._Element:
    if operation.tag != f"{{{namespace}}}{expected}Response":
        name = etree.QName(operation)
        came = _printable(f"{name.localname} ({name.namespace or ''})")
        raise DirectoryError(
            f"ждали {expected}Response ({namespace}), пришло {came}",
            f"expected {expected}Response ({namespace}), got {came}",
        )
    found = operation.findall(f"{{{namespace}}}return")
    if len(found) != 1:
        raise DirectoryError("в ответе нет return", "the answer holds no return")
    return found[0]


def _caller(returned: etree._Element, secret: str) -> Caller | None:
    """Return the caller in `return`: a name, or <data> as text or, where somebody forgot to make it text, as XML."""
    if returned.get(_XSI_NIL, "").strip() in ("true", "1"):
        return None
    if len(returned):
        return _read_document(returned[0], secret)
    text = _text(returned).strip().lstrip("\ufeff")
    if _DOCUMENT.match(text):
        root = _parsed(text)
        return _read_malformed_document(text) if root is None else _read_document(root, secret)
    return Caller(text) if text else None


def _read_document(root: etree._Element, secret: str) -> Caller | None:
    """Return the caller of the later contract's document: data/title, data/category, data/manager/phone."""
    name = etree.QName(root).localname
    if name == "error":
        said = _printable(_text(root), secret)
        raise DirectoryError(f"1С ответила ошибкой: {said}", f"1C answered with an error: {said}")
    if name != "data":
        raise DirectoryError("в return не имя и не <data>", "return holds neither a name nor <data>")
    found = [root.findall(path) for path in ("{*}title", "{*}category", "{*}manager/{*}phone")]
    # Markup in a name that was not escaped could put a second one there.
    if any(len(elements) > 1 for elements in found):
        raise _mojibake_error()
    return _caller_or_none(*(_text(elements[0]) if elements else "" for elements in found))


def _read_malformed_document(text: str) -> Caller | None:
    """Return the caller of a document that is not well-formed: the vendor's 1C code writes «Рога & Копыта» as it is.

    What stands after the title holds no name and is looked for there only, so that no name can say where to route.
    """
    before, begins, rest = text.partition("<title>")
    title, ends, after = rest.rpartition("</title>")
    if not begins or not ends or not after.endswith("</data>") or not _BEFORE_TITLE.fullmatch(before):
        raise _mojibake_error()
    category, phone = (re.search(f"<{name}>([^<]*)</{name}>", after) for name in ("category", "phone"))
    return _caller_or_none(title, category[1] if category else "", phone[1] if phone else "")


def _mojibake_error() -> DirectoryError:
    return DirectoryError("документ <data> в ответе испорчен", "the <data> document in the answer is broken")


def _caller_or_none(title: str, category: str, phone: str) -> Caller | None:
    # 1C prints an extension above 999 in groups ("1 234"); six digits may be two extensions.
    extension = re.sub(r"^(\d{1,2})\s(\d{3})$", r"\1\2", phone.strip())
    # The same 1C code leads a title with a space.
    return Caller(title.strip(), category=category.strip(), manager=extension) if title.strip() else None


def _text(element: etree._Element) -> str:
    return "".join(str(part) for part in element.itertext())


def _printable(text: str, secret: str = "") -> str:
    """Return somebody's text fit for an error: one short line, without digits, the secret and queries of URLs."""
    text = text.replace(secret, "***") if secret else text
    text = re.sub(r"\d", "*", re.sub(r"\?[^\s\"'<>]+", "?…", text))
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    text = " ".join(text.split())
    return text if len(text) <= _MAX_SHOWN_CHARS else f"{text[: _MAX_SHOWN_CHARS - 1]}…"
