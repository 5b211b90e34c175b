"""`vats1c hash-password`: print the hash of a password for the settings."""

import sys

import typer

from vats1c.cli.settings import stop
from vats1c.messages import Message


def hash_password() -> None:
    """Ask for a password, or read it from standard input, and print its hash for the setting `password_hash`."""
    from vats1c.accounts.passwords import hash_password as argon2_hash

    if sys.stdin.isatty():
        password: str = typer.prompt(str(Message("Пароль", "Password")), hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.read().rstrip("\r\n")
    if not password:
        stop(Message("пустой пароль не принимается", "an empty password is not accepted"))
    typer.echo(argon2_hash(password))
