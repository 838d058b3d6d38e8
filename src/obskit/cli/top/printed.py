"""Looks as lines of text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import click

from obskit.cli.top import view
from obskit.cli.top.rows import Row
from obskit.cli.top.view import Look


def lines(looks: Iterable[Look]) -> Iterator[str]:
    """All of it, what needs somebody first.

    Args:
        looks: A look at each service.
    """
    for number, look in enumerate(view.worst_first(looks)):
        if number:
            yield ""
        yield from map(_line, view.head(look))
        for title, rows in view.sections(look):
            yield ""
            yield click.style(title, bold=True)
            states = max(len(row.state) for row in rows)
            names = max(len(row.name) for row in rows)
            yield from (_line(row, states, names) for row in rows)


def _line(row: Row, states: int = 0, names: int = 0) -> str:
    state, colour = f"{row.state:<{states}}", view.colour(row.state)
    parts = (click.style(state, fg=colour) if colour else state, f"{row.name:<{names}}", row.told)
    return "  ".join(part for part in parts if part)
