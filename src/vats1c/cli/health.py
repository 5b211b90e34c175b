"""`vats1c healthcheck`: check that the service is ready, for containers and scripts."""

import os
import time
from typing import Annotated

import typer

from vats1c.cli.settings import stop
from vats1c.messages import Message

_TIMEOUT_S = 3.0


def healthcheck(
    url: Annotated[
        str | None,
        typer.Argument(
            help="Address of the service; default: the host and port of VATS1C_LISTEN, else 127.0.0.1:8080."
        ),
    ] = None,
    wait: Annotated[float, typer.Option(help="Seconds to wait until the service is ready.")] = 0,
) -> None:
    """Request /readyz from the service. Exit code 0 when the service is ready, 1 when it is not."""
    base = (url or _local_url()).rstrip("/")
    deadline = time.monotonic() + wait
    while True:
        reason = _unready_reason(f"{base}/readyz")
        if reason is None:
            typer.echo(str(Message("готов", "ready")))
            return
        if time.monotonic() >= deadline:
            stop(Message(f"не готов: {base}: {reason}", f"not ready: {base}: {reason}"))
        time.sleep(0.1)


def _local_url() -> str:
    host, _, port = os.environ.get("VATS1C_LISTEN", "127.0.0.1:8080").rpartition(":")
    return f"http://{'127.0.0.1' if host in ('', '0.0.0.0', '[::]') else host}:{port}"  # noqa: S104 - compared


def _unready_reason(url: str) -> str | None:
    """Return the reason why the service at `url` is not ready; None when it is ready."""
    from urllib.error import HTTPError
    from urllib.request import ProxyHandler, build_opener

    if not url.startswith(("http://", "https://")):
        return "http:// ?"
    try:
        # No proxy: the environment's proxies are for other services.
        opener = build_opener(ProxyHandler({}))
        with opener.open(url, timeout=_TIMEOUT_S):
            return None
    except HTTPError as error:
        return f"HTTP {error.code}"
    except (OSError, ValueError) as error:
        return str(getattr(error, "reason", error))
