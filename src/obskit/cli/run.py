"""`obskit run`: run a command as a job."""

from __future__ import annotations

import os
import re
import sys
from pathlib import PurePath
from typing import NoReturn

import click

from obskit import default_runtime
from obskit.config import load
from obskit.dev.child import signals_caught
from obskit.exceptions import ObskitError
from obskit.instrument import environment
from obskit.operations import surroundings
from obskit.operations.command_run import run_command
from obskit.operations.housekeeping import is_kept
from obskit.operations.job import JobOverlap, job

# What is no part of a job's name becomes a hyphen.
_NO_NAME = re.compile("[^a-z0-9._-]+")
# What `env` and `timeout` answer when they themselves fail, which no command is likely to.
_REFUSED = 125
# Of sysexits.h: try again later.
_OVERLAPS = 75
_LONGEST_NAME = 63


@click.command(context_settings={"allow_interspersed_args": False})
@click.option("--job", "name", help="The job's name; by default that of the program.")
@click.option("--service", help="The service; by default what the environment or the file says.")
@click.option("--expect-every", help="How long after its begin the next run is to begin: 24h.")
@click.option("--expect-cron", help="When it is to begin, as a crontab says it: '0 3 * * *'.")
@click.option("--timezone", help="What --expect-cron is read in: Europe/Berlin.")
@click.option("--late-after", default="5m", show_default=True, help="How much later it may begin.")
@click.option("--max-runtime", help="How long it may take: 10m.")
@click.option(
    "--overlap",
    type=click.Choice(["allow", "refuse"]),
    default="allow",
    show_default=True,
    help="Whether it may begin while another run of the job goes on; refused, it ends with 75.",
)
@click.option(
    "--log-output", is_flag=True, help="Log each line that it writes, beside passing it on."
)
@click.option(
    "--instrument",
    is_flag=True,
    help="Run COMMAND as it is, no job, and observe the apps of Flask, Django, FastAPI and Starlette in it.",
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(
    name: str | None,
    service: str | None,
    command: tuple[str, ...],
    *,
    log_output: bool,
    instrument: bool,
    **options: str,
) -> None:
    r"""Run COMMAND as a job: its end, its duration and its last lines are told, and watched.

    Its output and its exit code pass through: 128 + n where the signal n ended it. Log lines of the
    run go where the configuration says, but not to the console unless OBSKIT_LOG_FORMAT asks for it.

    What the command itself knows of its run it adds, as lines, to the file that $OBSKIT_NOTES names:
    progress DONE [TOTAL], count NAME=AMOUNT, nothing-to-do [WHY], fail WHY, refused 401|429 HOST.

    \b
        obskit run --expect-every 24h -- pg_dump --file shop.sql shop
        obskit run --instrument --service shop -- gunicorn shop:app
    """
    try:
        if instrument:
            _become(service, command)
        declared = job(name or _name_of(command[0]), **options)  # type: ignore[arg-type]
        _start(service)
        caught: list[int] = []
        with signals_caught(caught):
            code = run_command(declared, command, caught, log_output=log_output)
    except JobOverlap as error:
        click.echo(f"obskit run: {error}", err=True)
        code = _OVERLAPS
    except ObskitError as error:
        click.echo(f"obskit run: {error}", err=True)
        code = _REFUSED
    sys.exit(code)


def _become(service: str | None, command: tuple[str, ...]) -> NoReturn:
    """Put the command in the place of this process: signals and the exit code are its own.

    Raises:
        ObskitError: The configuration is wrong, or there is no such command.
    """
    load({"service": service})  # what is wrong is told here, rather than by each worker
    environ = environment(os.environ)
    if service is not None:
        environ["OTEL_SERVICE_NAME"] = service
    try:
        os.execvpe(command[0], command, environ)  # noqa: S606 - that is what was asked for
    except OSError as error:
        raise ObskitError(f"{command[0]} cannot be run: {error.strerror}") from error


def _start(service: str | None) -> None:
    given = {"service": service}
    # The output is the command's own; a line of ours would stand in the middle of it.
    quiet = {"log_format": "none"} if load(given).log_format == "auto" else {}
    default_runtime.init(**given, **quiet)
    around = surroundings.active()
    if is_kept(around):
        around.leave_counts()


def _name_of(program: str) -> str:
    name = _NO_NAME.sub("-", PurePath(program).name.lower()).strip("._-")
    return name[:_LONGEST_NAME] or "command"
