"""Results as lines for people."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TextIO

import click

from obskit.checks.health import overall_health
from obskit.checks.model import CheckResult, Status
from obskit.cli import state
from obskit.cli.check import scores
from obskit.cli.check.round import Found
from obskit.cli.state import Silences
from obskit.clock import to_rfc3339
from obskit.declaration import Check
from obskit.duration import format_duration
from obskit.number import format_number
from obskit.telemetry.console import visible

_COLOURS = {Status.OK: "green", Status.WARNING: "yellow", Status.CRITICAL: "red"}
_OTHER_COLOUR = "magenta"
_WIDEST = max(len(status.value) for status in Status)
_INDENT = " " * 4


def write(lines: Iterable[str], output: TextIO | None = None) -> None:
    """Write lines.

    Args:
        lines: The lines.
        output: Where to; the standard output by default.
    """
    output = output or sys.stdout
    # A terminal of another encoding must not turn a result into a UnicodeEncodeError.
    if hasattr(output, "reconfigure"):
        output.reconfigure(errors="backslashreplace")
    for each in lines:
        click.echo(each, file=output)


def table(found: Found, silences: Silences, *, verbose: bool = False) -> Iterator[str]:
    """A line for each check, its scores, and the state of the whole.

    Args:
        found: The checks with their results.
        silences: Which of them are silenced.
        verbose: Whether details and evidence are shown.
    """
    widest = max(len(check.name) for check, _ in found)
    for check, result in found:
        yield line(check, result, widest)
        if check.name in silences:
            yield _INDENT + state.told(silences[check.name])
        if verbose:
            yield from (_INDENT + visible(each) for each in particulars(check, result))
    yield from scores.table(found)
    yield overall_health(found).upper()


def line(check: Check, result: CheckResult, widest: int) -> str:
    """A result in a line.

    Args:
        check: The check.
        result: Its result.
        widest: Room for the name.
    """
    took = format_duration(result.duration)
    parts = [
        to_rfc3339(result.started),
        status(result.status),
        f"{check.name:<{widest}}",
        visible(result.message),
    ]
    return "  ".join([*(part for part in parts if part), f"({took})"])


def status(found: Status) -> str:
    """A status in its colour, as wide as the widest."""
    colour = _COLOURS.get(found, _OTHER_COLOUR)
    return click.style(f"{found.value.upper():<{_WIDEST}}", fg=colour)


def particulars(check: Check, result: CheckResult) -> Iterator[str]:
    """What there is to say of a result beside its line."""
    if result.value is not None:
        yield f"value: {format_number(result.value)} {'' if result.unit == '1' else result.unit}".rstrip()
    yield from (f"{name}: {fact}" for name, fact in result.details.items())
    yield from (f"- {row}" for row in result.evidence)
    if result.status is not Status.OK:
        who = (("owner", check.owner), ("runbook", check.runbook))
        yield from (f"{name}: {told}" for name, told in who if told)
