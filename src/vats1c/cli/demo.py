"""`vats1c demo`: run the service with sample data and without settings; its data is deleted at the end."""

import json
import os
import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vats1c.cli.settings import FOLDER_PREFIX, fail
from vats1c.messages import Message

if TYPE_CHECKING:
    from vats1c.app.application import Application

USER, PASSWORD = "SOAP", "123"
NUMBER, KEY = "89235292926", "gW3cyUJAtl50PhF"
_SETTINGS = """\
listen = {listen}
data = "."
trusted_hosts = ["*"]

[staging]
enabled = true
open_here = {open_here}

[[users]]
name = "SOAP"
password = "123"

[[administrators]]
name = "admin"
password = {secret}

[[directories]]
name = "own"
type = "store"

[[directories]]
name = "demo"
type = "csv"
path = {callers}

[[subscribers]]
key = {key}
name = "Анна Соколова"
extension = "244"
login = "anna"
password = {secret}

[[subscribers]]
key = "Zq81LmPw0TuX5sd"
name = "Илья Громов"
extension = "245"
"""


def demo(
    listen: Annotated[
        str, typer.Option(help="Address and port to listen on.", envvar="VATS1C_LISTEN")
    ] = "127.0.0.1:8080",
) -> None:
    """Start the service with a sample directory and the vendor's example login; all data is deleted at the end."""
    from importlib.resources import as_file, files

    from vats1c import config
    from vats1c.cli.running import run

    # Variables of a real service on this machine must not change the demo.
    for name in [name for name in os.environ if name.upper().startswith("VATS1C_")]:
        del os.environ[name]
    callers = files("vats1c.samples") / "callers.csv"
    with as_file(callers) as path, tempfile.TemporaryDirectory(prefix=FOLDER_PREFIX) as folder:
        # A settings file lets `vats1c journal tail` find the running demo, and is an example for a new user.
        file = Path(folder) / "vats1c.toml"
        file.write_text(
            _SETTINGS.format(
                listen=json.dumps(listen),
                open_here=json.dumps(_is_loopback(listen)),
                callers=json.dumps(str(path)),
                secret=json.dumps(secrets.token_urlsafe()),
                key=json.dumps(KEY),
            ),
            encoding="utf-8",
        )
        try:
            settings = config.load(file)
        except config.ConfigError as error:
            fail(error)
        run(settings, _welcome)


def _is_loopback(listen: str) -> bool:
    from ipaddress import ip_address

    host = listen.rpartition(":")[0].strip("[]")
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _welcome(application: "Application") -> str:
    """Return the instructions for a new user, with links that each sign in once."""
    address = application.settings.shown_address
    url = f"http://{address}/telephony/ws/VATS"
    card, callers = (
        f"http://{address}/sign-in/{application.sessions.link(person)}"
        for login in ("anna", "admin")
        if (person := application.people.by_login(login))
    )
    return str(
        Message(
            f"""vats1c: демонстрация, данные временные

  Веб-сервис  {url}
  WSDL        {url}?wsdl
  Вход        {USER} / {PASSWORD}

Карточка звонка Анны Соколовой (ссылка на один вход):

  {card}

Справочник, для администратора (ссылка на один вход):

  {callers}

Что пришло и что отвечено, по шагам:

  http://{address}/calls

Спросите, кто звонит:

  {_curl("SayName", f"<number>{NUMBER}</number>", url)}

Позвоните Анне, и карточка появится:

  {_curl("IncomingCall", f"<NumFrom>{NUMBER}</NumFrom><Key>{KEY}</Key>", url)}

Звонки в журнале, из другого окна:  vats1c journal tail
Остановить:                         Ctrl+C
""",
            f"""vats1c: a demonstration, its data is temporary

  Web service  {url}
  WSDL         {url}?wsdl
  Login        {USER} / {PASSWORD}

Anna Sokolova's card page (the link signs in once):

  {card}

The directory, for the administrator (the link signs in once):

  {callers}

What came and what was answered, step by step:

  http://{address}/calls

Ask who is calling:

  {_curl("SayName", f"<number>{NUMBER}</number>", url)}

Call Anna, and the card appears:

  {_curl("IncomingCall", f"<NumFrom>{NUMBER}</NumFrom><Key>{KEY}</Key>", url)}

Calls in the journal, from another window:  vats1c journal tail
Stop:                                       Ctrl+C
""",
        )
    )


def _curl(operation: str, parameters: str, url: str) -> str:
    body = (
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        f'<{operation} xmlns="http://VATS">{parameters}</{operation}></soap:Body></soap:Envelope>'
    )
    return f"curl -u {USER}:{PASSWORD} -H 'Content-Type: text/xml' -d '{body}' {url}"
