"""The findings that explain why a request was refused, and what its sender can change."""

from collections.abc import Mapping

from vats1c.model import Exchange
from vats1c.staging.findings import MAX_SHOWN, ConformanceFinding, error

# Findings by outcome, for refusals that the sender causes. The functions below make the findings of the outcomes "auth"
# and "type"; `conformance` makes the findings of refused operations and parameters.
_REFUSALS = {
    "logins": (
        "AUTH",
        "слишком много неверных попыток входа с этого адреса: исправьте пароль и подождите",
        "too many wrong logins from this address: correct the password and wait",
    ),
    "path": (
        "PATH",
        "по этому адресу ничего не опубликовано: адрес оканчивается на /ws/VATS, регистр букв важен",
        "nothing is published at this address: it ends in /ws/VATS, and case matters",
    ),
    "method": ("METHOD", "запрос SOAP отправляют методом POST", "a SOAP request is sent by POST"),
    "size": (
        "SIZE",
        "запрос больше, чем принимает сервис: у ВАТС он меньше килобайта",
        "the request is larger than the service takes: the VATS's has less than a kilobyte",
    ),
    "truncated": (
        "TRUNCATED",
        "тело короче, чем обещает Content-Length",
        "the body is shorter than its Content-Length",
    ),
    "late": ("LATE", "тело запроса не пришло вовремя", "the body did not arrive in time"),
    "empty": ("NOT-XML", "тело запроса пустое", "the request has no body"),
    "xml": (
        "NOT-XML",
        "тело запроса — не XML: проверьте теги, знаки & и < в тексте и кодировку",
        "the body is not XML: look at the tags, at & and < in texts, and at the encoding",
    ),
    "encoding": (
        "ENCODING",
        "кодировка не поддерживается: нужна UTF-8",
        "the encoding is not supported: UTF-8 is needed",
    ),
    "dtd": ("DOCTYPE", "в SOAP не бывает DOCTYPE", "SOAP forbids a DOCTYPE"),
    "pi": ("PROCESSING-INSTRUCTION", "в SOAP не бывает инструкций <? … ?>", "SOAP forbids instructions <? … ?>"),
    "version": (
        "SOAP-VERSION",
        "корень документа — не Envelope SOAP 1.1 или 1.2: проверьте его пространство имён",
        "the root is no Envelope of SOAP 1.1 or 1.2: look at its namespace",
    ),
    "header": (
        "HEADER",
        "в Header есть блок с mustUnderstand, которого сервис не знает: ВАТС Header не шлёт",
        "Header holds a block with mustUnderstand that the service does not know: the VATS sends no Header",
    ),
    "envelope": (
        "ENVELOPE",
        "в конверте не то, что положено: Header, если он есть, и один Body",
        "the envelope holds something else than a Header, if there is one, and one Body",
    ),
    "body": ("ENVELOPE", "в Body должен быть ровно один элемент операции", "Body must hold one operation and no more"),
    "nested": ("ENVELOPE", "внутри параметра элементы, а по WSDL он текст", "a parameter holds elements; it is a text"),
    "multiref": (
        "ENVELOPE",
        "ссылки href и id — это SOAP encoding, а по WSDL style=document, use=literal",
        "href and id are SOAP encoding; the WSDL says document/literal",
    ),
}


def refusal_finding(exchange: Exchange, headers: Mapping[str, str]) -> list[ConformanceFinding]:
    """Return the finding that explains why `exchange` was refused, as a list of one.

    The list is empty if the exchange was not refused, or if the sender did not cause the refusal. It is also empty for
    a refused operation or parameter, because `conformance` makes the findings of these.
    """
    outcome = exchange.outcome
    if outcome == "auth":
        return [_login_finding(headers.get(":Login"))]
    if outcome == "type":
        return [_type_finding(headers)]
    return [error(*_REFUSALS[outcome])] if outcome in _REFUSALS else []


def _login_finding(scheme: str | None) -> ConformanceFinding:
    """Explain a refused login; `scheme` is "" for no login, "other" for a scheme other than Basic."""
    if scheme == "":
        return error(
            "AUTH",
            "нет заголовка Authorization: впишите в настройках ВАТС имя и пароль веб-сервиса",
            "there is no Authorization: enter the web service's user and password in the VATS's settings",
        )
    if scheme == "other":
        return error(
            "AUTH", "вход не по Basic: нужен Authorization: Basic …", "the login is not Basic: Authorization: Basic …"
        )
    return error(
        "AUTH",
        "имя или пароль не подходят: сверьте их с [[users]] в настройках, лишние пробелы тоже важны",
        "the user or the password is wrong: compare them with [[users]] of the settings; blanks matter, too",
    )


def _type_finding(headers: Mapping[str, str]) -> ConformanceFinding:
    coding = headers.get("Content-Encoding", "identity")
    if coding.lower() != "identity":
        shown = coding[:MAX_SHOWN]
        return error(
            "COMPRESSED",
            f"тело сжато ({shown}): ВАТС не сжимает",
            f"the body is compressed ({shown}): the VATS's is not",
        )
    return error(
        "CONTENT-TYPE", "multipart не принимается: нужен text/xml", "multipart is not accepted: text/xml is needed"
    )
