"""Callers from the web service of a 1C, queried with the requests SayName and IncomingCall of the VATS.

Rule: no error message and no log line contains the number, the password, or the path and query of the URL.
"""

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
from vats1c.xmlsafe import SOAP_NAMESPACES, without_forbidden_characters

log = structlog.get_logger("vats1c.directory")

# The vendor's request has no charset and no SOAPAction (SOAP 1.1 §6.1.1 requires the header; 1C ignores it).
_CONTENT_TYPES = {"1.1": "text/xml", "1.2": "application/soap+xml; charset=utf-8"}
_CONTRACTS = {"vats": "http://VATS", "test": "http://test", "vatscalls": "http://VATSCalls"}
_CHOICES = {
    "contract": tuple(_CONTRACTS),
    "parameter": ("number", "Number"),
    "soap": tuple(SOAP_NAMESPACES),
    "send": ("received", "national", "canonical"),
}
_SETTINGS = (*SETTINGS, *_CHOICES, "timeout")
_TIMEOUT_S = 0.5
# Byte for byte the vendor's example, including the final line break.
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
# An unassigned number (there is no area code 000) in the notation of the VATS, to test whether 1C answers.
_PROBE_NUMBER = identify("80000000000")
_MASKED_KEY = "KEY"


class SoapDirectory:
    """The callers known to the web service of one 1C."""

    nonblocking = False
    file_settings = ("ca",)

    def __init__(self, name: str, settings: Mapping[str, Any], plan: NumberPlan) -> None:  # noqa: ARG002 - every kind's signature
        """Look up an unassigned number to log a warning if 1C is down. Raises DirectoryError for wrong settings."""
        self.name = name
        self._ready = False
        checked = _checked(settings)
        self._settings = checked
        headers = {"Content-Type": _CONTENT_TYPES[checked["soap"]], "Cache-Control": "no-cache", "Accept": "*/*"}
        self._client = HttpClient(checked, headers, checked["timeout"])
        try:
            self.find(_PROBE_NUMBER)
        except DirectoryError as error:
            log.warning("directory_unreachable", directory=name, reason=str(error))

    def find(self, number: Number) -> Match | None:
        """Return the match for `number` from the answer of 1C. Raises DirectoryError."""
        return self.ask(number).match_or_error()

    def ask(self, number: Number) -> OneCReply:
        """Send SayName for `number` and return the exchange. Never raises DirectoryError; see `OneCReply.error`."""
        # A foreign number has no national form: the canonical form replaces it.
        sent_number = getattr(number, self._settings["send"]) or number.canonical or ""
        request = self._request("SayName", {self._settings["parameter"]: sent_number})

        def read(answer: HttpAnswer) -> Match | None:
            caller = soap_answers.read(*self._parts(answer))
            return Match.of([caller] if caller else [], Confidence.LOCAL if number.local else Confidence.EXACT)

        return self._perform(request, request, read)

    def ring(self, received: str, key: str) -> OneCReply:
        """Send IncomingCall for a call from `received` to the owner of `key`, and return the exchange.

        Never raises DirectoryError. The key is a secret shared by the VATS and 1C: the returned request masks it.
        """
        request, masked = (
            self._request("IncomingCall", {"NumFrom": received, "Key": sent_key}) for sent_key in (key, _MASKED_KEY)
        )
        return self._perform(request, masked, lambda answer: soap_answers.read_call(*self._parts(answer)))

    def state(self) -> State:
        """Return the state; ready when 1C answered the last request without an error."""
        return State(ready=self._ready)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _perform(self, request: bytes, masked: bytes, read: Callable[[HttpAnswer], Match | None]) -> OneCReply:
        started = time.perf_counter()
        answer = None
        try:
            answer = self._client.ask(self._settings["url"], request)
            elapsed = time.perf_counter() - started
            match = read(answer)
        except DirectoryError as error:
            self._ready = False
            elapsed = time.perf_counter() - started
            if answer is None:
                return OneCReply(masked, elapsed, error=error)
            # The text of a fault may contain the rejected password.
            secret = self._settings.get("password", "").encode()
            body = answer.body.replace(secret, b"***") if secret else answer.body
            return OneCReply(masked, elapsed, answer.status, answer.content_type, body, error=error)
        self._ready = True
        return OneCReply(masked, elapsed, answer.status, answer.content_type, answer.body, match)

    def _parts(self, answer: HttpAnswer) -> tuple[int, str, bytes, str, str]:
        namespace, secret = _CONTRACTS[self._settings["contract"]], self._settings.get("password", "")
        return answer.status, answer.content_type, answer.body, namespace, secret

    def _request(self, operation: str, parameters: Mapping[str, str]) -> bytes:
        return _REQUEST.format(
            version=SOAP_NAMESPACES[self._settings["soap"]],
            namespace=_CONTRACTS[self._settings["contract"]],
            operation=operation,
            parameters="".join(
                _PARAMETER.format(name=name, value=escape(without_forbidden_characters(value), quote=False))
                for name, value in parameters.items()
            ),
        ).encode()


def _checked(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the validated settings, completed with defaults. Raises DirectoryError."""
    refuse_unknown(settings, _SETTINGS)
    refuse_no_text(settings, SETTINGS)
    for key, choices in _CHOICES.items():
        if settings.get(key, choices[0]) not in choices:
            there_are = ", ".join(f'"{choice}"' for choice in choices)
            raise DirectoryError(f"нужно одно из: {there_are}", f"must be one of {there_are}", key)
    if "url" not in settings:
        raise DirectoryError("нужен адрес веб-сервиса", "the web service's URL is needed", "url")
    checked_url(settings["url"])
    defaults = {key: choices[0] for key, choices in _CHOICES.items()}
    if settings.get("contract") == "vatscalls":
        defaults["parameter"] = "Number"
        if settings.get("parameter") == "number":
            raise DirectoryError("в vatscalls параметр — Number", "vatscalls knows Number only", "parameter")
    return {**defaults, **settings, "timeout": seconds_of(settings, "timeout", _TIMEOUT_S)}
