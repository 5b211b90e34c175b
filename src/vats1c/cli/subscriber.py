"""`vats1c subscriber`: manage the employees that are stored in the database, not in the settings, and their logins."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from vats1c.cli.settings import ConfigOption, load, stop
from vats1c.messages import Message

if TYPE_CHECKING:
    from vats1c.accounts.subscribers import SubscriberStore
    from vats1c.config import Settings
    from vats1c.database import Database

app = typer.Typer(
    no_args_is_help=True, help="Print, add and remove employees, and manage their logins to the card page."
)

PublicationOption = Annotated[
    str | None, typer.Option(help="Publication, when there are several; default: the first.", show_default=False)
]
KeyArgument = Annotated[str, typer.Argument(help="Key of the subscriber, issued by the VATS.")]


@app.command("list")
def show(config: ConfigOption = None, publication: PublicationOption = None) -> None:
    """Print the employees with masked keys, then the unmasked keys that received calls but belong to no employee."""
    from vats1c.journal import Reader

    settings = load(config, or_demo=True)
    publication_name = _choose_publication(settings, publication)
    employees = {row.key: (row.name, row.extension, row.login) for row in settings.served[publication_name].subscribers}
    with _open_store(settings) as (store, database):
        for stored in store.all():
            if stored.publication == publication_name:
                employee = stored.subscriber
                employees.setdefault(employee.key, (employee.name, employee.extension, stored.login))
        for key, (name, extension, login) in employees.items():
            typer.echo(f"{_masked(key):<10}  {extension or '-':<6}  {login or '-':<12}  {name}")
        for key, count, last in Reader(database).keys_seen(publication_name, set(employees)):
            at = last.astimezone().strftime("%Y-%m-%d %H:%M:%S")
            count_and_time = Message(
                f"звонков: {count}, последний {at}; ничей", f"{count} calls, the last {at}; nobody's"
            )
            typer.echo(f"{key:<10}  {count_and_time}")


@app.command("add")
def add(
    key: KeyArgument,
    name: Annotated[str, typer.Option(help="Name of the employee.")],
    extension: Annotated[str, typer.Option(help="Internal extension of the employee.")] = "",
    login: Annotated[str, typer.Option(help="Login to the card page; the command then asks for the password.")] = "",
    config: ConfigOption = None,
    publication: PublicationOption = None,
) -> None:
    """Add an employee; one added earlier under the same key is replaced. A running service uses it within seconds."""
    from vats1c.accounts.passwords import hash_password
    from vats1c.accounts.subscribers import StoredSubscriber
    from vats1c.model import Subscriber

    settings = load(config, or_demo=True)
    publication_name = _choose_publication(settings, publication)
    if ":" in login:
        stop(Message("в имени не может быть двоеточия", "a login cannot hold a colon"))
    with _open_store(settings) as (store, _):
        keys_by_login = {stored.login: stored.subscriber.key for stored in store.all()}
        keys_by_login |= {used_login: "" for table in settings.served.values() for used_login in table.logins}
        if login and keys_by_login.get(login, key) != key:
            stop(Message(f"имя {login} уже занято", f"the login {login} is taken"))
        password_hash = hash_password(_ask_password()) if login else ""
        store.put(StoredSubscriber(publication_name, Subscriber(key, name, extension), login, password_hash))


@app.command("remove")
def remove(key: KeyArgument, config: ConfigOption = None, publication: PublicationOption = None) -> None:
    """Remove an employee that was added, and end the employee's sessions."""
    settings = load(config, or_demo=True)
    with _open_store(settings) as (store, _):
        if not store.remove(_choose_publication(settings, publication), key):
            stop(Message("нет сотрудника с таким ключом", "no employee has this key"))


@app.command("password")
def password(key: KeyArgument, config: ConfigOption = None, publication: PublicationOption = None) -> None:
    """Ask for a new password of an employee, and end the sessions that began with the old one."""
    from vats1c.accounts.passwords import hash_password

    settings = load(config, or_demo=True)
    publication_name = _choose_publication(settings, publication)
    with _open_store(settings) as (store, _):
        stored = next(
            (row for row in store.all() if (row.publication, row.subscriber.key) == (publication_name, key)), None
        )
        if stored is None or not stored.login:
            stop(Message("нет сотрудника с таким ключом и login", "no employee has this key and a login"))
        store.put(replace(stored, password_hash=hash_password(_ask_password())))


@app.command("link")
def link(
    login: Annotated[str, typer.Argument(help="Login of an employee or an administrator.")],
    config: ConfigOption = None,
) -> None:
    """Print a link that signs in with the given login, once and within half an hour."""
    from vats1c.cli.running import configure_log, open_application
    from vats1c.cli.settings import fail
    from vats1c.config import ConfigError

    settings = load(config, or_demo=True)
    configure_log("error", settings.log_format)
    try:
        with open_application(settings) as application:
            person = application.people.by_login(login)
            if person is None:
                stop(Message(f"нет такого имени: {login}", f"no such login: {login}"))
            base = settings.public_url or f"http://{settings.shown_address}"
            typer.echo(f"{base}/sign-in/{application.sessions.link(person)}")
    except ConfigError as error:
        fail(error)


def _ask_password() -> str:
    if sys.stdin.isatty():
        password: str = typer.prompt(str(Message("Пароль", "Password")), hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.read().rstrip("\r\n")
    if not password:
        stop(Message("пустой пароль не принимается", "an empty password is not accepted"))
    return password


def _choose_publication(settings: "Settings", publication: str | None) -> str:
    names = list(settings.served)
    if publication is not None and publication not in names:
        known = ", ".join(names)
        stop(
            Message(
                f"нет публикации {publication}; есть: {known}",
                f"no publication {publication}; there are: {known}",
            )
        )
    return publication or names[0]


def _masked(key: str) -> str:
    """Return the first three and last two characters of a key: enough to recognize it, too little to use it."""
    return f"{key[:3]}…{key[-2:]}" if len(key) > 8 else "…"  # noqa: PLR2004 - five characters are most of a shorter key


@contextmanager
def _open_store(settings: "Settings") -> "Iterator[tuple[SubscriberStore, Database]]":
    from sqlalchemy.exc import SQLAlchemyError

    from vats1c.accounts.subscribers import SubscriberStore
    from vats1c.database import Database, DatabaseError

    try:
        database = Database(settings.database_url)
        database.prepare()
        yield SubscriberStore(database), database
        database.close()
    except DatabaseError as error:
        stop(error.message)
    except SQLAlchemyError as error:
        kind = type(error).__name__
        stop(Message(f"база не отвечает: {kind}", f"the database does not answer: {kind}"))
