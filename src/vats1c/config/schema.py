"""The settings as types: each key, its default, its bounds and the sentence that documents it.

Rule: a key that is not here does not exist; docs/settings.md and vats1c.example.toml are tested against this module.
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
# What the real 1C is called among the directories.
UPSTREAM = "upstream"
_PUBLICATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
# These paths are the service's own; a publication of that name would stand in their way.
_RESERVED = {"api", "calls", "card", "directory", "healthz", "metrics", "readyz"}
_LISTEN = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^:\[\]\s]*):(\d{1,5})")
_HIGHEST_PORT = 65_535


def _listen(value: str) -> str:
    found = _LISTEN.fullmatch(value)
    if found is None or int(found[1]) > _HIGHEST_PORT:
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
    """A table of settings: unknown keys are refused, nothing changes after the start."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PasswordTable(Table):
    """A password, given in one of three ways."""

    password: SecretStr | None = Field(default=None, description="Password in clear.")
    password_hash: SecretStr | None = Field(default=None, description="Hash made by `vats1c hash-password`.")
    password_file: Path | None = Field(default=None, description="File that holds the password (a mounted secret).")

    def _passwords(self) -> int:
        """Return how many passwords are given. Raises Unusable for one that is empty."""
        given = [p for p in (self.password, self.password_hash, self.password_file) if p is not None]
        if any(isinstance(p, SecretStr) and not p.get_secret_value() for p in given):
            raise Unusable("пустой пароль не принимается", "an empty password is not accepted")
        return len(given)


class UserTable(PasswordTable):
    """A SOAP user: what the VATS signs in with (HTTP Basic, UTF-8)."""

    name: str = Field(min_length=1, description="Login that the VATS sends.")

    @model_validator(mode="after")
    def _one_password(self) -> Self:
        if ":" in self.name:
            raise Unusable("в имени пользователя не может быть двоеточия", "a user name cannot hold a colon")
        if self._passwords() != 1:
            raise Unusable(
                "нужно ровно одно из: password, password_hash, password_file",
                "exactly one of password, password_hash, password_file is needed",
            )
        return self


class AdministratorTable(UserTable):
    """Who sees every call of the publication, and edits the directory."""

    name: str = Field(min_length=1, max_length=64, description="Login on the pages and in the API.")


