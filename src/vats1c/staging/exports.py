"""Export recorded exchanges: as a curl command, an .http file, a pytest test, or a HAR file.

Rule: the request is exported byte for byte, but without the password; the login in the vendor's example replaces it.
"""

import base64
import shlex
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from vats1c import __version__
from vats1c.staging.faults import FaultKind
from vats1c.staging.recorded import RecordedExchange, decoded

# Passwords are not recorded: curl uses the login in the variable VATS1C_LOGIN, or the login in the vendor's example.
_LOGIN = '"${VATS1C_LOGIN:-SOAP:123}"'
_TEST_TEMPLATE = '''\
"""What the VATS sent once ({title}), sent again to a vats1c of the test's own."""

import base64
import urllib.error
import urllib.request
{imports}
REQUEST = {request}
HEADERS = {headers}


def test_exchange_{number}(vats1c):
{body}'''


_SEND_AND_EXPECT_ANSWER = (
    "try:",
    "    answer = urllib.request.urlopen(request, timeout=10)",
    "except urllib.error.HTTPError as refused:",
    "    answer = refused",
    "with answer:",
)
# Faults that cut off or withhold the answer. A "magic number" is a phone number that triggers a fault by itself.
_INCOMPLETE = frozenset({FaultKind.HANG, FaultKind.RESET, FaultKind.TRUNCATED})
_IMPORTS_FOR_ERROR = "from http.client import HTTPException\n\nimport pytest\n"
_SEND_AND_EXPECT_ERROR = (
    "with pytest.raises((OSError, HTTPException)):",
    "    urllib.request.urlopen(request, timeout=10).read()",
)


def curl(recorded: RecordedExchange) -> str:
    """Return a POSIX shell command that repeats the request; the shell's VATS1C_LOGIN holds "user:password"."""
    parts = ["curl -sS"]
    if recorded.method != "POST":
        parts.append(f"-X {shlex.quote(recorded.method)}")
    if recorded.signed_in:
        parts.append(f"-u {_LOGIN}")
    # For "Name:" without a value curl omits the header, even its default Content-Type.
    parts += [f"-H {shlex.quote(f'{name}: {value}'.rstrip())}" for name, value in recorded.sent_again.items()]
    text, coding = decoded(recorded.request)
    if coding or "\0" in text or text.startswith("@"):
        encoded = base64.b64encode(recorded.request).decode()
        return f"printf %s {encoded} | base64 -d | " + _join_lines(
            [*parts, "--data-binary @-", shlex.quote(recorded.url)]
        )
    if recorded.request or recorded.method == "POST":
        parts.append(f"--data-binary {shlex.quote(text)}")
    return _join_lines([*parts, shlex.quote(recorded.url)])


def http(recorded: RecordedExchange) -> str:
    """Return the request as an .http file (JetBrains, VS Code REST Client); a body that is not UTF-8 is omitted."""
    lines = [
        f"### {recorded.exchange.operation or recorded.method} {recorded.exchange.id}",
        f"{recorded.method} {recorded.url}",
    ]
    if recorded.signed_in:
        lines.append("Authorization: Basic SOAP 123")
    lines += [f"{name}: {value}" for name, value in recorded.sent_again.items() if value]
    text, coding = decoded(recorded.request)
    if coding:
        lines.insert(1, "# The body is no UTF-8 text: see curl.")
        text = ""
    return "\n".join([*lines, "", text.rstrip("\n"), ""])


