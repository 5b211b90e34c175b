"""`vats1c serve`: run the service with the settings of the file and of the VATS1C_* variables."""

from typing import Annotated

import typer

from vats1c.cli.settings import ConfigOption, load


def serve(
    config: ConfigOption = None,
    listen: Annotated[
        str | None,
        typer.Option(
            help="Address and port to listen on, such as 0.0.0.0:8080; default: the setting.", show_default=False
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Number of server processes; default: the setting.", show_default=False)
    ] = None,
) -> None:
    """Serve the VATS until stopped."""
    from vats1c.cli.running import run

    run(load(config, listen=listen, workers=workers))
