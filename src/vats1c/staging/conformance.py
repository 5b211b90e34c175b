"""The conformance report: a request's deviations from the WSDL and the vendor's page, with stable codes.

Rule: it is computed after the answer, which it never changes; the vendor's sample requests have no findings.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vats1c.model import Exchange
from vats1c.number import NumberKind, identify
from vats1c.staging.findings import MAX_SHOWN, ConformanceFinding, Severity, error, note, warning
from vats1c.staging.refusal_findings import refusal_finding

# The contract, from wsdl/VATS.wsdl. Each operation has alternative lists of parameters: those of the WSDL, of the
# vendor's page, and of the later contract (`Number`).
NAMESPACE = "http://VATS"
ACTION = "http://VATS#VATS:{operation}"
FIELDS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "SayName": (("number",), ("Number",)),
    "IncomingCall": (("NumFrom", "Key"),),
}
_TEST_NAMESPACE = "http://test"
_CONTENT_TYPES = {"1.1": "text/xml", "1.2": "application/soap+xml"}
# The outcomes of requests that were refused for their operation or parameters.
_CONTRACT_REFUSALS = frozenset({"operation", "parameters"})
_NUMBER_PARAMETERS = frozenset({"number", "Number", "NumFrom"})
_PLAIN_NUMBER = re.compile(r"\+?\d+")
_XML_ENCODING = re.compile(rb"""^(?:\xef\xbb\xbf)?\s*<\?xml[^>]*?\bencoding\s*=\s*["']([^"']+)["']""")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([^\s;"']+)""", re.IGNORECASE)
_SOAP12_ACTION = re.compile(r'action\s*=\s*"?([^\s;"]*)', re.IGNORECASE)
_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "UTF-8"), (b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))

