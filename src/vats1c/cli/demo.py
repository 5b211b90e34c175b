"""`vats1c demo`: everything at once, with nothing to configure and nothing kept."""

import json
import os
import tempfile
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated

import typer

from vats1c.cli.settings import FOLDER_PREFIX, fail
from vats1c.language import Message

USER, PASSWORD = "SOAP", "123"
NUMBER = "89235292926"
_SETTINGS = """\
listen = {listen}
data = "."
trusted_hosts = ["*"]

[[users]]
name = "SOAP"
password = "123"

[[directories]]
name = "demo"
type = "csv"
path = {callers}

[[subscribers]]
key = "gW3cyUJAtl50PhF"
name = "Анна Соколова"
extension = "244"

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
    """Start with a sample directory and the vendor's example login; nothing is kept afterwards."""
    from vats1c import config
    from vats1c.cli.running import run

    # The demo is the same everywhere: the settings of a real service beside it do not matter.
    for name in [name for name in os.environ if name.upper().startswith("VATS1C_")]:
        del os.environ[name]
    callers = files("vats1c.samples") / "callers.csv"
    with as_file(callers) as path, tempfile.TemporaryDirectory(prefix=FOLDER_PREFIX) as folder:
        # A file, so that `vats1c journal tail` finds the running demo, and a newcomer an example.
        file = Path(folder) / "vats1c.toml"
        file.write_text(_SETTINGS.format(listen=json.dumps(listen), callers=json.dumps(str(path))), encoding="utf-8")
        try:
            settings = config.load(file)
        except config.ConfigError as error:
            fail(error)
        typer.echo(_welcome(settings.shown_address))
        run(settings)


def _welcome(address: str) -> str:
    url = f"http://{address}/telephony/ws/VATS"
    body = (
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        f'<SayName xmlns="http://VATS"><number>{NUMBER}</number></SayName></soap:Body></soap:Envelope>'
    )
    return str(
        Message(
            f"""vats1c: демонстрация, данные временные

  Веб-сервис  {url}
  WSDL        {url}?wsdl
  Вход        {USER} / {PASSWORD}

Спросите, кто звонит:

  curl -u {USER}:{PASSWORD} -H 'Content-Type: text/xml' -d '{body}' {url}

Звонки в журнале, из другого окна:  vats1c journal tail
Остановить:                         Ctrl+C
""",
            f"""vats1c: a demonstration, its data is temporary

  Web service  {url}
  WSDL         {url}?wsdl
  Login        {USER} / {PASSWORD}

Ask who is calling:

  curl -u {USER}:{PASSWORD} -H 'Content-Type: text/xml' -d '{body}' {url}

Calls in the journal, from another window:  vats1c journal tail
Stop:                                       Ctrl+C
""",
        )
    )
