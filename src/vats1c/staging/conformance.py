"""The conformance report: how a request is another than the WSDL and the vendor's page say, under stable codes.

Rule: it is told after the answer and never changes one; what the vendor's own samples do is no finding.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vats1c.model import Exchange
from vats1c.number import NumberKind, identify
from vats1c.staging.findings import MAX_SHOWN, ConformanceFinding, Severity, error, note, warning
from vats1c.staging.refusal_findings import refusal_finding as why_refused

# What wsdl/VATS.wsdl says, and beside it the spellings of the vendor's page and of the later contract.
NAMESPACE = "http://VATS"
ACTION = "http://VATS#VATS:{operation}"
FIELDS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "SayName": (("number",), ("Number",)),
    "IncomingCall": (("NumFrom", "Key"),),
}
_TEST = "http://test"
_CONTENT_TYPES = {"1.1": "text/xml", "1.2": "application/soap+xml"}
# The faults by which a request is refused for its operation and parameters.
_BY_CONTRACT = frozenset({"operation", "parameters"})
_NUMBERS = frozenset({"number", "Number", "NumFrom"})
_AS_SENT = re.compile(r"\+?\d+")
_DECLARED = re.compile(rb"""^(?:\xef\xbb\xbf)?\s*<\?xml[^>]*?\bencoding\s*=\s*["']([^"']+)["']""")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([^\s;"']+)""", re.IGNORECASE)
_ACTION12 = re.compile(r'action\s*=\s*"?([^\s;"]*)', re.IGNORECASE)
_MARKS = ((b"\xef\xbb\xbf", "UTF-8"), (b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))


@dataclass(frozen=True, slots=True)
class SentRequest:
    """What an envelope held: SOAP "1.1" or "1.2", the Body's child, its parameters (namespace, name, text)."""

    soap: str
    namespace: str
    operation: str
    parameters: tuple[tuple[str, str, str], ...]


def report(
    exchange: Exchange, headers: Mapping[str, str], body: bytes, sent: SentRequest | None
) -> list[ConformanceFinding]:
    """Return what deviates in a request, the worst first.

    `headers` are those that were kept, and `:Login`, which is "" where none was given; `sent` is None where the
    envelope could not be read. A request refused before its body was read is judged by its headers alone.
    """
    found = why_refused(exchange, headers)
    found += _content(headers, body, sent)
    if sent is not None:
        found += _contract(sent, refused=exchange.outcome in _BY_CONTRACT)
        found += _action(sent, headers)
        found += _numbers(sent)
    order = list(Severity)
    return sorted(found, key=lambda one: order.index(one.severity))


def _content(headers: Mapping[str, str], body: bytes, sent: SentRequest | None) -> list[ConformanceFinding]:
    """Look at Content-Type, byte order mark and encoding of what was read."""
    found = []
    if sent is not None:
        found += _content_type(headers.get("Content-Type", ""), sent.soap)
        if sent.soap == "1.2":
            found.append(
                note(
                    "SOAP-VERSION",
                    "SOAP 1.2: в WSDL он есть, но сама ВАТС шлёт 1.1",
                    "SOAP 1.2: it is in the WSDL, but the VATS itself sends 1.1",
                )
            )
    for mark, name in _MARKS:
        if body.startswith(mark):
            found.append(
                note("BOM", f"в начале метка порядка байтов ({name})", f"a byte order mark ({name}) at the beginning")
            )
    return found + _encoding(headers, body)


def _content_type(content_type: str, soap: str) -> list[ConformanceFinding]:
    expected, given = _CONTENT_TYPES[soap], content_type.partition(";")[0].strip().lower()
    if given == expected:
        return []
    shown = given[:MAX_SHOWN]
    ru, en = (f"Content-Type: {shown}",) * 2 if shown else ("Content-Type не указан", "there is no Content-Type")
    return [warning("CONTENT-TYPE", f"{ru}; для SOAP {soap} нужен {expected}", f"{en}; SOAP {soap} has {expected}")]


def _encoding(headers: Mapping[str, str], body: bytes) -> list[ConformanceFinding]:
    declared = _DECLARED.search(body)
    in_body = declared[1].decode("ascii", "replace").lower() if declared else ""
    if not in_body and b"\0" in body[:4]:
        in_body = "utf-16"
    charset = _CHARSET.search(headers.get("Content-Type", ""))
    in_header = charset[1].lower() if charset else ""
    named = (in_body or in_header)[:MAX_SHOWN]
    found = []
    if named and _alike(named) not in ("utf8", "usascii", "ascii"):
        found.append(
            warning("ENCODING", f"кодировка {named}: ВАТС шлёт UTF-8", f"the encoding is {named}: the VATS sends UTF-8")
        )
    if in_body and in_header and _alike(in_body) != _alike(in_header):
        found.append(
            warning(
                "ENCODING",
                f"в заголовке charset={in_header[:MAX_SHOWN]}, в XML encoding={in_body[:MAX_SHOWN]}: верим XML",
                f"charset={in_header[:MAX_SHOWN]} in the header, encoding={in_body[:MAX_SHOWN]} in the XML, "
                "which is believed",
            )
        )
    return found


def _alike(encoding: str) -> str:
    return re.sub(r"[^a-z0-9]", "", encoding.lower())


