"""`vats1c check`: would the service start with these settings?"""

import typer

from vats1c.cli.settings import ConfigOption, fail, load
from vats1c.language import Message


def check(config: ConfigOption = None) -> None:
    """Check the settings and open every part, without serving. Exit code 0 when all is right, 2 when not."""
    from vats1c.app import opened
    from vats1c.cli.running import say_parts
    from vats1c.config import ConfigError

    try:
        with opened(load(config)) as application:
            say_parts(application)
    except ConfigError as error:
        fail(error)
    typer.echo(str(Message("настройки в порядке", "the settings are right")))
