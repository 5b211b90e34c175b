"""Callers from an LDAP server, Active Directory too, asked for each number through ldap3.

Rule: no error names the password or the number.
"""

import re
import ssl
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from queue import Empty, Full, LifoQueue
from typing import Any
from urllib.parse import urlsplit

import structlog

from vats1c.directory import DirectoryError, State
from vats1c.directory.columns import COLUMNS, confidence_of
from vats1c.directory.settings_checks import refuse_no_text, refuse_unknown, seconds_of
from vats1c.model import Caller, Match
from vats1c.number import PROBE_NUMBER, Number, NumberPlan

try:
    import ldap3
    from ldap3.core.exceptions import LDAPExceptionError
    from ldap3.operation.search import parse_filter
    from ldap3.utils.conv import escape_filter_chars
except ImportError as missing:
    raise DirectoryError(
        "не установлена ldap3 (vats1c[all])", "ldap3 is not installed (vats1c[all])", "type"
    ) from missing

log = structlog.get_logger("vats1c.directory")

_TEXTS = ("url", "user", "password", "base", "filter")
_SETTINGS = (*_TEXTS, "fields", "timeout")
_TIMEOUT = 0.5
# As many as the lookups that may be pending at once (resilience.py).
_CONNECTIONS = 16
# More entries than a phone can show say no more than "ambiguous".
_MAX_ENTRIES = 50
_PLACEHOLDER = re.compile(r"\{(number|national|last10)\}")
# Whole values in the usual forms: a server has an index for them, and none for "*{last10}".
_FILTER = "(|{})".format(
    "".join(
        f"({attribute}={{{form}}})"
        for attribute in ("telephoneNumber", "mobile")
        for form in ("number", "national", "last10")
    )
)
# Attributes of each field: the first that has a value counts; of the number, all do.
_FIELDS = {
    "number": "telephoneNumber, mobile",
    "name": "displayName, cn",
    "company": "company, o",
    "category": "businessCategory",
    "manager": "",
    "note": "description",
}
_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9;.-]*|[0-9]+(\.[0-9]+)+")
# RFC 4511: sizeLimitExceeded still gives entries; noSuchObject and invalidDNSyntax are the base's fault.
_OK, _CUT_SHORT, _NO_BASE, _BAD_BASE = 0, 4, 32, 34


class LdapDirectory:
    """Callers of one LDAP server."""

    nonblocking = False

    def __init__(self, name: str, settings: Mapping[str, Any], plan: NumberPlan) -> None:
        """Try the settings with nobody's number. Raises DirectoryError unless the server is merely unreachable."""
        self.name = name
        self._plan = plan
        self._ready = False
        self._given = _checked(settings)
        self._timeout = seconds_of(settings, "timeout", _TIMEOUT)
        self._filter = _usable_filter(self._given.get("filter", _FILTER))
        self._attributes = _attributes(settings.get("fields", {}))
        self._asked = sorted({attribute for own in self._attributes.values() for attribute in own})
        _server(self._given["url"], self._timeout)
        self._idle: LifoQueue[ldap3.Connection] = LifoQueue(_CONNECTIONS)
        try:
            self.find(PROBE_NUMBER)
        except DirectoryError as error:
            if error.key:
                self.close()
                raise
            log.warning("directory_unreachable", directory=name, reason=str(error))

    def find(self, number: Number) -> Match | None:
        """Return the callers of the entries that the server gives for `number`. Raises DirectoryError."""
        try:
            entries = self._entries(_filled(self._filter, number))
        except DirectoryError:
            self._ready = False
            raise
        except Exception as error:
            # The library meets an answer that is not LDAP with any error at all, whose words may repeat what was sent.
            self._ready = False
            kind = type(error).__name__
            raise DirectoryError(
                f"сервер LDAP не отвечает: {kind}", f"the LDAP server does not answer: {kind}"
            ) from error
        self._ready = True
        found = [(self._caller(entry), self._values(entry, "number")) for entry in entries]
        named = [(caller, cells) for caller, cells in found if caller.name]
        sure = confidence_of(number, [cells for _, cells in named], self._plan)
        return Match.of((caller for caller, _ in named), sure)

    def state(self) -> State:
        """Return whether the server answered when it was last asked."""
        return State(ready=self._ready)

    def close(self) -> None:
        """Close the connections."""
        while True:
            try:
                _close_connection(self._idle.get_nowait())
            except Empty:
                return

    def _entries(self, asked: str) -> list[dict[str, Any]]:
        deadline = time.monotonic() + self._timeout
        try:
            kept = self._idle.get_nowait()
        except Empty:
            return self._ask(self._connected(), asked)
        try:
            return self._ask(kept, asked)
        except (LDAPExceptionError, OSError):
            # Servers close idle connections; that alone is no failure, while there is time.
            if time.monotonic() > deadline:
                raise
            return self._ask(self._connected(), asked)

    def _connected(self) -> ldap3.Connection:
        connection = ldap3.Connection(
            # A new one each time: the library leaves an address that failed once alone for seconds.
            _server(self._given["url"], self._timeout),
            user=self._given.get("user"),
            password=self._given.get("password"),
            authentication=ldap3.SIMPLE if "user" in self._given else ldap3.ANONYMOUS,
            read_only=True,
            auto_referrals=False,
            check_names=False,
            return_empty_attributes=False,
        )
        try:
            connection.open(read_server_info=False)
            # The library's own receive_timeout takes whole seconds only.
            connection.socket.settimeout(self._timeout)
            bound = connection.bind(read_server_info=False)
        except BaseException:
            _close_connection(connection)
            raise
        if not bound:
            said = connection.result["description"]
            _close_connection(connection)
            raise DirectoryError(f"сервер LDAP не пускает: {said}", f"the LDAP server refuses the login: {said}")
        return connection

    def _ask(self, connection: ldap3.Connection, asked: str) -> list[dict[str, Any]]:
        try:
            connection.search(self._given["base"], asked, attributes=self._asked, size_limit=_MAX_ENTRIES)
        except BaseException:
            _close_connection(connection)
            raise
        code, said = connection.result["result"], connection.result["description"]
        entries = [entry["raw_attributes"] for entry in connection.response or () if "raw_attributes" in entry]
        if code not in (_OK, _CUT_SHORT):
            _close_connection(connection)
            key = "base" if code in (_NO_BASE, _BAD_BASE) else ""
            raise DirectoryError(f"сервер LDAP отказал: {said}", f"the LDAP server refused: {said}", key)
        try:
            self._idle.put_nowait(connection)
        except Full:
            _close_connection(connection)
        return entries

    def _caller(self, entry: Mapping[str, Any]) -> Caller:
        return Caller(**{field: next(iter(self._values(entry, field)), "") for field in COLUMNS if field != "number"})

    def _values(self, entry: Mapping[str, Sequence[bytes]], field: str) -> list[str]:
        texts = (
            value.decode(errors="replace").strip()
            for attribute in self._attributes[field]
            for value in entry.get(attribute, ())
        )
        return [text for text in texts if text]


