"""`obskit check silence`: mute what is told about a check, for a while."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterable
from difflib import get_close_matches

import click

from obskit.cli import application, state
from obskit.cli.check.plain import silence_as_json, write_json
from obskit.cli.check.table import write
from obskit.cli.group import Refused
from obskit.cli.spans import read_span
from obskit.clock import SYSTEM_CLOCK, to_rfc3339
from obskit.config import Config
from obskit.config.store_url import MEMORY
from obskit.exceptions import StoreError
from obskit.state.store import Silence


@click.command()
@application.APP
@click.option("--service", help="The service, where no app is given.")
@click.option("--for", "length", metavar="SPAN", callback=read_span, help="How long: 2h.")
@click.option("--reason", help="Why: whoever is not woken will read it.")
@click.option("--list", "is_list", is_flag=True, help="List the silences that last.")
@click.option("--end", metavar="NAME", help="End the silence of this check now.")
@click.option("--json", "as_json", is_flag=True, help="With --list: print JSON.")
@click.argument("name", required=False)
def silence(
    app: str | None,
    service: str | None,
    length: float | None,
    reason: str | None,
    is_list: bool,
    end: str | None,
    as_json: bool,
    name: str | None,
) -> None:
    """Silence the check NAME for a while: it runs as before, and nobody is told of it.

    \b
        obskit check silence database --app shop:app --for 2h --reason "we move it"
        obskit check silence --app shop:app --list
        obskit check silence --app shop:app --end database
    """  # noqa: D301 - Click reads the backspace itself
    asked = (is_list, end is not None, name is not None)
    if sum(asked) != 1:
        raise click.UsageError("give one of NAME, --list and --end NAME")
    if name is not None and (length is None or not (reason or "").strip()):
        raise click.UsageError('a silence has an end and a reason: give --for 2h --reason "…"')
    if name is None and (length is not None or reason is not None):
        raise click.UsageError("--for and --reason belong to a NAME")
    if as_json and not is_list:
        raise click.UsageError("--json belongs to --list")
    with application.inert():
        declared = application.load(app).checks if app else None
        config = state.configuration(service)
    try:
        if is_list:
            _list(config, as_json=as_json)
        elif end is not None:
            _end(config, end)
        elif name is not None and length is not None:
            _begin(config, declared, name, length, (reason or "").strip())
    except StoreError as error:
        raise Refused(str(error)) from error


def _list(config: Config, *, as_json: bool) -> None:
    with state.opened(config) as store:
        found = state.lasting(store)
    if as_json:
        write_json({"silences": [silence_as_json(each) for each in found.values()]})
    elif found:
        widest = max(map(len, found))
        write(f"{name:<{widest}}  {state.told(each)}" for name, each in found.items())
    else:
        write(["nothing is silenced"])


def _end(config: Config, name: str) -> None:
    with state.opened(config) as store:
        known = state.lasting(store)
        if not store.unsilence(name):
            hint = f": silenced are {', '.join(sorted(known))}" if known else ": nothing is"
            raise Refused(f"{name!r} is not silenced{hint}")
    write([f"{name} is silenced no more"])


def _begin(
    config: Config, declared: Iterable[str] | None, name: str, length: float, reason: str
) -> None:
    if config.state_url == MEMORY:
        raise Refused("the state is kept in memory: a silence would end with this command")
    now = SYSTEM_CLOCK.now()
    with state.opened(config, make=True) as store:
        known = store.latest() if declared is None else declared
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else "give --app, and see obskit check list"
            where = "has run" if declared is None else "is named"
            raise Refused(f"no check {where} {name!r}: {hint}")
        store.silence(Silence(name, now + length, reason, _caller(), now))
    write([f"{name} is silenced until {to_rfc3339(now + length)[:19]}Z"])


def _caller() -> str:
    """Who calls this, also by sudo."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in some containers
        return f"uid {os.getuid()}"
