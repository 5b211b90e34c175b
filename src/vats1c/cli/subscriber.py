"""`vats1c subscriber`: employees by key, kept beside those of the settings, and how they sign in."""

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

app = typer.Typer(no_args_is_help=True, help="Employees whose phones ring, and their logins to the card page.")

PublicationOption = Annotated[
    str | None, typer.Option(help="Publication, when there is more than one.", show_default=False)
]
KeyArgument = Annotated[str, typer.Argument(help="Key of the subscriber, issued by the VATS.")]


@app.command("list")
def show(config: ConfigOption = None, publication: PublicationOption = None) -> None:
    """Print the employees, then the keys that rang and have no owner. Keys are shown in part."""
    from vats1c.journal import Reader

    settings = load(config, or_demo=True)
    chosen = _chosen(settings, publication)
    own = {one.key: (one.name, one.extension, one.login) for one in settings.served[chosen].subscribers}
    with _store(settings) as (store, database):
        for kept in store.all():
            if kept.publication == chosen:
                one = kept.subscriber
                own.setdefault(one.key, (one.name, one.extension, kept.login))
        for key, (name, extension, login) in own.items():
            typer.echo(f"{_masked(key):<10}  {extension or '-':<6}  {login or '-':<12}  {name}")
        for key, count, last in Reader(database).keys_seen(chosen, set(own)):
            at = last.astimezone().strftime("%Y-%m-%d %H:%M:%S")
            seen = Message(f"звонков: {count}, последний {at}; ничей", f"{count} calls, the last {at}; nobody's")
            typer.echo(f"{key:<10}  {seen}")


@app.command("add")
def add(
    key: KeyArgument,
    name: Annotated[str, typer.Option(help="Name of the employee.")],
    extension: Annotated[str, typer.Option(help="Internal extension.")] = "",
    login: Annotated[str, typer.Option(help="Login to the card page; the password is asked for.")] = "",
    config: ConfigOption = None,
    publication: PublicationOption = None,
) -> None:
    """Add an employee, or put another in place of the one with the same key; a running service sees it in seconds."""
    from vats1c.accounts.passwords import hash_password
    from vats1c.accounts.subscribers import StoredSubscriber
    from vats1c.model import Subscriber

    settings = load(config, or_demo=True)
    chosen = _chosen(settings, publication)
    if ":" in login:
        stop(Message("в имени не может быть двоеточия", "a login cannot hold a colon"))
    with _store(settings) as (store, _):
        taken = {one.login: one.subscriber.key for one in store.all()}
        taken |= {one: "" for table in settings.served.values() for one in table.logins}
        if login and taken.get(login, key) != key:
            stop(Message(f"имя {login} уже занято", f"the login {login} is taken"))
        hashed = hash_password(_password()) if login else ""
        store.put(StoredSubscriber(chosen, Subscriber(key, name, extension), login, hashed))


@app.command("remove")
def remove(key: KeyArgument, config: ConfigOption = None, publication: PublicationOption = None) -> None:
    """Remove an employee, and sign them out."""
    settings = load(config, or_demo=True)
    with _store(settings) as (store, _):
        if not store.remove(_chosen(settings, publication), key):
            stop(Message("нет сотрудника с таким ключом", "no employee has this key"))


@app.command("password")
def password(key: KeyArgument, config: ConfigOption = None, publication: PublicationOption = None) -> None:
    """Ask for a new password of an employee, and end the sessions of the old one."""
    from vats1c.accounts.passwords import hash_password

    settings = load(config, or_demo=True)
    chosen = _chosen(settings, publication)
    with _store(settings) as (store, _):
        kept = next((one for one in store.all() if (one.publication, one.subscriber.key) == (chosen, key)), None)
        if kept is None or not kept.login:
            stop(Message("нет сотрудника с таким ключом и login", "no employee has this key and a login"))
        store.put(replace(kept, password_hash=hash_password(_password())))


@app.command("link")
def link(
    login: Annotated[str, typer.Argument(help="Login of an employee or an administrator.")],
    config: ConfigOption = None,
) -> None:
    """Print a link that signs an employee in once, within half an hour."""
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


def _password() -> str:
    if sys.stdin.isatty():
        given: str = typer.prompt(str(Message("Пароль", "Password")), hide_input=True, confirmation_prompt=True)
    else:
        given = sys.stdin.read().rstrip("\r\n")
    if not given:
        stop(Message("пустой пароль не принимается", "an empty password is not accepted"))
    return given


def _chosen(settings: "Settings", publication: str | None) -> str:
    names = list(settings.served)
    if publication is not None and publication not in names:
        there_are = ", ".join(names)
        stop(
            Message(
                f"нет публикации {publication}; есть: {there_are}",
                f"no publication {publication}; there are: {there_are}",
            )
        )
    return publication or names[0]


def _masked(key: str) -> str:
    """Return as much of a key as tells it from others and does not give it away."""
    return f"{key[:3]}…{key[-2:]}" if len(key) > 8 else "…"  # noqa: PLR2004 - a short key is all secret


@contextmanager
def _store(settings: "Settings") -> "Iterator[tuple[SubscriberStore, Database]]":
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
