"""Open the parts that the settings describe: users, people, directories, upstreams.

Problems are collected in the list `problems`, so that one wrong setting does not hide the others.
"""

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

# SOAP namespace → the value of the setting `contract` of the directory kind "soap".
_CONTRACTS = {"http://VATS": "vats", "http://test": "test"}


def editable(settings: Settings, publication: str | None, name: str | None) -> Editable:
    """Open the editable directory `name` of `publication`; the first one if `name` is None.

    No other directory is opened. Raises ConfigError when there is none, or it cannot be opened.
    """
    publication_name = publication or next(iter(settings.served))
    problems = []
    context = directory.DirectoryContext(settings.data, publication_name, settings.folder)
    tables = settings.served[publication_name].directories if publication_name in settings.served else ()
    for number, table in enumerate(tables):
        if name not in (None, table.name):
            continue
        try:
            if issubclass(directory.class_of(table.type), Editable):
                opened_one: Editable = directory.load(table.type, table.name, table.own, settings.plan, context)  # type: ignore[assignment]
                return opened_one
        except DirectoryError as error:
            problems.append(_problem(f"{settings_prefix(settings, publication_name)}directories[{number}]", error))
    if not problems:
        problems = [Problem("directories", "", no_editable_directory(publication_name, name))]
    raise ConfigError(problems)


def settings_prefix(settings: Settings, publication: str) -> str:
    """Return the prefix of a publication's keys in the settings file, for messages."""
    return f"publications.{publication}." if settings.publications else ""


def conflicting_settings(settings: Settings) -> list[Problem]:
    """Return a problem for each pair of settings that are valid but exclude each other."""
    if not settings.staging.enabled or settings.workers == 1:
        return []
    # A publication made on request exists in one process only.
    message = Message("стенд работает только с workers = 1", "the staging bench needs workers = 1")
    return [Problem("staging.enabled", "", message)]


def users(table: PublicationTable, place: str, problems: list[Problem]) -> tuple[User, ...]:
    """Return the SOAP users of a publication."""
    users_or_none = (
        _user_or_problem(f"{place}users[{number}]", problems, user_table, user_table.name)
        for number, user_table in enumerate(table.users)
    )
    return tuple(user for user in users_or_none if user is not None)


def page_users(
    publication: str, table: PublicationTable, place: str, problems: list[Problem]
) -> list[tuple[PageUser, User]]:
    """Return the people who may sign in to the pages of a publication, each with their login."""
    result = []
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
            result.append((person, user))
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
            result.append((person, user))
    return result


def subscribers(settings: Settings) -> list[tuple[str, Subscriber]]:
    """Return the employees of the settings, each with the name of their publication."""
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
    """Open the real 1C behind a publication; return None if the settings enable none.

    `on_failure` receives the function that closes the opened part, for the case that another part cannot be opened.
    """
    table, place = settings.served[publication].upstream, f"{settings_prefix(settings, publication)}{UPSTREAM}"
    if not table.is_enabled:
        return None
    from vats1c.upstream import Upstream  # noqa: PLC0415 - needed only with an upstream 1C

    try:
        own_settings = {
            **table.model_dump(include={"url", "user", "parameter", "timeout"}),
            **_upstream_password(table),
        }
        own_settings = {key: value for key, value in own_settings.items() if value != ""}
        if table.ca is not None:
            own_settings["ca"] = str(table.ca)
        own_settings["contract"] = _CONTRACTS[table.namespace]
        real: Any = directory.load(directory.REAL_1C, UPSTREAM, own_settings, settings.plan)
    except DirectoryError as error:
        key = f"{place}.{error.key}" if error.key in UpstreamTable.model_fields else place
        problems.append(Problem(key, "", error.message))
        return None
    except ValueError as error:
        problems.append(Problem(f"{place}.password_file", "", error.args[0]))
        return None
    opened = Upstream(publication, table, real, settings.data)
    on_failure(opened.close)
    return opened


def _upstream_password(table: UpstreamTable) -> dict[str, str]:
    """Return {"password": …}, or {} if the settings have no password. Raises ValueError with a Message."""
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
    """Open the directories of a publication; `on_failure` receives the method that closes each of them."""
    opened = []
    context = directory.DirectoryContext(settings.data, publication, settings.folder)
    for number, table in enumerate(settings.served[publication].directories):
        try:
            opened_directory = directory.load(table.type, table.name, table.own, settings.plan, context)
        except DirectoryError as error:
            problems.append(_problem(f"{settings_prefix(settings, publication)}directories[{number}]", error))
            continue
        on_failure(opened_directory.close)
        opened.append(opened_directory)
    return tuple(opened)


def _problem(place: str, error: DirectoryError) -> Problem:
    return Problem(f"{place}.{error.key}" if error.key else place, "", error.message)


def click_to_call(table: PublicationTable, place: str, problems: list[Problem]) -> Callable[[str, str], None] | None:
    """Return the function that rings a subscriber and then a number; None if the settings have no click-to-call."""
    if table.card.callback is None:
        return None
    try:
        from vats1c.web.callback import click_to_call  # noqa: PLC0415 - needs an optional library

        return click_to_call(table.card.callback)
    except DirectoryError as error:
        problems.append(Problem(f"{place}card.callback", "", error.message))
        return None
