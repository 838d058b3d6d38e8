"""`obskit run`: run a command as a job."""

from __future__ import annotations

import re
import sys
from pathlib import PurePath

import click

from obskit import default_runtime
from obskit.config import load
from obskit.dev.child import signals_caught
from obskit.exceptions import ObskitError
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
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(name: str | None, service: str | None, command: tuple[str, ...], **options: str) -> None:
    r"""Run COMMAND as a job: its end, its duration and its last lines are told, and watched.

    Its output and its exit code pass through: 128 + n where the signal n ended it. Log lines of the
    run go where the configuration says, but not to the console unless OBSKIT_LOG_FORMAT asks for it.

    \b
        obskit run --expect-every 24h -- pg_dump --file shop.sql shop
    """
    try:
        declared = job(name or _name_of(command[0]), **options)  # type: ignore[arg-type]
        _start(service)
        caught: list[int] = []
        with signals_caught(caught):
            code = run_command(declared, command, caught)
    except JobOverlap as error:
        click.echo(f"obskit run: {error}", err=True)
        code = _OVERLAPS
    except ObskitError as error:
        click.echo(f"obskit run: {error}", err=True)
        code = _REFUSED
    sys.exit(code)


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
