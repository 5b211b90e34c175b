"""Find and load the settings file for every command with the option -c, and end a command with a message."""

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from vats1c.messages import Message

if TYPE_CHECKING:
    from vats1c.config import Settings

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        help="Settings file (TOML); default: the file named by VATS1C_CONFIG, else ./vats1c.toml.",
        show_default=False,
    ),
]
_FILE = "vats1c.toml"
FOLDER_PREFIX = "vats1c-demo-"


def load(path: Path | None, *, or_demo: bool = False, **options: Any) -> "Settings":
    """Load the settings file `path`; None means the file that `settings_file` returns.

    Without a file, the settings come from the environment variables alone. When `or_demo` is set, and there is neither
    a file nor a variable with a setting, the settings come from the settings file of the demo.
    `options` are settings from the command line. They override the settings of the file and of the variables; an option
    with the value None is ignored. Ends the command when the settings are unusable.
    """
    from vats1c import config

    path = path or settings_file()
    if path is None and or_demo and not _is_set():
        path = demo_file()
    try:
        return config.load(path, **{name: value for name, value in options.items() if value is not None})
    except config.ConfigError as error:
        fail(error)


def settings_file() -> Path | None:
    """Return the file that VATS1C_CONFIG names, else ./vats1c.toml when it exists, else None."""
    if os.environ.get("VATS1C_CONFIG"):
        return Path(os.environ["VATS1C_CONFIG"])
    return Path(_FILE) if Path(_FILE).exists() else None


def _is_set() -> bool:
    """Tell whether any VATS1C_* variable holds a setting of the service."""
    from vats1c.config.load import COMMAND_VARIABLES, PREFIX

    return any(name.upper().startswith(PREFIX) and name.upper() not in COMMAND_VARIABLES for name in os.environ)


def demo_file() -> Path | None:
    """Return the settings file of this user's last started demo whose folder still exists; None without a demo."""
    folders = Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*/{_FILE}")
    own_files = [file for file in folders if not hasattr(os, "getuid") or file.stat().st_uid == os.getuid()]
    return max(own_files, key=lambda file: file.stat().st_mtime, default=None)


def fail(error: Any) -> NoReturn:
    """Print every problem of a ConfigError and end the command with code 2."""
    heading = Message("vats1c не запущен, исправьте настройки:", "vats1c did not start, mend the settings:")
    typer.echo(str(heading), err=True)
    for problem in error.problems:
        typer.echo(f"  - {problem}", err=True)
    raise typer.Exit(2)


def stop(message: Message) -> NoReturn:
    """Print the message and end the command with code 1."""
    typer.echo(str(message), err=True)
    raise typer.Exit(1)
