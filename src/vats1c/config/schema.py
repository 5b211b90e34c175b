"""The settings as types: each key with its default, bounds and description.

Rule: keys that are not here are rejected; docs/settings.md and vats1c.example.toml are tested against this module.
"""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from vats1c.config.problems import Unusable
from vats1c.messages import Language
from vats1c.number import NumberPlan
from vats1c.phone_format import is_template

DEFAULT_PUBLICATION = "telephony"
# The name of the real 1C in the list of directories.
UPSTREAM = "upstream"
_PUBLICATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
# The service uses these paths itself, so a publication cannot have one of these names.
_RESERVED = {"api", "calls", "card", "directory", "healthz", "metrics", "readyz"}
_LISTEN = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^:\[\]\s]*):(\d{1,5})")
_MAX_PORT = 65_535


def _listen(value: str) -> str:
    match = _LISTEN.fullmatch(value)
    if match is None or int(match[1]) > _MAX_PORT:
        raise Unusable("ожидается АДРЕС:ПОРТ, например 0.0.0.0:8080", "expected HOST:PORT, such as 0.0.0.0:8080")
    return value


def _template(value: str) -> str:
    if not is_template(value):
        raise Unusable(
            "в шаблоне бывают только {name}, {company}, {category} и {note}",
            "a template holds {name}, {company}, {category} and {note} only",
        )
    return value


def _public_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise Unusable(
            "ожидается адрес вида https://vats.example.ru, без параметров",
            "expected an address like https://vats.example.ru, without a query",
        )
    return value.rstrip("/")


class Table(BaseModel):
    """A table of settings: rejects unknown keys and is immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PasswordTable(Table):
    """A password in one of three forms: clear text, a hash, or a file."""

    password: SecretStr | None = Field(default=None, description="Password in clear text.")
    password_hash: SecretStr | None = Field(default=None, description="Hash made by `vats1c hash-password`.")
    password_file: Path | None = Field(default=None, description="File that contains the password (a mounted secret).")

    def _count_passwords(self) -> int:
        """Return how many of the three keys are set. Raises Unusable for an empty password."""
        passwords = [p for p in (self.password, self.password_hash, self.password_file) if p is not None]
        if any(isinstance(p, SecretStr) and not p.get_secret_value() for p in passwords):
            raise Unusable("пустой пароль не принимается", "an empty password is not accepted")
        return len(passwords)


class UserTable(PasswordTable):
    """A SOAP user: a login of the VATS (HTTP Basic, UTF-8)."""

    name: str = Field(min_length=1, description="User name that the VATS sends.")

    @model_validator(mode="after")
    def _one_password(self) -> Self:
        if ":" in self.name:
            raise Unusable("в имени пользователя не может быть двоеточия", "a user name cannot hold a colon")
        if self._count_passwords() != 1:
            raise Unusable(
                "нужно ровно одно из: password, password_hash, password_file",
                "exactly one of password, password_hash, password_file is needed",
            )
        return self


class AdministratorTable(UserTable):
    """An administrator, who sees every call of the publication and edits the directory."""

    name: str = Field(min_length=1, max_length=64, description="Login on the pages and in the API.")


class DirectoryTable(BaseModel):
    """A caller directory; additional keys are settings of its kind."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str = Field(min_length=1, description="Name in logs and health.")
    type: str = Field(min_length=1, description="Kind of directory, such as `csv`.")
    deadline: float | None = Field(
        default=None,
        ge=0.05,
        le=10,
        description="Maximum wait for this directory, seconds; default: `say_name.deadline`.",
    )

    @property
    def own(self) -> dict[str, Any]:
        """The settings of the directory's kind, by key."""
        return dict(self.model_extra or {})


class SubscriberTable(PasswordTable):
    """An employee whose phone rings when a call comes."""

    key: str = Field(min_length=1, max_length=128, description="Key of the subscriber, issued by the VATS.")
    name: str = Field(min_length=1, description="Name of the employee.")
    extension: str = Field(default="", max_length=16, description="Internal extension.")
    login: str = Field(
        default="",
        max_length=64,
        pattern="^[^:]*$",
        description="Login to the card page; without it the employee has no card page.",
    )

    @model_validator(mode="after")
    def _login_has_one_password(self) -> Self:
        if self._count_passwords() != bool(self.login):
            raise Unusable(
                "к login нужно ровно одно из: password, password_hash, password_file",
                "login needs exactly one of password, password_hash, password_file",
            )
        return self


