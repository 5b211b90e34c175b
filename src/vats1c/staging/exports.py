"""An exchange to take elsewhere: as curl, as an .http file, as a pytest case, as an entry of a HAR file.

Rule: what was sent goes out as it was, to the byte; no password does, the vendor's example stands in its place.
"""

import base64
import shlex
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from vats1c import __version__
from vats1c.staging.faults import FaultKind
from vats1c.staging.recorded import RecordedExchange, decoded

# A password is never kept: the reader's own, or the vendor's example.
_LOGIN = '"${VATS1C_LOGIN:-SOAP:123}"'
_CASE = '''\
"""What the VATS sent once ({title}), sent again to a vats1c of the test's own."""

import base64
import urllib.error
import urllib.request
{imports}
REQUEST = {request}
HEADERS = {headers}


def test_exchange_{number}(vats1c):
{body}'''


_WHOLE = (
    "try:",
    "    answer = urllib.request.urlopen(request, timeout=10)",
    "except urllib.error.HTTPError as refused:",
    "    answer = refused",
    "with answer:",
)
# Magic numbers whose answers do not arrive whole.
_LOST = frozenset({FaultKind.HANG, FaultKind.RESET, FaultKind.TRUNCATED})
_IMPORTS_LOST = "from http.client import HTTPException\n\nimport pytest\n"
_BROKEN = (
    "with pytest.raises((OSError, HTTPException)):",
    "    urllib.request.urlopen(request, timeout=10).read()",
)


def curl(one: RecordedExchange) -> str:
    """Return a command for a POSIX shell that sends the request again; VATS1C_LOGIN holds "user:password"."""
    parts = ["curl -sS"]
    if one.method != "POST":
        parts.append(f"-X {shlex.quote(one.method)}")
    if one.signed_in:
        parts.append(f"-u {_LOGIN}")
    # With an empty value curl leaves a header out, its own Content-Type too.
    parts += [f"-H {shlex.quote(f'{name}: {value}'.rstrip())}" for name, value in one.sent_again.items()]
    text, coding = decoded(one.request)
    if coding or "\0" in text or text.startswith("@"):
        encoded = base64.b64encode(one.request).decode()
        return f"printf %s {encoded} | base64 -d | " + _joined([*parts, "--data-binary @-", shlex.quote(one.url)])
    if one.request or one.method == "POST":
        parts.append(f"--data-binary {shlex.quote(text)}")
    return _joined([*parts, shlex.quote(one.url)])


def http(one: RecordedExchange) -> str:
    """Return the request as an .http file (JetBrains, VS Code REST Client); a body that is no text is left out."""
    lines = [f"### {one.exchange.operation or one.method} {one.exchange.id}", f"{one.method} {one.url}"]
    if one.signed_in:
        lines.append("Authorization: Basic SOAP 123")
    lines += [f"{name}: {value}" for name, value in one.sent_again.items() if value]
    text, coding = decoded(one.request)
    if coding:
        lines.insert(1, "# The body is no UTF-8 text: see curl.")
        text = ""
    return "\n".join([*lines, "", text.rstrip("\n"), ""])


def pytest(one: RecordedExchange) -> str:
    """Return a test that sends the request by the fixture `vats1c` and expects the answer that was given."""
    exchange = one.exchange
    wrong, elsewhere = exchange.outcome in ("auth", "logins"), exchange.outcome == "path"
    # A plan does not come again; a magic number does.
    again = not exchange.fault or "#" not in exchange.fault
    status = HTTPStatus.UNAUTHORIZED.value if wrong else exchange.status if again else HTTPStatus.OK.value
    lost = exchange.fault in _LOST
    lines = []
    if one.shown:
        lines.append(f"vats1c.set_name({exchange.received!r}, {one.shown!r})")
    # A wrong password is not kept: any other than the right one is as good.
    login = "b'wrong:login'" if wrong else 'f"{vats1c.user}:{vats1c.password}".encode()'
    lines += [
        f"login = base64.b64encode({login}).decode()",
        'headers = HEADERS | {"Authorization": f"Basic {login}"}',
        f"url = urljoin(vats1c.url, {one.path!r})" if elsewhere else "url = vats1c.url",
        f"request = urllib.request.Request(url, REQUEST, headers, method={one.method!r})",
        *(_BROKEN if lost else _WHOLE),
    ]
    if not lost:
        lines.append(f"    assert answer.status == {status}")
    if one.shown is not None and not lost:
        lines.append(f"    assert answer.read() == {_literal(one.answer, 8)}")
    if exchange.outcome == "ok":
        key = f", key={exchange.key!r}" if exchange.key else ""
        lines.append(f"vats1c.wait_for_call(op={exchange.operation!r}, number={exchange.received!r}{key})")
    return _CASE.format(
        title=f"{exchange.operation or one.method}, exchange {exchange.id}",
        imports=_IMPORTS_LOST if lost else "from urllib.parse import urljoin\n" if elsewhere else "",
        number=exchange.id,
        request=_literal(one.request, 0),
        headers=repr({name: value for name, value in one.sent_again.items() if value}),
        body="".join(f"    {line}\n" for line in lines),
    )


def har(entries: Iterable[RecordedExchange]) -> dict[str, Any]:
    """Return exchanges in the HTTP Archive format, 1.2."""
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "vats1c", "version": __version__},
            "entries": [_entry(one) for one in entries],
        }
    }


def _entry(one: RecordedExchange) -> dict[str, Any]:
    exchange = one.exchange
    milliseconds = round(exchange.elapsed * 1_000, 3)
    asked, coding = decoded(one.request)
    said, said_coding = decoded(one.answer)
    posted = {"mimeType": one.headers.get("Content-Type", ""), "params": [], "text": asked}
    content = {"size": len(one.answer), "mimeType": one.answer_type, "text": said}
    return {
        "startedDateTime": exchange.at.isoformat(),
        "time": milliseconds,
        "request": {
            "method": one.method,
            "url": one.url,
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [{"name": name, "value": value} for name, value in one.headers.items()],
            "queryString": [],
            # HAR knows encoded content in answers alone.
            "postData": posted | ({"_encoding": coding} if coding else {}),
            "headersSize": -1,
            "bodySize": len(one.request),
        },
        "response": {
            "status": exchange.status,
            "statusText": _phrase(exchange.status),
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [{"name": "Content-Type", "value": one.answer_type}],
            "content": content | ({"encoding": said_coding} if said_coding else {}),
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": len(one.answer),
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


def _joined(parts: list[str]) -> str:
    return " \\\n  ".join(parts) + "\n"


def _literal(content: bytes, indent: int) -> str:
    """Return `content` as Python spells it, a line of it a line where it is a text."""
    text, coding = decoded(content)
    if coding:
        return f'base64.b64decode("{text}")'
    lines = text.splitlines(keepends=True)
    if len(lines) < 2:  # noqa: PLR2004 - one line
        return f"{text!r}.encode()"
    inner = "".join(f"{' ' * indent}    {line!r}\n" for line in lines)
    return f"(\n{inner}{' ' * indent}).encode()"
