"""`vats1c healthcheck`: is the service able to answer? For containers and scripts."""

import os
import time
from typing import Annotated

import typer

from vats1c.cli.settings import stop
from vats1c.messages import Message

_TIMEOUT = 3.0


def healthcheck(
    url: Annotated[
        str | None,
        typer.Argument(help="Address of the service; VATS1C_LISTEN on this machine when not given."),
    ] = None,
    wait: Annotated[float, typer.Option(help="Seconds to wait until it is ready.")] = 0,
) -> None:
    """Ask /readyz. Exit code 0 when the service is ready, 1 when not."""
    base = (url or _here()).rstrip("/")
    deadline = time.monotonic() + wait
    while True:
        reason = _not_ready(f"{base}/readyz")
        if reason is None:
            typer.echo(str(Message("готов", "ready")))
            return
        if time.monotonic() >= deadline:
            stop(Message(f"не готов: {base}: {reason}", f"not ready: {base}: {reason}"))
        time.sleep(0.1)


def _here() -> str:
    host, _, port = os.environ.get("VATS1C_LISTEN", "127.0.0.1:8080").rpartition(":")
    return f"http://{'127.0.0.1' if host in ('', '0.0.0.0', '[::]') else host}:{port}"  # noqa: S104 - compared


def _not_ready(url: str) -> str | None:
    from urllib.error import HTTPError
    from urllib.request import ProxyHandler, build_opener

    if not url.startswith(("http://", "https://")):
        return "http:// ?"
    try:
        # The service is asked directly: a proxy of the environment is for others.
        opener = build_opener(ProxyHandler({}))
        with opener.open(url, timeout=_TIMEOUT):
            return None
    except HTTPError as error:
        return f"HTTP {error.code}"
    except (OSError, ValueError) as error:
        return str(getattr(error, "reason", error))