class SayNameTable(Table):
    """Settings of SayName: parameter in the WSDL, deadline, caching, and format of the name on the phone."""

    parameter: Literal["number", "Number"] = Field(
        default="number",
        description="SayName's parameter in the published WSDL; the service answers both.",
    )
    deadline: float = Field(
        default=0.8, ge=0.05, le=10, description="Maximum wait for all directories together, seconds."
    )
    remember: float = Field(
        default=300, ge=0, le=86_400, description="How long a found caller stays in the cache, seconds."
    )
    remember_unknown: float = Field(
        default=30, ge=0, le=86_400, description="How long an unknown number stays in the cache, seconds."
    )
    stale: float = Field(
        default=86_400,
        ge=0,
        le=2_592_000,
        description="Maximum age of a cached answer that is used while its source is down, seconds.",
    )
    format: Annotated[str, AfterValidator(_template)] = Field(
        default="{name}",
        description="Text on the phone; a part in [brackets] is omitted when a field in it is empty.",
    )
    prefix: dict[str, str] = Field(default={}, description="Prefix of this text, by category.")
    length: int = Field(
        default=0, ge=0, le=200, description="Maximum number of characters on the phone; 0 for no limit."
    )
    transliterate: Literal["", "e", "yo"] = Field(
        default="", description="Show Cyrillic in Latin letters, with `ё` as e or as yo."
    )


class CardTable(Table):
    """Settings of the card page, which shows the caller to an employee."""

    edit: bool = Field(default=False, description="Let every employee edit the directory.")
    crm: str = Field(
        default="",
        description="Link to the caller in your CRM, with `{number}`, `{national}`, `{name}`; default: no link.",
    )
    callback: Annotated[str, AfterValidator(_public_url)] | None = Field(
        default=None, description="Address of the VATS's click-to-call; default: no button."
    )
    session: int = Field(default=168, ge=1, le=8_760, description="Duration of a session, hours.")


class JournalTable(Table):
    """Retention limits of the journal."""

    days: int = Field(default=90, ge=1, le=3_650, description="Maximum age of calls and exchanges, days.")
    exchanges: int = Field(default=1_000_000, ge=1_000, le=100_000_000, description="Maximum number of exchanges.")
    bytes: int = Field(
        default=268_435_456, ge=0, le=1_099_511_627_776, description="Maximum bytes of stored requests and answers."
    )
    raw: bool = Field(default=True, description="Store the bytes of requests and answers.")


class LimitsTable(Table):
    """Limits of a request, a connection and a worker."""

    body: int = Field(default=65_536, ge=1_024, le=1_048_576, description="Maximum length of a request body, bytes.")
    header_timeout: float = Field(
        default=10, ge=0.1, le=60, description="Timeout for a request's header and for an idle connection, seconds."
    )
    body_timeout: float = Field(default=10, ge=0.1, le=300, description="Timeout for a request's body, seconds.")
    connections: int = Field(
        default=1_024,
        ge=16,
        le=16_384,
        description="Maximum open connections per worker; beyond them an unfinished one is closed.",
    )
    windows: int = Field(
        default=1_000, ge=0, le=16_384, description="Maximum open windows per worker, in addition to the connections."
    )
    waiting: int = Field(
        default=128,
        ge=1,
        le=16_384,
        description="Maximum requests waiting for a thread, per worker; further ones get 503.",
    )
    failed_logins: int = Field(
        default=10,
        ge=1,
        le=1_000,
        description="Wrong logins per minute from one address before their answers are delayed.",
    )


class StagingTable(Table):
    """The staging bench: a stand-in for 1C in tests. Never enable it in production."""

    enabled: bool = Field(default=False, description="Turn the staging bench on.")
    token: SecretStr | None = Field(
        default=None, min_length=16, description="Token with which programs sign in; default: generated at the start."
    )
    open_here: bool = Field(
        default=False,
        description="Let programs and browsers on this machine, without a proxy, use it without signing in.",
    )
    publications: int = Field(default=100, ge=0, le=10_000, description="Maximum number of publications on request.")
    lives: int = Field(
        default=3_600,
        ge=1,
        le=604_800,
        description="Time after its last use at which a publication on request is removed, seconds.",
    )


