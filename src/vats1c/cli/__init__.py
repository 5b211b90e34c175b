"""The command line `vats1c`: one module per command. Commands import their dependencies when they run, not before."""

import sys

import typer

from vats1c.cli import (
    call,
    check,
    demo,
    directory,
    health,
    journal,
    lookup,
    passwords,
    probe,
    replay,
    serve,
    subscriber,
    upstream,
    wait_call,
    wsdl,
)

app = typer.Typer(
    name="vats1c",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="SOAP web service that takes the place of 1C for the Mobilon virtual PBX (VATS).",
)
app.command("demo")(demo.demo)
app.command("serve")(serve.serve)
app.command("lookup")(lookup.lookup)
app.command("call")(call.call)
app.command("replay")(replay.replay)
app.command("probe")(probe.probe)
app.command("check")(check.check)
app.command("upstream")(upstream.upstream)
app.command("hash-password")(passwords.hash_password)
app.command("healthcheck")(health.healthcheck)
app.command("wait-call")(wait_call.wait_call)
app.add_typer(directory.app, name="directory")
app.add_typer(journal.app, name="journal")
app.add_typer(subscriber.app, name="subscriber")
app.add_typer(wsdl.app, name="wsdl")


@app.callback(invoke_without_command=True)
def version(show: bool = typer.Option(False, "--version", help="Print the version and exit.")) -> None:
    """Print the version when `show` is set."""
    if show:
        from vats1c import __version__

        typer.echo(f"vats1c {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line, with UTF-8 output in every locale because names and messages hold Cyrillic."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    app()
