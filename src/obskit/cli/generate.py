"""`obskit generate`: rules, routes and dashboards of what an app declares."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import click
from click.core import ParameterSource

from obskit.alerts import generated
from obskit.alerts.alertmanager import parts, rendering
from obskit.alerts.grafana import files as grafana
from obskit.alerts.inventory import Inventory
from obskit.cli import application, state
from obskit.cli.group import Command, Refused
from obskit.config import Config
from obskit.duration import parse_duration
from obskit.exceptions import MissingExtra, ObskitError
from obskit.receivers.reading import read_directory
from obskit.registry import Registry

_KINDS: Mapping[str, Callable[[Inventory], dict[str, str]]] = {
    "alerts": generated.alert_rules,
    "dashboards": grafana.files,
}
_ALERTMANAGER, _ALL = "alertmanager", "all"
_REFUSED, _DRIFT = 4, 1
_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.\d+)?")


@click.command(cls=Command, refused=_REFUSED, interrupted=_REFUSED)
@click.argument("kind", type=click.Choice([*_KINDS, _ALERTMANAGER, _ALL]))
@application.APP
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The folder for the files. Of those in it that are not generated none is touched.",
)
@click.option("--check", is_flag=True, help="Write nothing; show how the files differ.")
@click.option("--service", help="The service's name, where the environment does not say it.")
@click.option("--environment", help="Where the service runs, as its telemetry says it.")
@click.option("--retention", default="15d", show_default=True, help="What Prometheus keeps.")
@click.option(
    "--runbooks", default="runbooks.md", show_default=True, help="URL of general runbooks."
)
@click.option("--dashboards", default="", help="Grafana's URL.")
@click.option(
    "--receivers",
    type=click.Path(path_type=Path, dir_okay=False),
    default="alerts.toml",
    show_default=True,
    help="Who hears of what.",
)
@click.option("--alertmanager-version", default="0.25", show_default=True)
@click.option(
    "--secrets-to",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write Alertmanager's configuration with its secrets; outside of a repository.",
)
@click.option("--scale", default=1.0, hidden=True, type=click.FloatRange(min=0.00001, max=1.0))
def generate(
    kind: str,
    app: str | None,
    output: Path,
    check: bool,
    service: str | None,
    environment: str | None,
    receivers: Path,
    alertmanager_version: str,
    secrets_to: Path | None,
    **settings: str | float,
) -> None:
    """Write what Prometheus, Alertmanager and Grafana need to watch an app.

    \b
    Exit code:
      0  written, or with --check: nothing differs
      1  with --check: something differs
      4  the command or the app is wrong
    """  # noqa: D301 - Click reads the backspace itself
    with application.inert():
        registry = application.load(app)
        config = state.configuration()
    inventory = _inventory(registry, config, service, environment, settings)
    version = _version(alertmanager_version)
    try:
        files = {
            path: text
            for name, make in _KINDS.items()
            if kind in {name, _ALL}
            for path, text in make(inventory).items()
        }
        if kind == _ALERTMANAGER or (kind == _ALL and _wanted(receivers)):
            directory = read_directory(receivers)
            others = list(parts.others(output, inventory))
            files |= rendering.generated(inventory, directory, version=version, others=others)
            if secrets_to and not check:
                rendering.render(
                    secrets_to,
                    inventory,
                    directory,
                    version=version,
                    outside=[output],
                    others=others,
                )
    except (ObskitError, MissingExtra) as wrong:
        raise Refused(str(wrong)) from None
    left = _left(output, inventory, files) if kind in {"alerts", _ALL} else []
    for file in left:
        click.echo(f"{file} is of nothing that {inventory.service} declares: remove it", err=True)
    if check:
        drifts = _show_drift(output, files) or bool(left)
        click.get_current_context().exit(_DRIFT if drifts else 0)
    _write(output, files)


def _version(given: str) -> tuple[int, int]:
    found = _VERSION.fullmatch(given)
    if found is None:
        raise Refused(f"--alertmanager-version is {given!r}: write it as 0.25")
    return int(found[1]), int(found[2])


def _wanted(receivers: Path) -> bool:
    source = click.get_current_context().get_parameter_source("receivers")
    if source is not ParameterSource.DEFAULT or receivers.exists():
        return True
    click.echo(f"no {receivers}: Alertmanager's configuration is left out", err=True)
    return False


def _inventory(
    registry: Registry,
    config: Config,
    service: str | None,
    environment: str | None,
    settings: Mapping[str, str | float],
) -> Inventory:
    try:
        retention = parse_duration(settings["retention"])
    except ValueError as wrong:
        raise Refused(f"--retention: {wrong}") from None
    return Inventory(
        service=service or config.service,
        environment=config.environment or "" if environment is None else environment,
        registry=registry,
        export_interval=config.metric_export_interval_ms / 1_000,
        retention=retention,
        runbooks=str(settings["runbooks"]),
        dashboards=str(settings["dashboards"]),
        scale=float(settings["scale"]),
    )


def _left(output: Path, inventory: Inventory, files: Mapping[str, str]) -> list[Path]:
    """Rule files of the service that were generated of what is declared no more: they go on alerting."""
    paths = (generated.rule_path(inventory, subject) for subject in generated.MAKERS)
    return [output / path for path in paths if path not in files and (output / path).exists()]


def _write(output: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        file = output / path
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            changed = _read(file) != text
            if changed:
                file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise Refused(f"{file} cannot be written: {error.strerror}") from None
        click.echo(f"{'wrote' if changed else 'is as it was:'} {file}")


def _show_drift(output: Path, files: Mapping[str, str]) -> bool:
    drift = False
    for path, text in files.items():
        there = _read(output / path)
        if there == text:
            continue
        drift = True
        lines = difflib.unified_diff(
            (there or "").splitlines(keepends=True),
            text.splitlines(keepends=True),
            f"{output / path}" if there is not None else "(missing)",
            f"{output / path} (generated)",
        )
        sys.stdout.writelines(lines)
    return drift


def _read(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