class UpstreamTable(Table):
    """The real 1C behind the service, for a migration to or from it."""

    mode: Literal["serve", "spy", "record", "shadow"] = Field(
        default="serve", description="Use of the real 1C; `serve` means none."
    )
    url: str = Field(default="", max_length=2_048, description="Address of the 1C web service, without `?wsdl`.")
    user: str = Field(
        default="", max_length=128, pattern="^[^:]*$", description="User name for the 1C (HTTP Basic, UTF-8)."
    )
    password: SecretStr | None = Field(default=None, description="Password in clear text.")
    password_file: Path | None = Field(default=None, description="File that contains the password (a mounted secret).")
    namespace: Literal["http://VATS", "http://test"] = Field(
        default="http://VATS", description="Namespace of the operations of the 1C."
    )
    parameter: Literal["number", "Number"] = Field(default="number", description="SayName's parameter in the 1C.")
    deadline: float | None = Field(
        default=None,
        ge=0.05,
        le=10,
        description="Maximum time that a call waits for the 1C, seconds; default: `say_name.deadline`.",
    )
    timeout: float = Field(
        default=2,
        ge=0.05,
        le=60,
        description="Maximum wait for an answer of the 1C, seconds; a late answer is still cached and recorded.",
    )
    ca: Path | None = Field(default=None, description="File of additional trusted certificates (PEM).")
    forward_calls: bool = Field(default=False, description="Forward every IncomingCall to the 1C.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.is_enabled and not self.url:
            raise Unusable("нужен url: адрес веб-сервиса 1С", "url is needed: the address of the 1C web service")
        if self.password is not None and self.password_file is not None:
            raise Unusable("нужно одно из: password, password_file", "only one of password, password_file may be given")
        return self

    @property
    def is_enabled(self) -> bool:
        """Whether the mode sends requests to the real 1C."""
        return self.mode != "serve"


class PublicationTable(Table):
    """One endpoint, /NAME/ws/VATS: its users, directories, subscribers and administrators."""

    users: tuple[UserTable, ...] = Field(default=(), description="SOAP users; at least one is required.")
    directories: tuple[DirectoryTable, ...] = Field(
        default=(), description="Caller directories, in order of precedence."
    )
    subscribers: tuple[SubscriberTable, ...] = Field(default=(), description="Employees by key.")
    administrators: tuple[AdministratorTable, ...] = Field(default=(), description="People who see every call.")
    say_name: SayNameTable = Field(default=SayNameTable(), description="Lookup, names and WSDL of SayName.")
    card: CardTable = Field(default=CardTable(), description="The card page.")
    upstream: UpstreamTable = Field(default=UpstreamTable(), description="The real 1C behind the service.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        upstream_name = [UPSTREAM] if self.upstream.is_enabled else []
        for field, names in (
            ("users.name", [user.name for user in self.users]),
            ("directories.name", [directory.name for directory in self.directories] + upstream_name),
            ("subscribers.key", [subscriber.key for subscriber in self.subscribers]),
            ("login", self.logins),
        ):
            repeated = sorted({name for name in names if names.count(name) > 1})
            if repeated:
                # A subscriber's key is a secret shared with the VATS, so the message does not repeat it.
                names_text = "" if field == "subscribers.key" else f" ({', '.join(repeated)})"
                raise Unusable(f"{field} повторяется{names_text}", f"{field} is repeated{names_text}")
        return self

    @property
    def logins(self) -> list[str]:
        """The logins to the pages and the API: those of subscribers, then those of administrators."""
        subscribers = [subscriber.login for subscriber in self.subscribers if subscriber.login]
        return subscribers + [administrator.name for administrator in self.administrators]


def _publications(value: dict[str, PublicationTable]) -> dict[str, PublicationTable]:
    reserved = ", ".join(sorted(_RESERVED))
    for name in value:
        if not _PUBLICATION.fullmatch(name) or name in _RESERVED:
            raise Unusable(
                f"имя публикации «{name}» не годится: латинские буквы, цифры, дефис; не {reserved}",
                f"{name!r} cannot name a publication: latin letters, digits, hyphen; not {reserved}",
            )
    return value


class Settings(PublicationTable, BaseSettings):
    """All settings of a service. With one publication its keys are at the top level, with several in `publications`."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, env_prefix="VATS1C_", env_nested_delimiter="__")

    listen: Annotated[str, AfterValidator(_listen)] = Field(
        default="127.0.0.1:8080", description="Address and port to listen on."
    )
    workers: int = Field(default=1, ge=1, le=64, description="Server processes.")
    public_url: Annotated[str, AfterValidator(_public_url)] | None = Field(
        default=None, description="Address at which the VATS reaches this service; used in the WSDL."
    )
    trusted_hosts: tuple[str, ...] = Field(
        default=(),
        description='Host names that may appear in the WSDL; ".example.ru" for all subdomains, "*" for any.',
    )
    proxies: int = Field(
        default=0,
        ge=0,
        le=10,
        description="Number of reverse proxies in front of the service, whose X-Forwarded-* headers are trusted.",
    )
    wsdl_open: bool = Field(default=True, description="Serve the WSDL without a password.")
    data: Path = Field(default=Path("data"), description="Folder for the journal.")
    database: str | None = Field(default=None, description="SQLAlchemy URL of the journal; default: SQLite in `data`.")
    region: str = Field(
        default="RU",
        pattern="^[A-Z]{2}$",
        description="Country of numbers without a country code (ISO 3166-1).",
    )
    area_code: str = Field(
        default="",
        pattern="^[0-9]{0,5}$",
        description="Code of the town of numbers without a town's code, such as 391.",
    )
    internal_digits: int = Field(
        default=5, ge=2, le=6, description="Maximum number of digits of an internal extension."
    )
    fault_language: Language = Field(default="both", description="Language of SOAP faults.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Minimum level of logged events."
    )
    log_format: Literal["text", "json"] = Field(default="text", description="Format of the log lines.")
    limits: LimitsTable = Field(default=LimitsTable(), description="Limits of requests and connections.")
    journal: JournalTable = Field(default=JournalTable(), description="Retention of the journal.")
    staging: StagingTable = Field(default=StagingTable(), description="The staging bench.")
    publications: Annotated[dict[str, PublicationTable], AfterValidator(_publications)] = Field(
        default={}, description="Several endpoints by name: users, directories, subscribers and other settings of each."
    )

    _folder: Path = PrivateAttr(default_factory=Path.cwd)

    @model_validator(mode="after")
    def _someone_may_call(self) -> Self:
        top_level = sorted(self.model_fields_set & PublicationTable.model_fields.keys()) if self.publications else []
        if top_level:
            keys, table = ", ".join(top_level), f"[publications.{DEFAULT_PUBLICATION}]"
            raise Unusable(
                f"рядом с [publications] не нужны: {keys}; перенесите их в {table}",
                f"not beside [publications]: {keys}; move them to {table}",
            )
        logins = [login for publication in self.served.values() for login in publication.logins]
        repeated = sorted({login for login in logins if logins.count(login) > 1})
        if repeated:
            raise Unusable(f"login повторяется ({', '.join(repeated)})", f"login is repeated ({', '.join(repeated)})")
        without_users = [name for name, publication in self.served.items() if not publication.users]
        if without_users:
            raise Unusable(
                f"нет пользователей SOAP ({', '.join(without_users)}): добавьте [[users]] с name и password_hash",
                f"no SOAP users ({', '.join(without_users)}): add [[users]] with name and password_hash",
            )
        return self

    @property
    def folder(self) -> Path:
        """The base folder of relative paths: the settings file's folder, or the current one without a file."""
        return self._folder

    def set_folder(self, folder: Path) -> None:
        """Set the base folder of relative paths. Only the loader calls this: settings are immutable afterwards."""
        self._folder = folder

    @property
    def served(self) -> dict[str, PublicationTable]:
        """Publications by name; the top-level one has the name "telephony"."""
        return self.publications or {DEFAULT_PUBLICATION: self}

    @property
    def plan(self) -> NumberPlan:
        """The dialling plan with which phone numbers are parsed."""
        return NumberPlan(self.region, self.area_code, self.internal_digits)

    @property
    def database_url(self) -> str:
        """The SQLAlchemy URL of the journal; a SQLite file in `data` by default."""
        return self.database or f"sqlite:///{self.data / 'vats1c.sqlite'}"

    @property
    def address(self) -> tuple[str, int]:
        """The host and port to listen on; an empty host in `listen` means every interface."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104 - the meaning of an empty host

    @property
    def shown_address(self) -> str:
        """The HOST:PORT at which a client on this machine reaches the service."""
        host, port = self.address
        shown_host = "localhost" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host  # noqa: S104 - compared
        return f"{shown_host}:{port}"
