"""`obskit dev`: run a command and tell the story of each request in the terminal."""

from __future__ import annotations

import sys

import click

from obskit.exceptions import MissingExtra

# What a shell answers.
_NOT_EXECUTABLE = 126
_NOT_FOUND = 127


@click.command(context_settings={"allow_interspersed_args": False})
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Port to receive on. By default the system picks a free one.",
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def dev(port: int, command: tuple[str, ...]) -> None:
    r"""Run COMMAND and show what it does, one story for each request.

    Whatever COMMAND sends over OTLP or Sentry's protocol comes here instead of where it would go:
    its requests with their log lines, queries and errors, and its checks when they change.

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
        click.echo(f"obskit dev: {command[0]}: not found", err=True)
        code = _NOT_FOUND
    except OSError as error:
        click.echo(f"obskit dev: {error}", err=True)
        code = _NOT_EXECUTABLE
    sys.exit(code)
