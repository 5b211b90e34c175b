"""Start the service, and print a summary of its parts."""

import gc
import logging
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import typer

from vats1c.cli.progress import loading
from vats1c.cli.settings import fail, stop
from vats1c.messages import Message

if TYPE_CHECKING:
    from vats1c.app.application import Application
    from vats1c.config import Settings
    from vats1c.directory import State


def run(settings: "Settings", welcome: "Callable[[Application], str] | None" = None) -> None:
    """Print the text that `welcome` returns, and serve until stopped. Ends the command with a message on an error."""
    configure_log(settings.log_level, settings.log_format)
    host, port = settings.address
    if settings.workers > 1 and sys.platform == "win32":
        stop(
            Message(
                "workers больше 1 в Windows не работает: там порт нельзя разделить между процессами",
                "workers above 1 does not work on Windows: processes cannot share a port there",
            )
        )
    _ensure_port_free(host, port)
    if settings.staging.enabled and settings.staging.token is None:
        settings = _with_token(settings)
    if settings.workers == 1:
        _serve(settings, announce=True, welcome=welcome)
    else:
        _serve_many(settings)


def _with_token(settings: "Settings") -> "Settings":
    """Return `settings` with a token for the staging bench, the same for all workers, and print it."""
    from pydantic import SecretStr

    token = secrets.token_urlsafe(24)
    typer.echo(
        str(Message(f"токен стенда (для программ): {token}", f"the staging bench's token (for programs): {token}"))
    )
    staging = settings.staging.model_copy(update={"token": SecretStr(token)})
    return settings.model_copy(update={"staging": staging})


def configure_log(level: str, form: str) -> None:
    """Write log events of at least `level` to standard error; `form` is "text" or "json" (one object per line).

    Values are quoted, so that a value with a line break cannot forge a log line.
    """
    with _without_library("rich"):
        import structlog

    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"], sort_keys=False)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


@contextmanager
def _without_library(library: str) -> Iterator[None]:
    """Hide an optional library from the modules that the block imports.

    structlog imports rich to colour tracebacks on a terminal, which costs 50 ms at the start and 3 MB of memory.
    """
    if library in sys.modules:
        yield
        return
    # With None in sys.modules, an import of the library raises ModuleNotFoundError (Language Reference §5.3.1).
    sys.modules[library] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[library]


def _ensure_port_free(host: str, port: int) -> None:
    from vats1c.server import PortInUseError, ensure_port_free

    address = f"{host}:{port}"
    try:
        ensure_port_free(host, port)
    except PortInUseError:
        stop(
            Message(
                f"порт {address} уже занят: остановите другую программу или укажите --listen",
                f"{address} is already in use: stop the other program or give --listen",
            )
        )
    except OSError as error:
        reason = error.strerror or str(error)
        stop(Message(f"нельзя слушать {address}: {reason}", f"cannot listen on {address}: {reason}"))


@contextmanager
def open_application(settings: "Settings") -> "Iterator[Application]":
    """Yield the application, and close it after the block; show the progress of loading. Raises ConfigError."""
    from vats1c.app.application import build

    with loading():
        application = build(settings)
    with closing(application):
        yield application


def refresh_directories(application: "Application", *, anew: bool) -> None:
    """Refresh the directories that copy their callers periodically.

    Refresh all of these directories when `anew` is set, otherwise only those that are not ready.
    """
    from vats1c.directory import Refreshable

    for publication in application.publications:
        for directory in publication.directories:
            if isinstance(directory, Refreshable) and (anew or not directory.state().ready):
                directory.refresh()


def _serve(settings: "Settings", *, announce: bool, welcome: "Callable[[Application], str] | None" = None) -> None:
    # The modules and callers that are loaded here stay in memory, so garbage collection would free none of them and
    # would take a tenth of the start time. The server enables garbage collection again.
    gc.disable()
    from vats1c.config import ConfigError
    from vats1c.server import ServerLimits, serve

    host, port = settings.address
    limits = settings.limits
    try:
        with open_application(settings) as application:
            if welcome:
                typer.echo(welcome(application))
            if announce:
                print_summary(application)
            serve(
                application.router,
                host,
                port,
                ServerLimits(limits.header_timeout, limits.body_timeout, limits.connections, limits.windows),
                reuse_port=settings.workers > 1,
            )
    except ConfigError as error:
        fail(error)


def print_summary(application: "Application") -> None:
    """Print one line for each part of the service: users, directories, the real 1C, addresses."""
    settings = application.settings
    base = settings.public_url or f"http://{settings.shown_address}"
    for publication in application.publications:
        users = ", ".join(user.name for user in publication.users)
        typer.echo(str(Message(f"пользователи SOAP: {users}", f"SOAP users: {users}")))
        for directory, table in zip(
            publication.directories, settings.served[publication.name].directories, strict=True
        ):
            ru, en = _state_in_words(directory.state())
            typer.echo(
                str(
                    Message(
                        f"справочник {directory.name} ({table.type}): {ru}",
                        f"directory {directory.name} ({table.type}): {en}",
                    )
                )
            )
        if publication.upstream:
            one_c = publication.upstream
            ru, en = _state_in_words(one_c.state())
            typer.echo(
                str(
                    Message(
                        f"настоящая 1С ({one_c.mode}): {one_c.url}: {ru}", f"real 1C ({one_c.mode}): {one_c.url}: {en}"
                    )
                )
            )
        if not publication.directories:
            typer.echo(
                str(Message("справочников нет: все звонящие неизвестны", "no directories: every caller is unknown"))
            )
        typer.echo(
            str(
                Message(
                    f"веб-сервис: {base}/{publication.name}/ws/VATS",
                    f"web service: {base}/{publication.name}/ws/VATS",
                )
            )
        )
    sys.stdout.flush()


def _state_in_words(state: "State") -> tuple[str, str]:
    """Return the state in Russian and in English: the number of callers or, if unknown, whether the source answers."""
    if state.callers is not None:
        return f"абонентов: {state.callers}", f"{state.callers} callers"
    return ("отвечает", "answers") if state.ready else ("не отвечает", "does not answer")


def _serve_many(settings: "Settings") -> None:
    from vats1c.config import ConfigError
    from vats1c.server import WorkersDyingError, run

    try:
        # Open the parts once before any worker starts, so that each problem is reported once.
        with open_application(settings) as application:
            print_summary(application)
    except ConfigError as error:
        fail(error)
    try:
        run(settings.workers, _worker, settings)
    except WorkersDyingError:
        stop(Message("рабочий процесс падает сразу после запуска", "a worker process dies as soon as it starts"))


def _worker(settings: "Settings") -> None:
    configure_log(settings.log_level, settings.log_format)
    _serve(settings, announce=False)
