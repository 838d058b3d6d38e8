"""`obskit top`: what fails, jobs as they run, budgets as gauges, checks by their trend."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO

import click
import orjson

from obskit.cli import application, state
from obskit.cli.alerts.ask import read_url
from obskit.cli.check.table import write
from obskit.cli.group import Command, Refused
from obskit.cli.spans import read_span
from obskit.cli.token_file import read_token
from obskit.cli.top import sources
from obskit.cli.top.printed import lines
from obskit.cli.top.sources import Source
from obskit.cli.top.view import Look
from obskit.exceptions import MissingExtra

_USAGE = 4


def _read_urls(
    context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> list[str]:
    return [str(read_url(context, parameter, each)) for each in given]


@click.command(cls=Command, refused=_USAGE, interrupted=_USAGE)
@application.APP
@click.option(
    "--url",
    "urls",
    multiple=True,
    callback=_read_urls,
    help="The /health of a service, such as https://shop.example/health; several times for several.",
)
@click.option(
    "--token-file",
    "token_files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A file with the token of --url; one for all, or one each. Else OBSKIT_HEALTH_TOKEN.",
)
@click.option(
    "--since",
    default="24h",
    metavar="SPAN",
    callback=read_span,
    show_default=True,
    help="How far back trends go.",
)
@click.option(
    "--every",
    default="2s",
    metavar="SPAN",
    callback=read_span,
    show_default=True,
    help="Between two looks.",
)
@click.option("--once", is_flag=True, help="Print it once, and end.")
@click.option("--json", "as_json", is_flag=True, help="Print it once as JSON, and end.")
def top(
    app: str | None,
    urls: list[str],
    token_files: tuple[Path, ...],
    since: float,
    every: float,
    once: bool,
    as_json: bool,
) -> None:
    """Show how services are, in place, until q or Ctrl-C. What fails comes first.

    Of a job that runs, how far it is and how long it still takes; budgets as gauges, and when they are
    empty; how counts change; errors and operations. Nothing is run here: what is shown is what the
    processes of the service have found (--app), or what its /health tells of its checks (--url).
    Without a terminal, or with TERM=dumb, it is printed again and again.
    """
    output = sys.stdout
    with application.inert(), suppress(KeyboardInterrupt):
        asked = [*_of_app(app, since, urls), *_of_urls(urls, token_files, since)]
        if once or as_json:
            _print_once(asked, output, as_json=as_json)
        elif _draws(output):
            _show(asked, every)
        else:
            _print(asked, every, output)


def _of_app(app: str | None, since: float, urls: Sequence[str]) -> Iterator[Source]:
    if not app and not urls:
        raise Refused(
            "which app? Give --app MODULE:ATTRIBUTE, such as --app shop:app, or --url"
            " https://shop.example/health"
        )
    if app:
        yield sources.of_store(application.load(app), state.configuration(), since)


def _of_urls(urls: Sequence[str], files: Sequence[Path], since: float) -> Iterator[Source]:
    if files and not urls:
        raise Refused("--token-file is for --url, and there is none: give --url or leave it out")
    if len(files) > 1 and len(files) != len(urls):
        counts = f"{len(files)} times --token-file, {len(urls)} times --url"
        raise Refused(f"{counts}: give one file for all, or one for each in the same order")
    tokens: list[str | None] = [read_token(file, "--token-file") for file in files]
    if urls and not tokens:
        tokens = [state.configuration().health_token]
    for number, url in enumerate(urls):
        yield sources.of_url(url, tokens[number % len(tokens)], since)


def _print_once(asked: Sequence[Source], output: TextIO, *, as_json: bool) -> None:
    looks = [sources.look(source) for source in asked]
    if as_json:
        click.echo(orjson.dumps(looks, default=_plain, option=orjson.OPT_INDENT_2), file=output)
    else:
        _write(looks, output)
    if all(look.overview is None for look in looks):
        click.get_current_context().exit(_USAGE)


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else str(value)


def _print(asked: Sequence[Source], every: float, output: TextIO) -> None:
    before: list[Look | None] = [None] * len(asked)
    while True:
        looks = [sources.look(each, was) for each, was in zip(asked, before, strict=True)]
        _write(looks, output)
        write([""], output)
        before[:] = looks
        time.sleep(every)


def _write(looks: Sequence[Look], output: TextIO) -> None:
    found = list(lines(looks))
    write(map(click.unstyle, found) if _is_plain() else found, output)


def _is_plain() -> bool:
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"


def _draws(output: TextIO) -> bool:
    # Textual draws on standard error, and reads the keys from standard input.
    streams = (output, sys.__stdin__, sys.__stderr__)
    is_terminal = all(each is not None and each.isatty() for each in streams)
    return is_terminal and os.environ.get("TERM", "dumb") != "dumb"


def _show(asked: Sequence[Source], every: float) -> None:
    try:
        from obskit.cli.top.screen import Screen
    except ModuleNotFoundError:
        raise Refused(str(MissingExtra("cli", "obskit top"))) from None
    watched = sources.Watched(asked, every)
    watched.start()
    try:
        Screen(lambda: watched.looks).run()
    finally:
        watched.end()
