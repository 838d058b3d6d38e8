"""`obskit dev`: run a command and tell the story of each request in the terminal."""

from __future__ import annotations

import errno
import sys

import click

from obskit.exceptions import MissingExtra

# What a shell answers.
_NOT_EXECUTABLE = 126
_NOT_FOUND = 127
_DEFAULT_PORT = 4318


@click.command(context_settings={"allow_interspersed_args": False})
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Port to receive on, 0 for a free one. By default a free one for COMMAND, 4318 without it.",
)
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def dev(port: int | None, command: tuple[str, ...]) -> None:
    r"""Run COMMAND and show what it does, one story for each request.

    Whatever COMMAND sends over OTLP or Sentry's protocol comes here instead of where it would go:
    its requests with their log lines, queries and errors, and its checks when they change. The
    terminal tells them, and a page in the browser whose link is printed first.

    Without COMMAND it receives from any sender, one service or several, until Ctrl-C, and prints
    what to set in their environment.

    \b
        obskit dev -- flask --app shop run
    """
    try:
        from obskit.dev import Session
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("obskit"):
            raise
        raise click.ClickException(str(MissingExtra("cli", "obskit dev"))) from None
    # A terminal that cannot show a character must not end the command.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = Session(command, port=port).run()
    except FileNotFoundError:
        told = f"{command[0]}: not found: install it, or give its whole path"
        click.echo(f"obskit dev: {told}", err=True)
        code = _NOT_FOUND
    except OSError as error:
        click.echo(f"obskit dev: {_reason(error, port)}", err=True)
        code = _NOT_EXECUTABLE
    sys.exit(code)


def _reason(error: OSError, port: int | None) -> str:
    if error.errno in (errno.EACCES, errno.ENOEXEC):
        return (
            f"{error.filename}: {error.strerror}: it is no program that this user may run;"
            f" give the one that runs it before it, such as python {error.filename}"
        )
    if error.errno != errno.EADDRINUSE:
        return str(error)
    return (
        f"port {_DEFAULT_PORT if port is None else port} is in use: end what listens there"
        " (a collector, another obskit dev), or choose another with --port; 0 takes a free one"
    )
