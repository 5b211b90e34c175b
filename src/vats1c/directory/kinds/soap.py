"""A 1C's own web service, asked by SayName and rung by IncomingCall as the VATS does it, and read as 1C answers it.

Rule: no error and no log line names the number, the password or what stands in the URL behind the host.
"""

import re
import time
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

import structlog

from vats1c.directory import DirectoryError, State, soap_answers
from vats1c.directory.http_client import SETTINGS, HttpAnswer, HttpClient, checked_url
from vats1c.directory.settings_checks import refuse_no_text, refuse_unknown, seconds_of
from vats1c.directory.soap_answers import OneCReply
from vats1c.model import Confidence, Match
from vats1c.number import Number, NumberPlan, identify

log = structlog.get_logger("vats1c.directory")

# The vendor's request has no charset and no SOAPAction (SOAP 1.1 §6.1.1 wants one; 1C never looks at it).
_CONTENT_TYPES = {"1.1": "text/xml", "1.2": "application/soap+xml; charset=utf-8"}
_CONTRACTS = {"vats": "http://VATS", "test": "http://test", "vatscalls": "http://VATSCalls"}
_CHOICES = {
    "contract": tuple(_CONTRACTS),
    "parameter": ("number", "Number"),
    "soap": tuple(soap_answers.SOAP),
    "send": ("received", "national", "canonical"),
}
_SETTINGS = (*SETTINGS, *_CHOICES, "timeout")
_TIMEOUT = 0.5
# Byte for byte the vendor's examples, the line end after them too.
_REQUEST = """\
<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:soap="{version}">
    <soap:Body>
        <{operation} xmlns="{namespace}">
{parameters}        </{operation}>
    </soap:Body>
</soap:Envelope>
"""
_PARAMETER = "            <{name}>{value}</{name}>\n"
# XML 1.0 §2.2, production [2] Char: whatever is outside cannot stand in a document, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Nobody's number (there is no code 000) as the VATS would write it, to see whether 1C answers.
_PROBE_NUMBER = identify("80000000000")
_MASKED_KEY = "KEY"


class SoapDirectory:
    """Callers of one web service of a 1C."""

    nonblocking = False
    file_settings = ("ca",)

    def __init__(self, name: str, settings: Mapping[str, Any], plan: NumberPlan) -> None:  # noqa: ARG002 - as every kind's
        """Ask about nobody's number, to say at the start whether 1C answers. Raises DirectoryError."""
        self.name = name
        self._ready = False
        given = _checked(settings)
        self._given = given
        headers = {"Content-Type": _CONTENT_TYPES[given["soap"]], "Cache-Control": "no-cache", "Accept": "*/*"}
        self._exchange = HttpClient(given, headers, given["timeout"])
        try:
            self.find(_PROBE_NUMBER)
        except DirectoryError as error:
            log.warning("directory_unreachable", directory=name, reason=str(error))

    def find(self, number: Number) -> Match | None:
        """Return the caller that 1C names for `number`. Raises DirectoryError."""
        return self.ask(number).match_or_error()

    def ask(self, number: Number) -> OneCReply:
        """Return what 1C answers when it is asked who `number` is; never raises DirectoryError."""
        # A foreign number has no national form: the full one stands in for it.
        form = getattr(number, self._given["send"]) or number.canonical or ""
        request = self._request("SayName", {self._given["parameter"]: form})

        def read(answer: HttpAnswer) -> Match | None:
            caller = soap_answers.read(*self._parts(answer))
            return Match.of([caller] if caller else [], Confidence.LOCAL if number.local else Confidence.EXACT)

        return self._perform(request, request, read)

    def ring(self, received: str, key: str) -> OneCReply:
        """Return what 1C answers when it is told that `received` rings at the owner of `key`; likewise.

        The key is a secret between the VATS and the 1C: what is given back has none.
        """
        request, shown = (
            self._request("IncomingCall", {"NumFrom": received, "Key": given}) for given in (key, _MASKED_KEY)
        )
        return self._perform(request, shown, lambda answer: soap_answers.read_call(*self._parts(answer)))

    def state(self) -> State:
        """Return whether 1C answered when it was last asked."""
        return State(ready=self._ready)

    def close(self) -> None:
        """Close the connections."""
        self._exchange.close()

    def _perform(self, request: bytes, shown: bytes, read: Callable[[HttpAnswer], Match | None]) -> OneCReply:
        begun = time.perf_counter()
        answer = None
        try:
            answer = self._exchange.ask(self._given["url"], request)
            elapsed = time.perf_counter() - begun
            match = read(answer)
        except DirectoryError as error:
            self._ready = False
            elapsed = time.perf_counter() - begun
            if answer is None:
                return OneCReply(shown, elapsed, error=error)
            # A fault may repeat what it refuses.
            secret = self._given.get("password", "").encode()
            body = answer.body.replace(secret, b"***") if secret else answer.body
            return OneCReply(shown, elapsed, answer.status, answer.content_type, body, error=error)
        self._ready = True
        return OneCReply(shown, elapsed, answer.status, answer.content_type, answer.body, match)

    def _parts(self, answer: HttpAnswer) -> tuple[int, str, bytes, str, str]:
        namespace, secret = _CONTRACTS[self._given["contract"]], self._given.get("password", "")
        return answer.status, answer.content_type, answer.body, namespace, secret

    def _request(self, operation: str, parameters: Mapping[str, str]) -> bytes:
        return _REQUEST.format(
            version=soap_answers.SOAP[self._given["soap"]],
            namespace=_CONTRACTS[self._given["contract"]],
            operation=operation,
            parameters="".join(
                _PARAMETER.format(name=name, value=escape(_NOT_XML.sub("", value), quote=False))
                for name, value in parameters.items()
            ),
        ).encode()


def _checked(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings, each of its type, with the defaults of those not given. Raises DirectoryError."""
    refuse_unknown(settings, _SETTINGS)
    refuse_no_text(settings, SETTINGS)
    for key, choices in _CHOICES.items():
        if settings.get(key, choices[0]) not in choices:
            there_are = ", ".join(f'"{choice}"' for choice in choices)
            raise DirectoryError(f"нужно одно из: {there_are}", f"must be one of {there_are}", key)
    if "url" not in settings:
        raise DirectoryError("нужен адрес веб-сервиса", "the web service's URL is needed", "url")
    checked_url(settings["url"])
    given = {key: choices[0] for key, choices in _CHOICES.items()}
    if settings.get("contract") == "vatscalls":
        given["parameter"] = "Number"
        if settings.get("parameter") == "number":
            raise DirectoryError("в vatscalls параметр — Number", "vatscalls knows Number only", "parameter")
    return {**given, **settings, "timeout": seconds_of(settings, "timeout", _TIMEOUT)}