def pytest(recorded: RecordedExchange) -> str:
    """Return a pytest test that sends the request to the fixture `vats1c` and expects the recorded answer."""
    exchange = recorded.exchange
    is_wrong_login, is_wrong_path = exchange.outcome in ("auth", "logins"), exchange.outcome == "path"
    # A fault of a fault plan (its label contains "#") does not happen again in the test, which has no such plan. But a
    # fault that a magic number triggers does happen again.
    recurs = not exchange.fault or "#" not in exchange.fault
    status = HTTPStatus.UNAUTHORIZED.value if is_wrong_login else exchange.status if recurs else HTTPStatus.OK.value
    is_incomplete = exchange.fault in _INCOMPLETE
    lines = []
    if recorded.shown:
        lines.append(f"vats1c.set_name({exchange.received!r}, {recorded.shown!r})")
    # The wrong login was not recorded: any other wrong login gets the same answer.
    login = "b'wrong:login'" if is_wrong_login else 'f"{vats1c.user}:{vats1c.password}".encode()'
    lines += [
        f"login = base64.b64encode({login}).decode()",
        'headers = HEADERS | {"Authorization": f"Basic {login}"}',
        f"url = urljoin(vats1c.url, {recorded.path!r})" if is_wrong_path else "url = vats1c.url",
        f"request = urllib.request.Request(url, REQUEST, headers, method={recorded.method!r})",
        *(_SEND_AND_EXPECT_ERROR if is_incomplete else _SEND_AND_EXPECT_ANSWER),
    ]
    if not is_incomplete:
        lines.append(f"    assert answer.status == {status}")
    if recorded.shown is not None and not is_incomplete:
        lines.append(f"    assert answer.read() == {_literal(recorded.answer, 8)}")
    if exchange.outcome == "ok":
        key = f", key={exchange.key!r}" if exchange.key else ""
        lines.append(f"vats1c.wait_for_call(op={exchange.operation!r}, number={exchange.received!r}{key})")
    return _TEST_TEMPLATE.format(
        title=f"{exchange.operation or recorded.method}, exchange {exchange.id}",
        imports=_IMPORTS_FOR_ERROR if is_incomplete else "from urllib.parse import urljoin\n" if is_wrong_path else "",
        number=exchange.id,
        request=_literal(recorded.request, 0),
        headers=repr({name: value for name, value in recorded.sent_again.items() if value}),
        body="".join(f"    {line}\n" for line in lines),
    )


def har(entries: Iterable[RecordedExchange]) -> dict[str, Any]:
    """Return the exchanges as a JSON object in the HTTP Archive format (HAR) 1.2."""
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "vats1c", "version": __version__},
            "entries": [_har_entry(entry) for entry in entries],
        }
    }


def _har_entry(recorded: RecordedExchange) -> dict[str, Any]:
    exchange = recorded.exchange
    milliseconds = round(exchange.elapsed * 1_000, 3)
    request_text, request_coding = decoded(recorded.request)
    answer_text, answer_coding = decoded(recorded.answer)
    post_data = {"mimeType": recorded.headers.get("Content-Type", ""), "params": [], "text": request_text}
    content = {"size": len(recorded.answer), "mimeType": recorded.answer_type, "text": answer_text}
    return {
        "startedDateTime": exchange.at.isoformat(),
        "time": milliseconds,
        "request": {
            "method": recorded.method,
            "url": recorded.url,
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [{"name": name, "value": value} for name, value in recorded.headers.items()],
            "queryString": [],
            # HAR defines `encoding` only for responses, so a request has the custom field `_encoding`.
            "postData": post_data | ({"_encoding": request_coding} if request_coding else {}),
            "headersSize": -1,
            "bodySize": len(recorded.request),
        },
        "response": {
            "status": exchange.status,
            "statusText": _phrase(exchange.status),
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [{"name": "Content-Type", "value": recorded.answer_type}],
            "content": content | ({"encoding": answer_coding} if answer_coding else {}),
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": len(recorded.answer),
        },
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        "_vats1c": {"id": exchange.id, "op": exchange.operation, "outcome": exchange.outcome, "fault": exchange.fault},
    }


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _join_lines(parts: list[str]) -> str:
    return " \\\n  ".join(parts) + "\n"


def _literal(content: bytes, indent: int) -> str:
    """Return a Python expression for `content`; a text of several lines has one string literal per line."""
    text, coding = decoded(content)
    if coding:
        return f'base64.b64decode("{text}")'
    lines = text.splitlines(keepends=True)
    if len(lines) < 2:  # noqa: PLR2004 - one line
        return f"{text!r}.encode()"
    inner = "".join(f"{' ' * indent}    {line!r}\n" for line in lines)
    return f"(\n{inner}{' ' * indent}).encode()"
