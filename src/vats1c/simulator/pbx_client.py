"""A client that sends SayName and IncomingCall as the VATS does, and checks each answer against the contract.

Rule: an answer is either correct or gets exactly one error message with the reason.
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
    """The VATS's settings for one web service: address, login and contract.

    `soap` is "1.1" or "1.2". `parameter` is the name of SayName's parameter, "number" or "Number". `timeout` is the
    seconds for one whole answer.
    """

    address: ServiceAddress
    user: str = ""
    password: str = field(default="", repr=False)
    soap: str = "1.1"
    namespace: str = VATS
    parameter: str = "number"
    timeout: float = 10.0

    def headers(self) -> dict[str, str]:
        """Return the HTTP headers of a request by name."""
        return requests.headers(self.soap, self.user, self.password)


@dataclass(frozen=True, slots=True)
class Reply:
    """The result of one request.

    `outcome` is "ok" or the kind of error; `error` is the message for people. `status` is the HTTP status, 0 when no
    answer came. `seconds` is the duration of the request. `returned` is the text of the answer's `return` as sent;
    `name`, `category` and `manager` are the caller's fields in it.
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
    """An answer breaks the contract: `outcome` is the kind of error, `message` is for people."""

    def __init__(self, outcome: str, ru: str, en: str) -> None:
        super().__init__(en)
        self.outcome = outcome
        self.message = Message(ru, en)


class PbxClient:
    """A connection of the VATS to a web service, which sends one request after the other. Not thread-safe."""

    def __init__(self, target: Target) -> None:
        """Prepare a connection to `target`; it opens with the first request."""
        self.target = target
        self._sender = Sender(target.address, target.timeout, keep=True)

    def say_name(self, number: str) -> Reply:
        """Send SayName for `number` and return the reply. Errors are in the reply; none is raised."""
        target = self.target
        body = requests.say_name(number, target.soap, target.namespace, target.parameter)
        return self._send("SayName", number, "", body, self._parse_name)

    def incoming_call(self, number: str, key: str) -> Reply:
        """Send IncomingCall: `number` rings at the subscriber with `key`. Errors are in the reply; none is raised."""
        body = requests.incoming_call(number, key, self.target.soap, self.target.namespace)
        return self._send("IncomingCall", number, key, body, _expect_one)

    def close(self) -> None:
        """Close the connection."""
        self._sender.close()

    def _send(
        self, operation: str, number: str, key: str, body: bytes, parse: Callable[[str], Document | None]
    ) -> Reply:
        target = self.target
        try:
            answer = self._sender.post(body, target.headers())
        except SendingError as error:
            return Reply(operation, number, key, error.seconds, outcome=error.kind, error=error.message)
        returned = ""
        try:
            returned = value(answer, operation, target.soap, target.namespace, target.password)
            caller = parse(returned) or Document("", "", "")
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
            caller.title,
            caller.category,
            caller.manager,
        )

    def _parse_name(self, returned: str) -> Document:
        """Return the caller in SayName's answer. Raises WrongError."""
        if self.target.parameter == "number":
            return Document(returned, "", "")
        try:
            return answers.document(returned)
        except UnreadableError as error:
            text = error.message
            raise WrongError(
                "document", f"в return не документ <data>: {text.ru}", f"return holds no <data> document: {text.en}"
            ) from error


def value(answer: HttpReply, operation: str, soap: str, namespace: str, secret: str = "") -> str:
    """Return the text of the `return` in the answer to `operation`.

    Raises WrongError when the answer breaks the contract; the message never holds `secret`.
    """
    envelope = _read_envelope(answer, secret)
    if envelope.fault is not None:
        code, text = (answers.printable(part, secret) for part in (envelope.fault.code, envelope.fault.text))
        if answer.status == HTTPStatus.UNAUTHORIZED:
            raise _login_refused(answer.status)
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
        actual = answers.printable(envelope.name, secret)
        raise WrongError(
            "operation", f"ждали {operation}Response, пришло {actual}", f"expected {operation}Response, got {actual}"
        )
    if envelope.namespace != namespace:
        actual = answers.printable(envelope.namespace, secret) or '""'
        raise WrongError(
            "namespace",
            f"ответ в пространстве имён {actual}, а не {namespace}",
            f"the answer is in the namespace {actual} and not {namespace}",
        )
    if envelope.returned is None:
        raise WrongError("return", "в ответе нет return с текстом", "the answer holds no return with a text")
    return envelope.returned


def _read_envelope(answer: HttpReply, secret: str) -> Envelope:
    """Return the envelope of an answer.

    Raises WrongError when the answer has no envelope; the HTTP status or the body gives the reason.
    """
    try:
        return answers.read(answer)
    except UnreadableError as error:
        status = answer.status
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise _login_refused(status) from error
        if status == HTTPStatus.NOT_FOUND:
            raise WrongError(
                "path", "по этому адресу нет веб-сервиса (404)", "there is no web service at this address (404)"
            ) from error
        if 300 <= status < 400:  # noqa: PLR2004 - redirects
            location = answers.printable(answer.headers.get("location", ""), secret)
            raise WrongError(
                "redirect", f"перенаправление ({status}) на {location}", f"a redirect ({status}) to {location}"
            ) from error
        text, suffix = error.message, "" if status == HTTPStatus.OK else f" (HTTP {status})"
        raise WrongError(error.kind, f"{text.ru}{suffix}", f"{text.en}{suffix}") from error


def _login_refused(status: int) -> WrongError:
    return WrongError(
        "login",
        f"не пускают ({status}): имя или пароль неверны (--user, --password)",
        f"the login is refused ({status}): wrong user or password (--user, --password)",
    )


def _expect_one(returned: str) -> None:
    """Raise WrongError unless IncomingCall was answered with 1."""
    if returned != "1":
        actual = answers.printable(returned)
        raise WrongError(
            "value", f"ответ на IncomingCall — {actual!r}, а не 1", f"IncomingCall was answered {actual!r} and not 1"
        )
