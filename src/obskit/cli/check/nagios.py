"""A round as the one line that Nagios and its kin read, with numbers behind a bar."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import click

from obskit.checks.judge import Above, Below, Outside
from obskit.checks.model import Status
from obskit.cli.check.round import Found, worst, worst_first
from obskit.declaration import Check
from obskit.redaction import CUT
from obskit.telemetry.console import visible

_UNKNOWN = 3
# What carries the line takes a few kilobytes, some only one.
_LONGEST = 200
_MOST = 10
# The guidelines know no others; a unit that is unknown is left out.
_UNITS = {"s": "s", "ms": "ms", "By": "B", "%": "%"}


class PluginCommand(click.Command):
    """A command that with --nagios says in Nagios's own way that it cannot be run."""

    def make_context(
        self, info_name: str | None, args: list[str], *given: Any, **extra: Any
    ) -> click.Context:
        is_plugin = "--nagios" in args
        try:
            context = super().make_context(info_name, args, *given, **extra)
        except click.ClickException as error:
            _end(error, is_plugin=is_plugin)
            raise
        return context

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            _end(error, is_plugin=ctx.params["nagios"])
            raise


def _end(error: click.ClickException, *, is_plugin: bool) -> None:
    if is_plugin:
        click.echo(f"UNKNOWN - {_clean(error.format_message())}")
        raise click.exceptions.Exit(_UNKNOWN) from None


def line(found: Found) -> str:
    """A round as one line.

    The worst comes first; what is ok is counted.

    Args:
        found: The checks with their results.
    """
    failing = [pair for pair in worst_first(found) if pair[1].status is not Status.OK]
    said = [
        f"{check.name} {result.status.value}: {_short(_clean(result.message))}".rstrip(": ")
        for check, result in failing[:_MOST]
    ]
    if len(failing) > _MOST:
        said.append(f"{len(failing) - _MOST} more")
    said.append(f"{len(found) - len(failing)} ok")
    status = worst(found)
    shown = "UNKNOWN" if status is Status.SKIPPED else status.value.upper()
    numbers = " ".join(_numbers(found))
    return f"{shown} - {'; '.join(said)}" + (f" | {numbers}" if numbers else "")


def _clean(text: str) -> str:
    # A bar begins the numbers, and a line's end the next line.
    return visible(" ".join(text.split())).replace("|", "¦")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - len(CUT)] + CUT


def _numbers(found: Found) -> Iterator[str]:
    for check, result in found:
        if result.value is not None:
            # Names of checks hold nothing that must be quoted.
            limits = ";".join(_limits(check)).rstrip(";")
            unit = _UNITS.get(result.unit, "")
            yield f"{check.name}={_written(result.value)}{unit}" + (f";{limits}" if limits else "")


def _limits(check: Check) -> tuple[str, str]:
    """The ranges outside of which it is a warning, and critical."""
    judge = check.judge
    if isinstance(judge, Above):
        return _up_to(judge.warning), _up_to(judge.critical)
    if isinstance(judge, Below):
        return _from(judge.warning), _from(judge.critical)
    if isinstance(judge, Outside):
        return _between(judge.warning), _between(judge.critical)
    if check.freshness is not None:
        return _up_to(check.freshness.warning_after), _up_to(check.freshness.critical_after)
    if check.bands is not None:
        return _from(check.bands.good), _from(check.bands.warning)
    return "", ""


def _up_to(limit: float | None) -> str:
    return "" if limit is None else f"~:{_written(limit)}"


def _from(limit: float | None) -> str:
    return "" if limit is None else f"{_written(limit)}:"


def _between(ends: tuple[float, float] | None) -> str:
    return "" if ends is None else f"{_written(ends[0])}:{_written(ends[1])}"


def _written(value: float) -> str:
    """A number without an exponent, which the guidelines do not know.

    >>> _written(1e21), _written(0.000001), _written(3.0)
    ('1000000000000000000000', '0.000001', '3')
    """
    return format(Decimal(f"{value:.12g}"), "f")