def _contract(sent: SentRequest, *, refused: bool) -> list[ConformanceFinding]:
    """Compare operation and parameters with the WSDL."""
    bad = error if refused else warning
    known = FIELDS.get(sent.operation)
    if known is None:
        there_are, shown = ", ".join(FIELDS), sent.operation[:MAX_SHOWN]
        return [
            bad(
                "UNKNOWN-OPERATION",
                f"операции {shown} в WSDL нет; есть {there_are}",
                f"the WSDL has no operation {shown}; there are {there_are}",
            )
        ]
    names = [name for _, name, _ in sent.parameters]
    # Of the spellings the one that most of the names are of.
    fields = max(known, key=lambda spelling: len({*spelling} & {*names}))
    return [*_namespaces(sent, bad), *_missing(names, fields, bad), *_beyond(names, fields, sent.operation, bad)]


def _namespaces(sent: SentRequest, bad: Callable[[str, str, str], ConformanceFinding]) -> list[ConformanceFinding]:
    found = []
    as_on_the_page = sent.operation == "SayName" and any(name == "number" for _, name, _ in sent.parameters)
    if sent.namespace != NAMESPACE and not (sent.namespace == _TEST and as_on_the_page):
        shown = sent.namespace[:MAX_SHOWN] or '""'
        found.append(
            bad(
                "NS-MISMATCH",
                f"{sent.operation} в пространстве имён {shown}, а по WSDL в {NAMESPACE}",
                f"{sent.operation} is in the namespace {shown}, in the WSDL in {NAMESPACE}",
            )
        )
    strange = next((one for one in sent.parameters if one[0] != sent.namespace), None)
    if strange is not None:
        space, name = strange[0][:MAX_SHOWN] or '""', strange[1][:MAX_SHOWN]
        found.append(
            bad(
                "NS-MISMATCH",
                f"параметр {name} в пространстве имён {space}; по WSDL (qualified) — в том же, что операция",
                f"the parameter {name} is in the namespace {space}; in the WSDL (qualified) in the operation's own",
            )
        )
    return found


def _missing(
    names: list[str], fields: tuple[str, ...], bad: Callable[[str, str, str], ConformanceFinding]
) -> list[ConformanceFinding]:
    return [
        bad("MISSING-FIELD", f"нет параметра {field}", f"the parameter {field} is missing")
        for field in fields
        if field not in names
    ]


def _beyond(
    names: list[str], fields: tuple[str, ...], operation: str, bad: Callable[[str, str, str], ConformanceFinding]
) -> list[ConformanceFinding]:
    """Find names that the WSDL does not have, and those that come again."""
    found = []
    for name in dict.fromkeys(names):
        shown, there_are = name[:MAX_SHOWN], ", ".join(fields)
        if name not in fields:
            found.append(
                bad(
                    "UNKNOWN-FIELD",
                    f"параметра {shown} у {operation} нет; по WSDL: {there_are} (регистр букв важен)",
                    f"{operation} has no parameter {shown}; in the WSDL: {there_are} (case matters)",
                )
            )
        elif names.count(name) > 1:
            found.append(
                bad(
                    "REPEATED-FIELD",
                    f"параметр {shown} пришёл {names.count(name)} раза",
                    f"the parameter {shown} came {names.count(name)} times",
                )
            )
    return found


def _action(sent: SentRequest, headers: Mapping[str, str]) -> list[ConformanceFinding]:
    """Look at SOAPAction, which the VATS does not send: none at all is no finding."""
    if sent.soap == "1.2":
        named = _ACTION12.search(headers.get("Content-Type", ""))
        given = named[1] if named else headers.get("Soapaction")
    else:
        given = headers.get("Soapaction")
    if given is None or sent.operation not in FIELDS:
        return []
    expected, given = ACTION.format(operation=sent.operation), given.strip().strip('"')
    if given == expected:
        return []
    if not given:
        return [
            note(
                "NO-ACTION",
                f"SOAPAction пустой; по WSDL это {expected}, а ВАТС его не шлёт совсем",
                f"SOAPAction is empty; in the WSDL it is {expected}, and the VATS sends none at all",
            )
        ]
    return [
        warning(
            "ACTION-DIFFERS",
            f"SOAPAction {given[:MAX_SHOWN]}, а по WSDL {expected}: операция выбрана по телу",
            f"SOAPAction is {given[:MAX_SHOWN]}, in the WSDL {expected}: the body decided",
        )
    ]


def _numbers(sent: SentRequest) -> list[ConformanceFinding]:
    found = []
    for _, name, text in sent.parameters:
        if name == "Key" and not text.strip():
            found.append(
                warning(
                    "EMPTY-KEY",
                    "Key пустой: карточку некому показать",
                    "Key is empty: there is nobody to show the card to",
                )
            )
        if name in _NUMBERS:
            found += _number(text)
    return found


def _number(text: str) -> list[ConformanceFinding]:
    number = identify(text)
    if number.kind in (NumberKind.HIDDEN, NumberKind.SERVICE) or (
        number.kind is not NumberKind.TEXT and _AS_SENT.fullmatch(text)
    ):
        return []
    shown = text[:MAX_SHOWN]
    if number.kind is NumberKind.TEXT:
        return [
            warning(
                "NUMBER-FORM",
                f"«{shown}» не похоже на номер: искать некого",
                f"“{shown}” is no number: there is nobody to look for",
            )
        ]
    return [
        note(
            "NUMBER-FORM",
            f"номер «{shown}» записан не одними цифрами; ВАТС шлёт их подряд: 89235292926",
            f"the number “{shown}” is not of digits alone; the VATS sends them in a row: 89235292926",
        )
    ]
