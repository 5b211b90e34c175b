"""The types of the settings of one publication and of the whole service; the tables in them are in `tables`."""

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, PrivateAttr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from vats1c.config.problems import Unusable
from vats1c.config.tables import (
    AdministratorTable,
    CardTable,
    DirectoryTable,
    JournalTable,
    LimitsTable,
    SayNameTable,
    StagingTable,
    SubscriberTable,
    Table,
    UpstreamTable,
    UserTable,
    checked_url,
)
from vats1c.messages import Language
from vats1c.number import NumberPlan

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
    public_url: Annotated[str, AfterValidator(checked_url)] | None = Field(
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
        """Publications by name; a publication at the top level has the name "telephony"."""
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