def _checked(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings that are texts. Raises DirectoryError."""
    refuse_unknown(settings, _SETTINGS)
    refuse_no_text(settings, _TEXTS)
    for key, ru, en in (
        ("url", "нужен адрес сервера", "the server's URL is needed"),
        ("base", "нужно, где искать (dc=example,dc=com)", "where to search is needed (dc=example,dc=com)"),
    ):
        if key not in settings:
            raise DirectoryError(ru, en, key)
    # A user without a password is taken for nobody by LDAP (RFC 4513, 5.1.2), and let in.
    if ("user" in settings) != ("password" in settings):
        raise DirectoryError("нужны и имя, и пароль", "a user and a password, both or none", "password")
    return {key: settings[key] for key in _TEXTS if key in settings}


def _usable_filter(text: str) -> str:
    if not _PLACEHOLDER.search(text):
        there_are = "{number}, {national}, {last10}"
        raise DirectoryError(
            f"в фильтре нужен номер: {there_are}", f"the filter needs the number: {there_are}", "filter"
        )
    try:
        # The library's own order: schema, escape, encode, validator, check names.
        parse_filter(_filled(text, PROBE_NUMBER), None, *(False, False, None, False))  # type: ignore[no-untyped-call]
    except LDAPExceptionError as error:
        raise DirectoryError("это не фильтр LDAP (RFC 4515)", "not an LDAP filter (RFC 4515)", "filter") from error
    return text


def _filled(text: str, number: Number) -> str:
    canonical = number.canonical or ""
    # A foreign number has no national form: the full one stands in for it.
    forms = {"number": canonical, "national": number.national or canonical, "last10": number.last10 or canonical}
    return _PLACEHOLDER.sub(lambda found: escape_filter_chars(forms[found[1]]), text)


def _attributes(given: Any) -> dict[str, list[str]]:
    if not isinstance(given, Mapping) or given.keys() - COLUMNS.keys():
        there_are = ", ".join(COLUMNS)
        raise DirectoryError(f"бывают поля: {there_are}", f"the fields are {there_are}", "fields")
    attributes = {}
    for field, text in {**_FIELDS, **given}.items():
        names = [name.strip() for name in text.split(",") if name.strip()] if isinstance(text, str) else [""]
        if not all(_ATTRIBUTE.fullmatch(name) for name in names) or (field == "name" and not names):
            raise DirectoryError(f"{field}: нужны имена атрибутов", f"{field}: names of attributes", "fields")
        attributes[field] = names
    return attributes


def _server(url: str, timeout: float) -> ldap3.Server:
    try:
        parsed = urlsplit(url)
        usable = parsed.scheme in ("ldap", "ldaps") and parsed.hostname and parsed.path in ("", "/")
        usable = usable and "@" not in parsed.netloc
        secure, host, port = parsed.scheme == "ldaps", parsed.hostname or "", parsed.port
    except ValueError:
        usable = False
    if not usable:
        raise DirectoryError(
            "нужен адрес ldap:// или ldaps:// без имени и пароля в нём",
            "must be an ldap:// or ldaps:// URL without a user in it",
            "url",
        )
    # The library's own default trusts any certificate.
    tls = ldap3.Tls(validate=ssl.CERT_REQUIRED) if secure else None
    return ldap3.Server(host, port=port, use_ssl=secure, tls=tls, get_info=ldap3.NONE, connect_timeout=timeout)


def _close_connection(connection: ldap3.Connection) -> None:
    # The library forgets a socket that failed without closing it.
    used = connection.socket
    with suppress(LDAPExceptionError, OSError):
        connection.unbind()
    if used is not None:
        used.close()
