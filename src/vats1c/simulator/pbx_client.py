"""The VATS as a web service meets it: asks SayName, tells IncomingCall, and judges each answer.

Rule: an answer is right or there is one sentence that says why it is not.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

from vats1c.messages import Message
from vats1c.simulator import answers, requests
from vats1c.simulator.address import ServiceAddress
from vats1c.simulator.answers import Document, Envelope, UnreadableError
from vats1c.simulator.http_client import HttpReply, Sender, SendingError
from vats1c.simulator.requests import VATS


@dataclass(frozen=True, slots=True)
class Target:
    """How the VATS is set up: where the web service is, its login, and which of the contracts it speaks.

    `soap` is "1.1" or "1.2", `parameter` SayName's, "number" or "Number"; `timeout` is in seconds.
    """

    to: ServiceAddress
    user: str = ""
    password: str = field(default="", repr=False)
    soap: str = "1.1"
    namespace: str = VATS
    parameter: str = "number"
    timeout: float = 10.0

    def headers(self) -> dict[str, str]:
        """Return the headers of a request."""
        return requests.headers(self.soap, self.user, self.password)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one request: `outcome` is "ok" or a word for what went wrong, which `error` says in full.

    `status` is 0 where no answer came; `seconds` is how long it took. `returned` is the answer's text, as it was sent,
    `name`, `category` and `manager` what it says of the caller.
    """

    operation: str
    number: str
    key: str
    seconds: float
    status: int = 0
    outcome: str = "ok"
    returned: str = ""
    name: str = ""
    category: str = ""
    manager: str = ""
    error: Message | None = None


class WrongError(Exception):
    """An answer that is not what the contract says: a word for what it is, and a sentence."""

    def __init__(self, outcome: str, ru: str, en: str) -> None:
        super().__init__(en)
        self.outcome = outcome
        self.message = Message(ru, en)


class PbxClient:
    """One line of the VATS. For one thread."""

    def __init__(self, line: Target) -> None:
        """Open nothing yet."""
        self.line = line
        self._sender = Sender(line.to, line.timeout, keep=True)

    def say_name(self, number: str) -> Reply:
        """Ask who `number` is. Never raises for what the other side does."""
        line = self.line
        body = requests.say_name(number, line.soap, line.namespace, line.parameter)
        return self._send("SayName", number, "", body, self._named)

    def incoming_call(self, number: str, key: str) -> Reply:
        """Tell that `number` rings at the owner of `key`. Likewise."""
        body = requests.incoming_call(number, key, self.line.soap, self.line.namespace)
        return self._send("IncomingCall", number, key, body, _taken)

    def close(self) -> None:
        """Close the connection."""
        self._sender.close()

    def _send(
        self, operation: str, number: str, key: str, body: bytes, judge: Callable[[str], Document | None]
    ) -> Reply:
        line = self.line
        try:
            answer = self._sender.post(body, line.headers())
        except SendingError as error:
            return Reply(operation, number, key, error.seconds, outcome=error.kind, error=error.message)
        returned = ""
        try:
            returned = value(answer, operation, line.soap, line.namespace, line.password)
            said = judge(returned) or Document("", "", "")
        except WrongError as error:
            return Reply(
                operation, number, key, answer.seconds, answer.status, error.outcome, returned, error=error.message
            )
        return Reply(
            operation,
            number,
            key,
            answer.seconds,
            answer.status,
            "ok",
            returned,
            said.title,
            said.category,
            said.manager,
        )

    def _named(self, returned: str) -> Document:
        if self.line.parameter == "number":
            return Document(returned, "", "")
        try:
            return answers.document(returned)
        except UnreadableError as error:
            text = error.message
            raise WrongError(
                "document", f"в return не документ <data>: {text.ru}", f"return holds no <data> document: {text.en}"
            ) from error


def value(answer: HttpReply, operation: str, soap: str, namespace: str, secret: str = "") -> str:
    """Return the text of the `return` that answers `operation`. Raises WrongError, which does not repeat `secret`."""
    envelope = _enveloped(answer, secret)
    if envelope.fault is not None:
        code, text = (answers.printable(part, secret) for part in (envelope.fault.code, envelope.fault.text))
        if answer.status == HTTPStatus.UNAUTHORIZED:
            raise _login(answer.status)
        raise WrongError("fault", f"ответ — ошибка SOAP ({code}): {text}", f"a SOAP fault ({code}): {text}")
    if answer.status != HTTPStatus.OK:
        raise WrongError("status", f"статус HTTP {answer.status}, а не 200", f"HTTP status {answer.status} and not 200")
    if envelope.version != soap:
        raise WrongError(
            "version",
            f"спросили в SOAP {soap}, ответ в SOAP {envelope.version}",
            f"asked in SOAP {soap}, answered in SOAP {envelope.version}",
        )
    if envelope.name != f"{operation}Response":
        came = answers.printable(envelope.name, secret)
        raise WrongError(
            "operation", f"ждали {operation}Response, пришло {came}", f"expected {operation}Response, got {came}"
        )
    if envelope.namespace != namespace:
        came = answers.printable(envelope.namespace, secret) or '""'
        raise WrongError(
            "namespace",
            f"ответ в пространстве имён {came}, а не {namespace}",
            f"the answer is in the namespace {came} and not {namespace}",
        )
    if envelope.returned is None:
        raise WrongError("return", "в ответе нет return с текстом", "the answer holds no return with a text")
    return envelope.returned


def _enveloped(answer: HttpReply, secret: str) -> Envelope:
    """Return the envelope of an answer. Raises WrongError."""
    try:
        return answers.read(answer)
    except UnreadableError as error:
        status = answer.status
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise _login(status) from error
        if status == HTTPStatus.NOT_FOUND:
            raise WrongError(
                "path", "по этому адресу нет веб-сервиса (404)", "there is no web service at this address (404)"
            ) from error
        if 300 <= status < 400:  # noqa: PLR2004 - redirects
            to = answers.printable(answer.headers.get("location", ""), secret)
            raise WrongError(
                "redirect", f"перенаправление ({status}) на {to}", f"a redirect ({status}) to {to}"
            ) from error
        text, told = error.message, "" if status == HTTPStatus.OK else f" (HTTP {status})"
        raise WrongError(error.kind, f"{text.ru}{told}", f"{text.en}{told}") from error


def _login(status: int) -> WrongError:
    return WrongError(
        "login",
        f"не пускают ({status}): имя или пароль неверны (--user, --password)",
        f"the login is refused ({status}): wrong user or password (--user, --password)",
    )


def _taken(returned: str) -> None:
    if returned != "1":
        came = answers.printable(returned)
        raise WrongError(
            "value", f"ответ на IncomingCall — {came!r}, а не 1", f"IncomingCall was answered {came!r} and not 1"
        )
