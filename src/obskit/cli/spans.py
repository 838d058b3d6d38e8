"""Spans of time as arguments of a command."""

from __future__ import annotations

import click

from obskit.duration import parse_duration


def read_span(_: click.Context, parameter: click.Parameter, given: str | None) -> float | None:
    """Read a span of time, such as 30s or 7d, as seconds: a callback of Click's.

    Raises:
        BadParameter: It is none.
    """
    try:
        return None if given is None else parse_duration(given)
    except ValueError as error:
        raise click.BadParameter(str(error), param=parameter) from None