class DirectoryTable(BaseModel):
    """A caller directory; other keys than these are its kind's own."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str = Field(min_length=1, description="Name in logs and health.")
    type: str = Field(min_length=1, description="Kind of directory, such as `csv`.")
    deadline: float | None = Field(
        default=None,
        ge=0.05,
        le=10,
        description="Longest wait for this one, seconds; `say_name.deadline` when not set.",
    )

    @property
    def own(self) -> dict[str, Any]:
        """The settings of the kind itself."""
        return dict(self.model_extra or {})


class SubscriberTable(PasswordTable):
    """An employee whose phone rings."""

    key: str = Field(min_length=1, max_length=128, description="Key of the subscriber, issued by the VATS.")
    name: str = Field(min_length=1, description="Name of the employee.")
    extension: str = Field(default="", max_length=16, description="Internal extension.")
    login: str = Field(
        default="", max_length=64, pattern="^[^:]*$", description="Login to the card page; none when not set."
    )

    @model_validator(mode="after")
    def _a_password_to_a_login(self) -> Self:
        if self._passwords() != bool(self.login):
            raise Unusable(
                "к login нужно ровно одно из: password, password_hash, password_file",
                "login needs exactly one of password, password_hash, password_file",
            )
        return self


class SayNameTable(Table):
    """How SayName is published, how long it may take, and what the phone shows."""

    parameter: Literal["number", "Number"] = Field(
        default="number",
        description="SayName's parameter in the published WSDL; both are answered, each in its own way.",
    )
    deadline: float = Field(
        default=0.8, ge=0.05, le=10, description="Longest wait for all directories together, seconds."
    )
    remember: float = Field(default=300, ge=0, le=86_400, description="How long a found caller is remembered, seconds.")
    remember_unknown: float = Field(
        default=30, ge=0, le=86_400, description="How long it is remembered that nobody was found, seconds."
    )
    stale: float = Field(
        default=86_400,
        ge=0,
        le=2_592_000,
        description="Greatest age of an answer given while its source is down, seconds.",
    )
    format: Annotated[str, AfterValidator(_template)] = Field(
        default="{name}",
        description="What the phone shows; a part in [brackets] is left out when a field in it is empty.",
    )
    prefix: dict[str, str] = Field(default={}, description="What is put before it, by category.")
    length: int = Field(default=0, ge=0, le=200, description="Most letters that the phone shows; 0 for any number.")
    transliterate: Literal["", "e", "yo"] = Field(
        default="", description="Show Cyrillic in Latin letters, `ё` as e or as yo."
    )


class CardTable(Table):
    """The page that shows who is calling."""

    edit: bool = Field(default=False, description="Let every employee edit the directory.")
    crm: str = Field(
        default="",
        description="Link to the caller in your CRM, with `{number}`, `{national}`, `{name}`; none when not set.",
    )
    callback: Annotated[str, AfterValidator(_public_url)] | None = Field(
        default=None, description="Address of the VATS's click-to-call; no button when not set."
    )
    session: int = Field(default=168, ge=1, le=8_760, description="How long one stays signed in, hours.")


class JournalTable(Table):
    """What the journal keeps."""

    days: int = Field(default=90, ge=1, le=3_650, description="Days for which calls and exchanges are kept.")
    exchanges: int = Field(default=1_000_000, ge=1_000, le=100_000_000, description="Most exchanges kept.")
    bytes: int = Field(
        default=268_435_456, ge=0, le=1_099_511_627_776, description="Most bytes of requests and answers kept."
    )
    raw: bool = Field(default=True, description="Keep the bytes of requests and answers.")


class LimitsTable(Table):
    """What one request, one connection and all of them together may take."""

    body: int = Field(default=65_536, ge=1_024, le=1_048_576, description="Longest request body, bytes.")
    header_timeout: float = Field(
        default=10, ge=0.1, le=60, description="Time for a request's header, and of an idle connection, seconds."
    )
    body_timeout: float = Field(default=10, ge=0.1, le=300, description="Time for a request's body, seconds.")
    connections: int = Field(
        default=1_024,
        ge=16,
        le=16_384,
        description="Open connections a worker; beyond them an unfinished one is closed.",
    )
    windows: int = Field(
        default=1_000, ge=0, le=16_384, description="Open card windows a worker, beside the connections."
    )
    waiting: int = Field(
        default=128, ge=1, le=16_384, description="Requests waiting for a thread, a worker; more get 503 at once."
    )
    failed_logins: int = Field(
        default=10,
        ge=1,
        le=1_000,
        description="Wrong logins a minute from one address before its answers are slowed.",
    )


class StagingTable(Table):
    """The staging bench: a stand-in for 1C to test against. Never in production."""

    enabled: bool = Field(default=False, description="Open the staging bench.")
    token: SecretStr | None = Field(
        default=None, min_length=16, description="What programs sign in with; made at the start when not set."
    )
    open_here: bool = Field(
        default=False,
        description="Let programs and browsers on this machine, through no proxy, use it without signing in.",
    )
    publications: int = Field(default=100, ge=0, le=10_000, description="Most publications made on request.")
    lives: int = Field(
        default=3_600, ge=1, le=604_800, description="How long after its last use such a publication is gone, seconds."
    )


class UpstreamTable(Table):
    """The real 1C behind the service, for moving to it or off it."""

    mode: Literal["serve", "spy", "record", "shadow"] = Field(
        default="serve", description="What the real 1C is asked for; with `serve` nothing."
    )
    url: str = Field(default="", max_length=2_048, description="Address of its web service, without `?wsdl`.")
    user: str = Field(default="", max_length=128, pattern="^[^:]*$", description="Login to it (HTTP Basic, UTF-8).")
    password: SecretStr | None = Field(default=None, description="Password in clear.")
    password_file: Path | None = Field(default=None, description="File that holds the password (a mounted secret).")
    namespace: Literal["http://VATS", "http://test"] = Field(
        default="http://VATS", description="Namespace of its operations."
    )
    parameter: Literal["number", "Number"] = Field(default="number", description="Parameter of its SayName.")
    deadline: float | None = Field(
        default=None,
        ge=0.05,
        le=10,
        description="Longest that a call waits for it, seconds; `say_name.deadline` when not set.",
    )
    timeout: float = Field(default=2, ge=0.05, le=60, description="Longest that it is listened to, seconds.")
    ca: Path | None = Field(default=None, description="File of certificates to trust as well as the usual ones (PEM).")
    forward_calls: bool = Field(default=False, description="Tell it of every IncomingCall, too.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.is_enabled and not self.url:
            raise Unusable("нужен url: адрес веб-сервиса 1С", "url is needed: the address of the 1C web service")
        if self.password is not None and self.password_file is not None:
            raise Unusable("нужно одно из: password, password_file", "only one of password, password_file may be given")
        return self

    @property
    def is_enabled(self) -> bool:
        """Whether the real 1C is asked at all."""
        return self.mode != "serve"


class PublicationTable(Table):
    """One endpoint, /NAME/ws/VATS: who may call it and where its callers are looked up."""

    users: tuple[UserTable, ...] = Field(default=(), description="SOAP users; without one the service does not start.")
    directories: tuple[DirectoryTable, ...] = Field(
        default=(), description="Caller directories in the order they are asked."
    )
    subscribers: tuple[SubscriberTable, ...] = Field(default=(), description="Employees by key.")
    administrators: tuple[AdministratorTable, ...] = Field(default=(), description="Who sees every call.")
    say_name: SayNameTable = Field(default=SayNameTable(), description="How SayName is published.")
    card: CardTable = Field(default=CardTable(), description="The card page.")
    upstream: UpstreamTable = Field(default=UpstreamTable(), description="The real 1C behind the service.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        real = [UPSTREAM] if self.upstream.is_enabled else []
        for what, names in (
            ("users.name", [user.name for user in self.users]),
            ("directories.name", [directory.name for directory in self.directories] + real),
            ("subscribers.key", [subscriber.key for subscriber in self.subscribers]),
            ("login", self.logins),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                # A subscriber's key is a secret between the VATS and us: say which place, not which key.
                shown = "" if what == "subscribers.key" else f" ({', '.join(twice)})"
                raise Unusable(f"{what} повторяется{shown}", f"{what} is repeated{shown}")
        return self

    @property
    def logins(self) -> list[str]:
        """The logins of the pages and the API."""
        own = [subscriber.login for subscriber in self.subscribers if subscriber.login]
        return own + [administrator.name for administrator in self.administrators]


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
    """All settings of one service; the publication's own keys stand at the top where there is only one."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, env_prefix="VATS1C_", env_nested_delimiter="__")

    listen: Annotated[str, AfterValidator(_listen)] = Field(
        default="127.0.0.1:8080", description="Address and port to listen on."
    )
    workers: int = Field(default=1, ge=1, le=64, description="Server processes.")
    public_url: Annotated[str, AfterValidator(_public_url)] | None = Field(
        default=None, description="Address at which the VATS reaches this service; stands in the WSDL."
    )
    trusted_hosts: tuple[str, ...] = Field(
        default=(),
        description='Host names that may stand in the WSDL; ".example.ru" for all below, "*" for any.',
    )
    proxies: int = Field(
        default=0, ge=0, le=10, description="Reverse proxies in front, whose X-Forwarded-* headers are believed."
    )
    wsdl_open: bool = Field(default=True, description="Give the WSDL without a password.")
    data: Path = Field(default=Path("data"), description="Folder for the journal.")
    database: str | None = Field(
        default=None, description="SQLAlchemy URL of the journal; SQLite in `data` when not set."
    )
    region: str = Field(
        default="RU",
        pattern="^[A-Z]{2}$",
        description="Country in which numbers without a code are dialled (ISO 3166-1).",
    )
    area_code: str = Field(
        default="",
        pattern="^[0-9]{0,5}$",
        description="Code of the town whose numbers are dialled without one, such as 391.",
    )
    internal_digits: int = Field(default=5, ge=2, le=6, description="Digits of the longest internal extension.")
    fault_language: Language = Field(default="both", description="Language of SOAP faults.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least level that is logged."
    )
    log_format: Literal["text", "json"] = Field(default="text", description="Form of the log lines.")
    limits: LimitsTable = Field(default=LimitsTable(), description="What requests and connections may take.")
    journal: JournalTable = Field(default=JournalTable(), description="What the journal keeps.")
    staging: StagingTable = Field(default=StagingTable(), description="The staging bench.")
    publications: Annotated[dict[str, PublicationTable], AfterValidator(_publications)] = Field(
        default={}, description="More than one endpoint: users, directories, subscribers and say_name of each."
    )

    _folder: Path = PrivateAttr(default_factory=Path.cwd)

    @model_validator(mode="after")
    def _someone_may_call(self) -> Self:
        above = sorted(self.model_fields_set & PublicationTable.model_fields.keys()) if self.publications else []
        if above:
            keys, table = ", ".join(above), f"[publications.{DEFAULT_PUBLICATION}]"
            raise Unusable(
                f"рядом с [publications] не нужны: {keys}; перенесите их в {table}",
                f"not beside [publications]: {keys}; move them to {table}",
            )
        logins = [login for publication in self.served.values() for login in publication.logins]
        twice = sorted({login for login in logins if logins.count(login) > 1})
        if twice:
            raise Unusable(f"login повторяется ({', '.join(twice)})", f"login is repeated ({', '.join(twice)})")
        without = [name for name, publication in self.served.items() if not publication.users]
        if without:
            raise Unusable(
                f"нет пользователей SOAP ({', '.join(without)}): добавьте [[users]] с name и password_hash",
                f"no SOAP users ({', '.join(without)}): add [[users]] with name and password_hash",
            )
        return self

    @property
    def folder(self) -> Path:
        """The folder that relative paths are taken from: the settings file's, the current one without a file."""
        return self._folder

    def set_folder(self, folder: Path) -> None:
        """Take relative paths from `folder`. For the loader: settings do not change afterwards."""
        self._folder = folder

    @property
    def served(self) -> dict[str, PublicationTable]:
        """Publications by name; the one named "telephony" when none is named."""
        return self.publications or {DEFAULT_PUBLICATION: self}

    @property
    def plan(self) -> NumberPlan:
        """How numbers are dialled here."""
        return NumberPlan(self.region, self.area_code, self.internal_digits)

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL of the journal."""
        return self.database or f"sqlite:///{self.data / 'vats1c.sqlite'}"

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to listen on; "" before the colon means every interface."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104 - asked for by an empty host

    @property
    def shown_address(self) -> str:
        """Host and port under which a client on this machine reaches the service."""
        host, port = self.address
        shown = "localhost" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host  # noqa: S104 - compared
        return f"{shown}:{port}"
