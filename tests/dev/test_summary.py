"""The one line at the end."""

from __future__ import annotations

import io

from rich.console import Console

from obskit.dev.printer import Printer
from obskit.dev.stories import Stories
from obskit.stories.signals import Refused

from . import given


def summary(stories: Stories) -> str:
    output = io.StringIO()
    Printer(Console(file=output, width=200, _environ={})).summary(stories)
    return output.getvalue()


def test_the_summary_counts_what_was_received() -> None:
    stories = Stories()
    stories.receive([given.server(), given.line(), given.line()])
    assert summary(stories) == "\nreceived 1 span, 0 points, 2 lines, 0 errors\n"


def test_the_summary_tells_of_losses() -> None:
    stories = Stories(most=1)
    stories.receive([Refused("/", 400, ""), given.server(), given.server(trace_id="a" * 32)])
    assert summary(stories) == (
        "\nreceived 2 spans, 0 points, 0 lines, 0 errors, refused: 1, stories lost: 1\n"
    )
