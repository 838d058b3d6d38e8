"""Lines of log files as people read them, one by one or as the story of a request."""

from __future__ import annotations

from collections.abc import Sequence

import click

from obskit import names
from obskit.logfiles.lines import Line
from obskit.stories.logged import as_line, as_span, is_access
from obskit.telemetry.console import visible

_HEAD = ("timestamp", "level", "logger", "event", "exception")
_OF_ALL = ("request_id", "trace_id", "span_id")
_OF_THE_SERVICE = (names.SERVICE_NAME, names.SERVICE_VERSION, names.DEPLOYMENT_ENVIRONMENT_NAME)
# Of no use to who reads: `obskit audit verify` does.
_OF_A_CHAIN = ("seq", "prev", "hash")


def show_line(line: Line, *, as_json: bool) -> None:
    """Print a line.

    Args:
        line: The line.
        as_json: As it stands in the file.
    """
    click.echo(line.text if as_json or not line.fields else _readable(line))


def _readable(line: Line) -> str:
    fields = line.fields
    hidden = (*_HEAD, *_OF_ALL[1:], *_OF_THE_SERVICE, *_OF_A_CHAIN)
    words = [
        line.time[:23].replace("T", " "),
        f"{fields.get('level', ''):<8}",
        str(fields.get("logger", line.stream)),
        str(fields.get("event", "")),
        *(f"{name}={value}" for name, value in fields.items() if name not in hidden),
    ]
    failure = fields.get("exception")
    if isinstance(failure, dict):
        words.append(f"{failure.get('type')}: {failure.get('message')}")
    return " ".join(visible(word) for word in words)


def show_story(request: str, lines: Sequence[Line]) -> bool:
    """Print everything that was logged for a request as one story.

    Args:
        request: Its id, or its trace's.
        lines: The lines, in order.

    Returns:
        Whether there was any.
    """
    if not lines:
        return False
    from obskit.dev.printer import Printer  # imports a lot
    from obskit.stories.story import Story

    spans = tuple(as_span(line, request) for line in lines if is_access(line))
    told = tuple(as_line(line) for line in lines if not is_access(line))
    Printer().show([Story(request, spans=spans, lines=told)])
    return True
