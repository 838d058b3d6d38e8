"""`obskit status`: how obskit is configured here, and which processes of the service run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from obskit.config import Config, describe, load
from obskit.exceptions import ObskitError
from obskit.telemetry import instance, levels


@click.command()
@click.option("--service", help="The service; by default what the environment or the file says.")
@click.option(
    "--set-level",
    "changes",
    metavar="LOGGER=LEVEL",
    multiple=True,
    help="Change a logger's level in all running processes of the service; root is the root logger.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(service: str | None, changes: tuple[str, ...], as_json: bool) -> None:
    """Show what is configured in this environment, and the service's running processes."""
    try:
        config = load({"service": service})
        folder = instance.run_directory(config.run_dir, config.service)
        for change in changes:
            _change_level(folder, change)
    except (ObskitError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    shown = _status(config, folder)
    click.echo(json.dumps(shown, indent=2) if as_json else "\n".join(_lines(shown)))


def _change_level(folder: Path, change: str) -> None:
    logger, equals, level = change.rpartition("=")
    if not equals or not logger:
        raise click.BadParameter(f"{change!r} is no LOGGER=LEVEL: write sqlalchemy.engine=DEBUG")
    levels.write(folder, logger, level)


def _status(config: Config, folder: Path) -> dict[str, Any]:
    processes = [{"slot": slot, "pid": pid} for slot, pid in instance.living(folder).items()]
    return {**describe(config), "processes": processes}


def _lines(shown: dict[str, Any]) -> list[str]:
    lines = [f"service      {shown['service']}"]
    for signal, way in shown["signals"].items():
        target = {
            "otlp": way["endpoint"],
            "console": "this process's standard output",
            "none": "nowhere: set OTEL_EXPORTER_OTLP_ENDPOINT",
        }[way["exporter"]]
        lines.append(f"{signal:<12} {way['exporter']:<8} {target}")
    lines.append(f"{'errors':<12} {shown['errors'] or 'none':<8} {_errors(shown)}")
    lines.append(f"{'console':<12} {shown['logs']['format']} on {shown['logs']['stream']}")
    running = shown["processes"]
    lines.append(f"processes    {len(running)} running on this host")
    lines += [f"  worker {process['slot']:<4} pid {process['pid']}" for process in running]
    return lines


def _errors(shown: dict[str, Any]) -> str:
    return "to the DSN" if shown["errors"] else "nowhere: set SENTRY_DSN"
