"""Callers from an LDAP server or Active Directory: one search per number, through the library ldap3.

Rule: no error message contains the password or the number.
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
_TIMEOUT_S = 0.5
# As many idle connections as pending lookups (SourcePolicy.max_pending).
_MAX_IDLE = 16
# More entries do not matter: the match is ambiguous, and the phone cannot show more names.
_MAX_ENTRIES = 50
_PLACEHOLDER = re.compile(r"\{(number|national|last10)\}")
# Equality filters for the usual forms of a number: servers index them, unlike the substring filter "*{last10}".
_FILTER = "(|{})".format(
    "".join(
        f"({attribute}={{{form}}})"
        for attribute in ("telephoneNumber", "mobile")
        for form in ("number", "national", "last10")
    )
)
# Field -> attributes. The first attribute with a value is used; for the number, all attributes are used.
_FIELDS = {
    "number": "telephoneNumber, mobile",
    "name": "displayName, cn",
    "company": "company, o",
    "category": "businessCategory",
    "manager": "",
    "note": "description",
}
_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9;.-]*|[0-9]+(\.[0-9]+)+")
# Result codes of RFC 4511. sizeLimitExceeded still returns entries; noSuchObject and invalidDNSyntax mean a bad `base`.
_OK, _SIZE_LIMIT, _NO_BASE, _BAD_BASE = 0, 4, 32, 34


class LdapDirectory:
    """The callers in one LDAP server."""

    nonblocking = False

    def __init__(self, name: str, settings: Mapping[str, Any], plan: NumberPlan) -> None:
        """Look up PROBE_NUMBER to test the settings.

        Raises DirectoryError for a wrong setting; logs a warning for an unreachable server.
        """
        self.name = name
        self._plan = plan
        self._ready = False
        self._settings = _checked(settings)
        self._timeout = seconds_of(settings, "timeout", _TIMEOUT_S)
        self._filter = _usable_filter(self._settings.get("filter", _FILTER))
        self._attributes = _attributes(settings.get("fields", {}))
        self._requested = sorted({attribute for attributes in self._attributes.values() for attribute in attributes})
        _server(self._settings["url"], self._timeout)
        self._idle: LifoQueue[ldap3.Connection] = LifoQueue(_MAX_IDLE)
        try:
            self.find(PROBE_NUMBER)
        except DirectoryError as error:
            if error.key:
                self.close()
                raise
            log.warning("directory_unreachable", directory=name, reason=str(error))

    def find(self, number: Number) -> Match | None:
        """Return the match for `number` from the entries that the server returns. Raises DirectoryError."""
        try:
            entries = self._entries(_filled(self._filter, number))
        except DirectoryError:
            self._ready = False
            raise
        except Exception as error:
            # ldap3 raises arbitrary exceptions for a response that is not LDAP; their messages may contain the request.
            self._ready = False
            kind = type(error).__name__
            raise DirectoryError(
                f"сервер LDAP не отвечает: {kind}", f"the LDAP server does not answer: {kind}"
            ) from error
        self._ready = True
        callers = [(self._caller(entry), self._values(entry, "number")) for entry in entries]
        named = [(caller, cells) for caller, cells in callers if caller.name]
        confidence = confidence_of(number, [cells for _, cells in named], self._plan)
        return Match.of((caller for caller, _ in named), confidence)

    def state(self) -> State:
        """Return the state; ready when the server answered the last search."""
        return State(ready=self._ready)

    def close(self) -> None:
        """Close the connections."""
        while True:
            try:
                _close_connection(self._idle.get_nowait())
            except Empty:
                return

    def _entries(self, filter_text: str) -> list[dict[str, Any]]:
        deadline = time.monotonic() + self._timeout
        try:
            idle = self._idle.get_nowait()
        except Empty:
            return self._search(self._connected(), filter_text)
        try:
            return self._search(idle, filter_text)
        except (LDAPExceptionError, OSError):
            # Servers close idle connections: retry on a new connection within the timeout.
            if time.monotonic() > deadline:
                raise
            return self._search(self._connected(), filter_text)

    def _connected(self) -> ldap3.Connection:
        connection = ldap3.Connection(
            # A new Server object per connection: after a failure, a Server object skips the address for seconds.
            _server(self._settings["url"], self._timeout),
            user=self._settings.get("user"),
            password=self._settings.get("password"),
            authentication=ldap3.SIMPLE if "user" in self._settings else ldap3.ANONYMOUS,
            read_only=True,
            auto_referrals=False,
            check_names=False,
            return_empty_attributes=False,
        )
        try:
            connection.open(read_server_info=False)
            # The receive_timeout of ldap3 accepts whole seconds only.
            connection.socket.settimeout(self._timeout)
            bound = connection.bind(read_server_info=False)
        except BaseException:
            _close_connection(connection)
            raise
        if not bound:
            reason = connection.result["description"]
            _close_connection(connection)
            raise DirectoryError(f"сервер LDAP не пускает: {reason}", f"the LDAP server refuses the login: {reason}")
        return connection

    def _search(self, connection: ldap3.Connection, filter_text: str) -> list[dict[str, Any]]:
        try:
            connection.search(self._settings["base"], filter_text, attributes=self._requested, size_limit=_MAX_ENTRIES)
        except BaseException:
            _close_connection(connection)
            raise
        code, reason = connection.result["result"], connection.result["description"]
        entries = [entry["raw_attributes"] for entry in connection.response or () if "raw_attributes" in entry]
        if code not in (_OK, _SIZE_LIMIT):
            _close_connection(connection)
            key = "base" if code in (_NO_BASE, _BAD_BASE) else ""
            raise DirectoryError(f"сервер LDAP отказал: {reason}", f"the LDAP server refused: {reason}", key)
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
    """Return the string settings after validation. Raises DirectoryError."""
    refuse_unknown(settings, _SETTINGS)
    refuse_no_text(settings, _TEXTS)
    for key, ru, en in (
        ("url", "нужен адрес сервера", "the server's URL is needed"),
        ("base", "нужно, где искать (dc=example,dc=com)", "where to search is needed (dc=example,dc=com)"),
    ):
        if key not in settings:
            raise DirectoryError(ru, en, key)
    # LDAP treats a user without a password as anonymous and accepts the bind (RFC 4513, 5.1.2).
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
        # Positional arguments of ldap3: schema, auto_escape, auto_encode, validator, check_names.
        parse_filter(_filled(text, PROBE_NUMBER), None, *(False, False, None, False))  # type: ignore[no-untyped-call]
    except LDAPExceptionError as error:
        raise DirectoryError("это не фильтр LDAP (RFC 4515)", "not an LDAP filter (RFC 4515)", "filter") from error
    return text


def _filled(text: str, number: Number) -> str:
    canonical = number.canonical or ""
    # A foreign number has no national form: the canonical form replaces it.
    forms = {"number": canonical, "national": number.national or canonical, "last10": number.last10 or canonical}
    return _PLACEHOLDER.sub(lambda placeholder: escape_filter_chars(forms[placeholder[1]]), text)


def _attributes(fields: Any) -> dict[str, list[str]]:
    if not isinstance(fields, Mapping) or fields.keys() - COLUMNS.keys():
        there_are = ", ".join(COLUMNS)
        raise DirectoryError(f"бывают поля: {there_are}", f"the fields are {there_are}", "fields")
    attributes = {}
    for field, text in {**_FIELDS, **fields}.items():
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
    # By default ldap3 accepts any certificate.
    tls = ldap3.Tls(validate=ssl.CERT_REQUIRED) if secure else None
    return ldap3.Server(host, port=port, use_ssl=secure, tls=tls, get_info=ldap3.NONE, connect_timeout=timeout)


def _close_connection(connection: ldap3.Connection) -> None:
    # ldap3 drops its reference to a failed socket without closing it.
    sock = connection.socket
    with suppress(LDAPExceptionError, OSError):
        connection.unbind()
    if sock is not None:
        sock.close()
