"""`vats1c serve`: the service with the settings of its file and its environment."""

from typing import Annotated

import typer

from vats1c.cli.settings import ConfigOption, load


def serve(
    config: ConfigOption = None,
    listen: Annotated[
        str | None, typer.Option(help="Address and port, such as 0.0.0.0:8080.", show_default=False)
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Server processes.", show_default=False)] = None,
) -> None:
    """Serve the VATS until stopped."""
    from vats1c.cli.running import run

    run(load(config, listen=listen, workers=workers))
