"""`obskit logs`: the lines of log files, found, followed, or as the story of a request."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import click

from obskit.cli.group import Group, Refused
from obskit.cli.logs.showing import show_line, show_story
from obskit.cli.spans import read_span
from obskit.clock import to_rfc3339
from obskit.config import Config, load
from obskit.exceptions import ObskitError
from obskit.logfiles import naming
from obskit.logfiles.follow import Follower
from obskit.logfiles.lines import LEVELS, Line
from obskit.logfiles.search import Wanted, chosen, search
from obskit.logfiles.streams import APP, ERROR, rules

_USAGE = 4
_PAUSE = 0.2


def _pattern(_context: click.Context, _option: click.Parameter, given: str | None) -> object:
    try:
        return None if given is None else re.compile(given)
    except re.error as error:
        raise click.BadParameter(f"{given!r} is no regular expression: {error}") from None


# Nobody asks for a stream by a position: what is no option is a command.
@click.group(cls=Group, refused=_USAGE, interrupted=_USAGE, invoke_without_command=True)
@click.option("--folder", type=click.Path(path_type=Path), help="By default the configured one.")
@click.option("--stream", "streams", multiple=True, help="Only this one; may be given again.")
@click.option("--level", type=click.Choice(list(LEVELS), case_sensitive=False), default="debug")
@click.option("--request", metavar="ID", help="The story of a request, by its id or its trace's.")
@click.option("--since", metavar="SPAN", callback=read_span, help="How far back, such as 2h.")
@click.option("--grep", metavar="REGEX", callback=_pattern, help="What a line must match.")
@click.option("--follow", "-f", is_flag=True, help="Go on with what is written from now on.")
@click.option("--json", "as_json", is_flag=True, help="Print lines as they stand in the files.")
@click.pass_context
def logs(
    context: click.Context,
    folder: Path | None,
    streams: tuple[str, ...],
    level: str,
    request: str | None,
    since: float | None,
    grep: re.Pattern[str] | None,
    follow: bool,
    as_json: bool,
) -> None:
    """Find lines in the log files, in rotated and compressed ones too, in order of time.

    All streams are searched but error, whose lines stand in another one as well.
    """
    if context.invoked_subcommand:
        return
    place = configured_folder(folder)
    begin = max(0.0, time.time() - since) if since is not None else 0.0
    wanted = Wanted(LEVELS[level.lower()], request, to_rfc3339(begin) if begin else "", grep)
    try:
        with ExitStack() as stack:
            named = _known(place, streams)
            followers = [stack.enter_context(closing(Follower(place, one))) for one in named]
            found = search(followers, wanted, begin)
            if follow:
                _follow(followers, wanted, found if since is not None else (), as_json=as_json)
            elif as_json or not request:
                for line in found:
                    show_line(line, as_json=as_json)
            elif not show_story(request, list(found)):
                raise Refused(f"no line of {request} is in {place}")
    except BrokenPipeError:  # who reads has enough
        raise
    except OSError as error:
        raise Refused(f"the log files in {place} cannot be read: {error}") from None


@logs.command()
@click.option("--folder", type=click.Path(path_type=Path), help="By default the configured one.")
@click.option("--keep", default=30, show_default=True, help="Days that files are kept.")
def logrotate(folder: Path | None, keep: int) -> None:
    """Print a configuration of logrotate, for hosts whose log files it rotates.

    The service needs OBSKIT_LOG_ROTATION=logrotate, and no signal: it sees that a file was moved.
    """
    config = _configured()
    place = _folder_of(config, folder).absolute()
    # Not *.log: the audit is one, and what is removed from its chain is told as missing.
    streams = [APP, ERROR, *(rule.stream for rule in rules(config.log_streams))]
    paths = "\n".join(f'"{naming.active(place, stream)}"' for stream in streams)
    click.echo(
        f"# OBSKIT_LOG_ROTATION=logrotate in the service's environment.\n"
        f"{paths} {{\n"
        "    daily\n"
        f"    rotate {keep}\n"
        f"    maxage {keep}\n"
        "    dateext\n"
        "    missingok\n"
        "    notifempty\n"
        "    nocreate\n"
        "    compress\n"
        "    # A line that is being written may still go to the file that was moved.\n"
        "    delaycompress\n"
        "}"
    )


def configured_folder(given: Path | None) -> Path:
    """The folder of log files: the one that is given, or the configured one.

    Args:
        given: What the command line says.

    Raises:
        Refused: There is none, or the configuration is wrong.
    """
    return given or _folder_of(_configured(), None)


def _folder_of(config: Config, given: Path | None) -> Path:
    if given is None and config.log_folder is None:
        raise Refused("which folder? Give --folder, or set OBSKIT_LOG_FOLDER")
    return given or Path(str(config.log_folder))


def _configured() -> Config:
    try:
        return load()
    except ObskitError as error:
        raise Refused(str(error)) from error


def _known(folder: Path, streams: tuple[str, ...]) -> list[str]:
    there = naming.streams(folder)
    for stream in streams:
        if stream not in there:
            known = ", ".join(there) or "none"
            raise Refused(f"there is no stream {stream!r} in {folder}: there are {known}")
    return chosen(folder, streams)


def _follow(
    followers: list[Follower], wanted: Wanted, past: Iterable[Line], *, as_json: bool
) -> None:
    with suppress(KeyboardInterrupt):  # how it is ended
        for line in past:
            show_line(line, as_json=as_json)
        while True:
            found = (line for one in followers for line in one.read() if wanted.takes(line))
            for line in sorted(found, key=lambda line: line.time):
                show_line(line, as_json=as_json)
            time.sleep(_PAUSE)
