"""Callers from a 1C's own web service, asked by SayName as the VATS asks it and read as 1C answers it.

Rule: no error and no log line names the number, the password or what stands in the URL behind the host.
"""

import re
from collections.abc import Mapping
from html import escape
from typing import Any

import structlog

from vats1c.directory import DirectoryError, State, sayname
from vats1c.directory.exchange import SETTINGS, Exchange, address
from vats1c.directory.given import refuse_no_text, refuse_unknown, seconds
from vats1c.model import Confidence, Match
from vats1c.number import Number, Plan, identify

log = structlog.get_logger("vats1c.directory")

# The vendor's request has no charset and no SOAPAction (SOAP 1.1 §6.1.1 wants one; 1C never looks at it).
_CONTENT_TYPES = {"1.1": "text/xml", "1.2": "application/soap+xml; charset=utf-8"}
_CONTRACTS = {"vats": "http://VATS", "test": "http://test", "vatscalls": "http://VATSCalls"}
_CHOICES = {
    "contract": tuple(_CONTRACTS),
    "parameter": ("number", "Number"),
    "soap": tuple(sayname.SOAP),
    "send": ("received", "national", "canonical"),
}
_SETTINGS = (*SETTINGS, *_CHOICES, "timeout")
_TIMEOUT = 0.5
# Byte for byte the vendor's example, the line end after it too.
_REQUEST = """\
<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:soap="{version}">
    <soap:Body>
        <SayName xmlns="{namespace}">
            <{parameter}>{number}</{parameter}>
        </SayName>
    </soap:Body>
</soap:Envelope>
"""
# XML 1.0 §2.2, production [2] Char: whatever is outside cannot stand in a document, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Nobody's number (there is no code 000) as the VATS would write it, to see whether 1C answers.
_NOBODY = identify("80000000000")


class SoapDirectory:
    """Callers of one web service of a 1C."""

    in_memory = False

    def __init__(self, name: str, settings: Mapping[str, Any], plan: Plan) -> None:  # noqa: ARG002 - as every kind's
        """Ask about nobody's number, to say at the start whether 1C answers. Raises DirectoryError."""
        self.name = name
        self._ready = False
        given = _checked(settings)
        self._given = given
        headers = {"Content-Type": _CONTENT_TYPES[given["soap"]], "Cache-Control": "no-cache", "Accept": "*/*"}
        self._exchange = Exchange(given, headers, given["timeout"])
        try:
            self.find(_NOBODY)
        except DirectoryError as error:
            log.warning("directory cannot be reached yet", directory=name, reason=str(error))

    def find(self, number: Number) -> Match | None:
        """Return the caller that 1C names for `number`. Raises DirectoryError."""
        try:
            answer = self._exchange.ask(self._given["url"], self._request(number))
            namespace, secret = _CONTRACTS[self._given["contract"]], self._given.get("password", "")
            caller = sayname.read(answer.status, answer.content_type, answer.body, namespace, secret)
        except DirectoryError:
            self._ready = False
            raise
        self._ready = True
        return Match.of([caller] if caller else [], Confidence.LOCAL if number.local else Confidence.EXACT)

    def state(self) -> State:
        """Return whether 1C answered when it was last asked."""
        return State(ready=self._ready)

    def close(self) -> None:
        """Close the connections."""
        self._exchange.close()

    def _request(self, number: Number) -> bytes:
        # A foreign number has no national form: the full one stands in for it.
        form = getattr(number, self._given["send"]) or number.canonical or ""
        return _REQUEST.format(
            version=sayname.SOAP[self._given["soap"]],
            namespace=_CONTRACTS[self._given["contract"]],
            parameter=self._given["parameter"],
            number=escape(_NOT_XML.sub("", form), quote=False),
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
    address(settings["url"])
    given = {key: choices[0] for key, choices in _CHOICES.items()}
    if settings.get("contract") == "vatscalls":
        given["parameter"] = "Number"
        if settings.get("parameter") == "number":
            raise DirectoryError("в vatscalls параметр — Number", "vatscalls knows Number only", "parameter")
    return {**given, **settings, "timeout": seconds(settings, "timeout", _TIMEOUT)}
