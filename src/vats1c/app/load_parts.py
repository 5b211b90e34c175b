"""Open what the settings describe: users, people, directories. What is wrong is gathered, none stops the rest."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vats1c import directory
from vats1c.accounts.basic import User
from vats1c.accounts.passwords import is_hash
from vats1c.accounts.people import PageUser
from vats1c.config import (
    UPSTREAM,
    ConfigError,
    PasswordTable,
    Problem,
    PublicationTable,
    Settings,
    UpstreamTable,
)
from vats1c.directory import Directory, DirectoryError
from vats1c.directory.editing import Editable, no_editable_directory
from vats1c.messages import Message
from vats1c.model import Subscriber

if TYPE_CHECKING:
    from vats1c.upstream import Upstream

# What the kind of directory that asks a 1C calls a namespace.
_CONTRACTS = {"http://VATS": "vats", "http://test": "test"}


def editable(settings: Settings, publication: str | None, name: str | None) -> Editable:
    """Open the directory that can be edited, the first one of the publication where no `name` is given.

    No other directory is opened. Raises ConfigError when there is none, or it cannot be opened.
    """
    chosen = publication or next(iter(settings.served))
    problems = []
    home = directory.DirectoryContext(settings.data, chosen, settings.folder)
    own = settings.served[chosen].directories if chosen in settings.served else ()
    for number, table in enumerate(own):
        if name not in (None, table.name):
            continue
        try:
            if issubclass(directory.class_of(table.type), Editable):
                opened_one: Editable = directory.load(table.type, table.name, table.own, settings.plan, home)  # type: ignore[assignment]
                return opened_one
        except DirectoryError as error:
            problems.append(_problem(f"{settings_prefix(settings, chosen)}directories[{number}]", error))
    if not problems:
        problems = [Problem("directories", "", no_editable_directory(chosen, name))]
    raise ConfigError(problems)


def settings_prefix(settings: Settings, publication: str) -> str:
    """Return what stands before the keys of a publication in the settings."""
    return f"publications.{publication}." if settings.publications else ""


def conflicting_settings(settings: Settings) -> list[Problem]:
    """Return the settings that are right each by itself, and not beside each other."""
    if not settings.staging.enabled or settings.workers == 1:
        return []
    # A publication made on request lives in one process.
    message = Message("стенд работает только с workers = 1", "the staging bench needs workers = 1")
    return [Problem("staging.enabled", "", message)]


def users(table: PublicationTable, place: str, problems: list[Problem]) -> tuple[User, ...]:
    """Return the SOAP users of a publication."""
    found = (
        _user_or_problem(f"{place}users[{number}]", problems, one, one.name) for number, one in enumerate(table.users)
    )
    return tuple(user for user in found if user is not None)


def page_users(
    publication: str, table: PublicationTable, place: str, problems: list[Problem]
) -> list[tuple[PageUser, User]]:
    """Return who may sign in to the pages of a publication, each with the login."""
    found = []
    for number, one in enumerate(table.subscribers):
        user = _user_or_problem(f"{place}subscribers[{number}]", problems, one, one.login) if one.login else None
        if user is not None:
            keys = frozenset({one.key})
            person = PageUser(
                publication,
                one.login,
                one.name,
                one.extension,
                keys,
                administrator=False,
                password_fingerprint=_password_or_hash(user),
            )
            found.append((person, user))
    for number, chief in enumerate(table.administrators):
        user = _user_or_problem(f"{place}administrators[{number}]", problems, chief, chief.name)
        if user is not None:
            person = PageUser(
                publication,
                chief.name,
                chief.name,
                "",
                frozenset(),
                administrator=True,
                password_fingerprint=_password_or_hash(user),
            )
            found.append((person, user))
    return found


def subscribers(settings: Settings) -> list[tuple[str, Subscriber]]:
    """Return the employees of the settings, each with the publication."""
    return [
        (name, Subscriber(one.key, one.name, one.extension))
        for name, table in settings.served.items()
        for one in table.subscribers
    ]


def _password_or_hash(user: User) -> str:
    return user.hashed or user.password or ""


def _user_or_problem(place: str, problems: list[Problem], table: PasswordTable, name: str) -> User | None:
    try:
        return _user(table, name)
    except ValueError as error:
        problems.append(Problem(place, "", error.args[0]))
        return None


def upstream(
    settings: Settings, publication: str, problems: list[Problem], on_failure: Callable[..., Any]
) -> "Upstream | None":
    """Open the real 1C behind a publication, None when it is not asked; `on_failure` is given what closes it."""
    table, place = settings.served[publication].upstream, f"{settings_prefix(settings, publication)}{UPSTREAM}"
    if not table.is_enabled:
        return None
    from vats1c.upstream import Upstream  # noqa: PLC0415 - needed only with an upstream 1C

    try:
        given = {**table.model_dump(include={"url", "user", "parameter", "timeout"}), **_upstream_password(table)}
        given = {key: value for key, value in given.items() if value != ""}
        if table.ca is not None:
            given["ca"] = str(table.ca)
        given["contract"] = _CONTRACTS[table.namespace]
        real: Any = directory.load(directory.REAL_1C, UPSTREAM, given, settings.plan)
    except DirectoryError as error:
        key = f"{place}.{error.key}" if error.key in UpstreamTable.model_fields else place
        problems.append(Problem(key, "", error.message))
        return None
    except ValueError as error:
        problems.append(Problem(f"{place}.password_file", "", error.args[0]))
        return None
    found = Upstream(publication, table, real, settings.data)
    on_failure(found.close)
    return found


def _upstream_password(table: UpstreamTable) -> dict[str, str]:
    """Return the password, if there is one. Raises ValueError with a Message."""
    if table.password_file is not None:
        return {"password": _read_password_file(table.password_file)}
    return {"password": table.password.get_secret_value()} if table.password is not None else {}


def _user(table: PasswordTable, name: str) -> User:
    if table.password_hash is not None:
        hashed = table.password_hash.get_secret_value()
        if not is_hash(hashed):
            raise ValueError(
                Message(
                    "password_hash не похож на хеш: сделайте его командой vats1c hash-password",
                    "password_hash is not a hash: make one with vats1c hash-password",
                )
            )
        return User(name, hashed=hashed)
    if table.password_file is not None:
        return User(name, password=_read_password_file(table.password_file))
    return User(name, password=table.password.get_secret_value() if table.password else None)


def _read_password_file(file: Path) -> str:
    try:
        password = file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "UTF-8?"
        raise ValueError(
            Message(f"файл с паролем не читается: {file}: {reason}", f"cannot read the password file {file}: {reason}")
        ) from error
    if not password:
        raise ValueError(Message(f"файл с паролем пуст: {file}", f"the password file is empty: {file}"))
    return password


def directories(
    settings: Settings, publication: str, problems: list[Problem], on_failure: Callable[..., Any]
) -> tuple[Directory, ...]:
    """Open the directories of a publication; `on_failure` is given what closes each."""
    found = []
    home = directory.DirectoryContext(settings.data, publication, settings.folder)
    for number, table in enumerate(settings.served[publication].directories):
        try:
            one = directory.load(table.type, table.name, table.own, settings.plan, home)
        except DirectoryError as error:
            problems.append(_problem(f"{settings_prefix(settings, publication)}directories[{number}]", error))
            continue
        on_failure(one.close)
        found.append(one)
    return tuple(found)


def _problem(place: str, error: DirectoryError) -> Problem:
    return Problem(f"{place}.{error.key}" if error.key else place, "", error.message)


def click_to_call(table: PublicationTable, place: str, problems: list[Problem]) -> Callable[[str, str], None] | None:
    """Return what rings a subscriber and then a number; None when the settings name no click-to-call."""
    if table.card.callback is None:
        return None
    try:
        from vats1c.web.callback import click_to_call  # noqa: PLC0415 - it needs a library that few services have

        return click_to_call(table.card.callback)
    except DirectoryError as error:
        problems.append(Problem(f"{place}card.callback", "", error.message))
        return None