# Makes a finding from a code and a message in Russian and English: `error` or `warning`.
_MakeFinding = Callable[[str, str, str], ConformanceFinding]


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A parsed envelope: the SOAP version ("1.1" or "1.2"), and the operation, which is the child of Body.

    `namespace` is the namespace of the operation; each parameter is (namespace, name, text).
    """

    soap: str
    namespace: str
    operation: str
    parameters: tuple[tuple[str, str, str], ...]


def report(
    exchange: Exchange, headers: Mapping[str, str], body: bytes, sent: SentRequest | None
) -> list[ConformanceFinding]:
    """Return the findings on a request, the most severe first.

    `headers` are the recorded headers. Besides them, `headers[":Login"]` is the scheme of a refused login, "" for a
    request without a login. `sent` is None if the envelope could not be parsed. For a request refused before its body
    was read, only the headers are checked.
    """
    findings = refusal_finding(exchange, headers)
    findings += _content(headers, body, sent)
    if sent is not None:
        findings += _contract(sent, refused=exchange.outcome in _CONTRACT_REFUSALS)
        findings += _action(sent, headers)
        findings += _numbers(sent)
    order = list(Severity)
    return sorted(findings, key=lambda finding: order.index(finding.severity))


def _content(headers: Mapping[str, str], body: bytes, sent: SentRequest | None) -> list[ConformanceFinding]:
    """Check the Content-Type, the byte order mark and the encoding."""
    findings = []
    if sent is not None:
        findings += _content_type(headers.get("Content-Type", ""), sent.soap)
        if sent.soap == "1.2":
            findings.append(
                note(
                    "SOAP-VERSION",
                    "SOAP 1.2: в WSDL он есть, но сама ВАТС шлёт 1.1",
                    "SOAP 1.2: it is in the WSDL, but the VATS itself sends 1.1",
                )
            )
    for mark, name in _BYTE_ORDER_MARKS:
        if body.startswith(mark):
            findings.append(
                note("BOM", f"в начале метка порядка байтов ({name})", f"a byte order mark ({name}) at the beginning")
            )
    return findings + _encoding(headers, body)


def _content_type(content_type: str, soap: str) -> list[ConformanceFinding]:
    expected, media_type = _CONTENT_TYPES[soap], content_type.partition(";")[0].strip().lower()
    if media_type == expected:
        return []
    shown = media_type[:MAX_SHOWN]
    ru, en = (f"Content-Type: {shown}",) * 2 if shown else ("Content-Type не указан", "there is no Content-Type")
    return [warning("CONTENT-TYPE", f"{ru}; для SOAP {soap} нужен {expected}", f"{en}; SOAP {soap} has {expected}")]


def _encoding(headers: Mapping[str, str], body: bytes) -> list[ConformanceFinding]:
    declaration = _XML_ENCODING.search(body)
    in_body = declaration[1].decode("ascii", "replace").lower() if declaration else ""
    if not in_body and b"\0" in body[:4]:
        in_body = "utf-16"
    charset = _CHARSET.search(headers.get("Content-Type", ""))
    in_header = charset[1].lower() if charset else ""
    name = (in_body or in_header)[:MAX_SHOWN]
    findings = []
    if name and _normalized(name) not in ("utf8", "usascii", "ascii"):
        findings.append(
            warning("ENCODING", f"кодировка {name}: ВАТС шлёт UTF-8", f"the encoding is {name}: the VATS sends UTF-8")
        )
    if in_body and in_header and _normalized(in_body) != _normalized(in_header):
        findings.append(
            warning(
                "ENCODING",
                f"в заголовке charset={in_header[:MAX_SHOWN]}, в XML encoding={in_body[:MAX_SHOWN]}: верим XML",
                f"charset={in_header[:MAX_SHOWN]} in the header, encoding={in_body[:MAX_SHOWN]} in the XML, "
                "which is believed",
            )
        )
    return findings


def _normalized(encoding: str) -> str:
    return re.sub(r"[^a-z0-9]", "", encoding.lower())


def _contract(sent: SentRequest, *, refused: bool) -> list[ConformanceFinding]:
    """Compare the operation and its parameters with the WSDL; findings are errors if the request was refused."""
    make_finding = error if refused else warning
    alternatives = FIELDS.get(sent.operation)
    if alternatives is None:
        operations, shown = ", ".join(FIELDS), sent.operation[:MAX_SHOWN]
        return [
            make_finding(
                "UNKNOWN-OPERATION",
                f"операции {shown} в WSDL нет; есть {operations}",
                f"the WSDL has no operation {shown}; there are {operations}",
            )
        ]
    names = [name for _, name, _ in sent.parameters]
    # Compare with the alternative that has the most parameters in common with the request.
    fields = max(alternatives, key=lambda alternative: len({*alternative} & {*names}))
    return [
        *_namespaces(sent, make_finding),
        *_missing(names, fields, make_finding),
        *_unknown_or_repeated(names, fields, sent.operation, make_finding),
    ]


def _namespaces(sent: SentRequest, make_finding: _MakeFinding) -> list[ConformanceFinding]:
    findings = []
    # The sample on the vendor's page has the parameter `number`, and the namespace http://test.
    as_on_page = sent.operation == "SayName" and any(name == "number" for _, name, _ in sent.parameters)
    if sent.namespace != NAMESPACE and not (sent.namespace == _TEST_NAMESPACE and as_on_page):
        shown = sent.namespace[:MAX_SHOWN] or '""'
        findings.append(
            make_finding(
                "NS-MISMATCH",
                f"{sent.operation} в пространстве имён {shown}, а по WSDL в {NAMESPACE}",
                f"{sent.operation} is in the namespace {shown}, in the WSDL in {NAMESPACE}",
            )
        )
    foreign = next((parameter for parameter in sent.parameters if parameter[0] != sent.namespace), None)
    if foreign is not None:
        space, name = foreign[0][:MAX_SHOWN] or '""', foreign[1][:MAX_SHOWN]
        findings.append(
            make_finding(
                "NS-MISMATCH",
                f"параметр {name} в пространстве имён {space}; по WSDL (qualified) — в том же, что операция",
                f"the parameter {name} is in the namespace {space}; in the WSDL (qualified) in the operation's own",
            )
        )
    return findings


def _missing(names: list[str], fields: tuple[str, ...], make_finding: _MakeFinding) -> list[ConformanceFinding]:
    return [
        make_finding("MISSING-FIELD", f"нет параметра {field}", f"the parameter {field} is missing")
        for field in fields
        if field not in names
    ]


def _unknown_or_repeated(
    names: list[str], fields: tuple[str, ...], operation: str, make_finding: _MakeFinding
) -> list[ConformanceFinding]:
    """Find parameters that are not in the WSDL, and repeated ones."""
    findings = []
    for name in dict.fromkeys(names):
        shown, expected = name[:MAX_SHOWN], ", ".join(fields)
        if name not in fields:
            findings.append(
                make_finding(
                    "UNKNOWN-FIELD",
                    f"параметра {shown} у {operation} нет; по WSDL: {expected} (регистр букв важен)",
                    f"{operation} has no parameter {shown}; in the WSDL: {expected} (case matters)",
                )
            )
        elif names.count(name) > 1:
            findings.append(
                make_finding(
                    "REPEATED-FIELD",
                    f"параметр {shown} пришёл не один раз, а {names.count(name)}",
                    f"the parameter {shown} came {names.count(name)} times, not once",
                )
            )
    return findings


def _action(sent: SentRequest, headers: Mapping[str, str]) -> list[ConformanceFinding]:
    """Check SOAPAction, or `action` of the Content-Type in SOAP 1.2. It may be missing, as the VATS sends none."""
    if sent.soap == "1.2":
        match = _SOAP12_ACTION.search(headers.get("Content-Type", ""))
        action = match[1] if match else headers.get("Soapaction")
    else:
        action = headers.get("Soapaction")
    if action is None or sent.operation not in FIELDS:
        return []
    expected, action = ACTION.format(operation=sent.operation), action.strip().strip('"')
    if action == expected:
        return []
    if not action:
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
            f"SOAPAction {action[:MAX_SHOWN]}, а по WSDL {expected}: операция выбрана по телу",
            f"SOAPAction is {action[:MAX_SHOWN]}, in the WSDL {expected}: the body decided",
        )
    ]


def _numbers(sent: SentRequest) -> list[ConformanceFinding]:
    findings = []
    for _, name, text in sent.parameters:
        if name == "Key" and not text.strip():
            findings.append(
                warning(
                    "EMPTY-KEY",
                    "Key пустой: карточку некому показать",
                    "Key is empty: there is nobody to show the card to",
                )
            )
        if name in _NUMBER_PARAMETERS:
            findings += _number(text)
    return findings


def _number(text: str) -> list[ConformanceFinding]:
    number = identify(text)
    if number.kind in (NumberKind.HIDDEN, NumberKind.SERVICE) or (
        number.kind is not NumberKind.TEXT and _PLAIN_NUMBER.fullmatch(text)
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
