"""The tables of the settings: the keys of each with default, bounds and description.

Rule: keys that are not here are rejected; docs/settings.md and vats1c.example.toml are tested against this package.
"""

from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from vats1c.config.problems import Unusable
from vats1c.phone_format import is_template


def _template(value: str) -> str:
    if not is_template(value):
        raise Unusable(
            "в шаблоне бывают только {name}, {company}, {category} и {note}",
            "a template holds {name}, {company}, {category} and {note} only",
        )
    return value


def checked_url(value: str) -> str:
    """Return the address `value` without a final slash.

    Raises Unusable when the address has a query or a fragment, or is not an HTTP address.
    """
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
    callback: Annotated[str, AfterValidator(checked_url)] | None = Field(
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
