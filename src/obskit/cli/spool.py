"""`obskit spool`: what waits on disk because it could not be sent."""

from __future__ import annotations

import json
import math
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from obskit.cli.group import Group, Refused
from obskit.config import SIGNALS, Config, Otlp, load
from obskit.config.values import ENDPOINT
from obskit.duration import format_duration
from obskit.exceptions import ObskitError
from obskit.export.replay import replay as replay_spool
from obskit.export.spool import Batch, Spool, default_directory
from obskit.export.transport import Transport
from obskit.size import format_size

_REMAINS = 1
_USAGE = 4

_SERVICE = click.option(
    "--service", help="The service; by default what the environment or the file says."
)
_DIRECTORY = click.option(
    "--directory",
    type=click.Path(path_type=Path),
    help="Where the batches wait; by default where those of the service do.",
)


@click.group(cls=Group, refused=_USAGE, interrupted=_REMAINS)
def spool() -> None:
    """Show, send or remove the telemetry that waits on disk because it could not be sent."""


@spool.command()
@_SERVICE
@_DIRECTORY
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(service: str | None, directory: Path | None, as_json: bool) -> None:
    """Show what waits. Change nothing."""
    config = _config(service)
    limits = (config.spool_max_bytes, config.spool_max_age)
    shown = Spool(_directory(config, directory), *limits).snapshot()
    click.echo(json.dumps(shown, indent=2) if as_json else "\n".join(_lines(shown)))


@spool.command()
@_SERVICE
@_DIRECTORY
@click.option("--yes", is_flag=True, help="Do not ask.")
def purge(service: str | None, directory: Path | None, yes: bool) -> None:
    """Remove all that waits, and the damaged files that were set aside."""
    found = Spool(_directory(_config(service), directory))
    before = found.snapshot()
    if not before["signals"] and not before["torn"]:
        click.echo("nothing waits")
        return
    if not yes:
        click.confirm(f"Remove {_told(_waiting(before))} from {found.directory}?", abort=True)
    removed = found.purge()
    click.echo(f"removed {_told(removed)}")
    _end(found)


@spool.command()
@_SERVICE
@_DIRECTORY
@click.option(
    "--endpoint",
    metavar="URL",
    help="Base URL of a receiver, such as http://localhost:4318, in place of what is configured;"
    " headers and certificates of the configuration are not used with it.",
)
def replay(service: str | None, directory: Path | None, endpoint: str | None) -> None:
    """Send what waits, each signal in its order, whatever its age.

    A signal stops at its first batch that is not taken; nothing that was not taken is removed.

    \b
    Exit code:
      0  all was sent
      1  some remains
      4  the command or the configuration is wrong
    """  # noqa: D301 - Click reads the backspace itself
    config = _config(service)
    # However old: who calls this wants it sent, not dropped.
    found = Spool(_directory(config, directory), max_age=math.inf)
    sender = _Sender(config, endpoint)  # first: a wrong endpoint is told of even if nothing waits
    if not found.snapshot()["signals"]:
        click.echo("nothing waits")
        return
    with closing(sender):
        done = replay_spool(found, sender.send)
    for (signal, _), records in found.take_losses().items():
        click.echo(f"{records} {signal} could not be read, see {found.directory}/torn", err=True)
    if done.busy:
        click.echo("another process is sending, or the directory cannot be written", err=True)
    else:
        click.echo(f"sent {_told(done.sent)}")
    _end(found)


class _Sender:
    """Sends batches, over one connection for each signal."""

    def __init__(self, config: Config, endpoint: str | None) -> None:
        self._ways: dict[str, Otlp] = {}
        self._transports: dict[str, Transport] = {}
        base = _base(endpoint)
        for signal in SIGNALS:
            way: Otlp = getattr(config, signal)
            if base is not None:
                way = Otlp(endpoint=f"{base}/v1/{signal}", timeout_ms=way.timeout_ms)
            self._ways[signal] = way

    def close(self) -> None:
        for transport in self._transports.values():
            transport.close()

    def send(self, batch: Batch) -> bool:
        """Whether the receiver took it."""
        way = self._ways.get(batch.signal)
        if way is None or way.endpoint is None or way.protocol == "grpc":
            click.echo(f"{batch.signal}: no receiver over HTTP: give --endpoint", err=True)
            return False
        if batch.signal not in self._transports:
            try:
                self._transports[batch.signal] = Transport(way, "obskit-spool")
            except ValueError as error:
                raise Refused(f"{batch.signal}: {error}") from error
        answer = self._transports[batch.signal].post(batch.body, way.timeout_ms / 1_000)
        if answer.message:
            click.echo(f"{batch.signal}: {answer.message}", err=True)
        if answer.rejected:
            click.echo(f"{batch.signal}: {answer.rejected} records were rejected", err=True)
        return answer.kind == "accepted"


def _base(endpoint: str | None) -> str | None:
    if endpoint is None:
        return None
    try:
        base: str = ENDPOINT.parse(endpoint)
    except ValueError:
        base = ""
    if not base.startswith(("http://", "https://")):
        raise Refused(f"--endpoint is {endpoint!r}: use an http:// or https:// URL with a host")
    return base.rstrip("/")


def _config(service: str | None) -> Config:
    try:
        return load({"service": service})
    except ObskitError as error:
        raise Refused(str(error)) from error


def _directory(config: Config, given: Path | None) -> Path:
    chosen = given or (Path(config.spool_dir) if config.spool_dir else None)
    return default_directory(config.service, chosen)


def _end(found: Spool) -> None:
    """Exit code 1 if anything is left."""
    left = _waiting(found.snapshot())
    if left:
        click.echo(f"{_told(left)} still wait in {found.directory}", err=True)
        click.get_current_context().exit(_REMAINS)


def _waiting(snapshot: dict[str, Any]) -> dict[str, int]:
    return {signal: found["records"] for signal, found in snapshot["signals"].items()}


def _told(records: dict[str, int]) -> str:
    """Counts in words.

    >>> _told({"logs": 7, "traces": 2}), _told({})
    ('7 logs, 2 traces', 'nothing')
    """
    return ", ".join(f"{count} {signal}" for signal, count in records.items()) or "nothing"


def _lines(shown: dict[str, Any]) -> list[str]:
    limit, age = format_size(shown["max_bytes"]), format_duration(shown["max_age_seconds"])
    lines = [f"directory    {shown['directory']}", f"limits       {limit}, {age}"]
    if shown["signals"]:
        lines.append(f"{'signal':<12} {'batches':>8} {'records':>10} {'size':>10} {'oldest':>8}")
    for signal, found in shown["signals"].items():
        lines.append(
            f"{signal:<12} {found['batches']:>8} {found['records']:>10} {format_size(found['bytes']):>10}"
            f" {format_duration(found['oldest_seconds']):>8}"
        )
    lines.append(f"waiting      {format_size(shown['bytes'])}")
    if shown["torn"]:
        lines.append(f"set aside    {shown['torn']} damaged, see {shown['directory']}/torn")
    return lines
