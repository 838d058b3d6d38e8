"""Lines of log files as people read them, one by one or as the story of a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import click

from obskit import names
from obskit.dev import signals
from obskit.logfiles.lines import Line
from obskit.telemetry.console import visible

_HEAD = ("timestamp", "level", "logger", "event", "exception")
_OF_ALL = ("request_id", "trace_id", "span_id")
_OF_THE_SERVICE = (names.SERVICE_NAME, names.SERVICE_VERSION, names.DEPLOYMENT_ENVIRONMENT_NAME)
# Of no use to who reads: `obskit audit verify` does.
_OF_A_CHAIN = ("seq", "prev", "hash")
_DURATION = names.HTTP_SERVER_REQUEST_DURATION.name


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
    from obskit.dev.story import Story

    spans = tuple(_span(line, request) for line in lines if _DURATION in line.fields)
    told = tuple(_told(line) for line in lines if _DURATION not in line.fields)
    Printer().show([Story(request, spans=spans, lines=told)])
    return True


def _seconds(line: Line) -> float:
    try:
        return datetime.fromisoformat(line.time.replace("Z", "+00:00")).timestamp()
    except ValueError:  # no line of ours
        return 0.0


def _span(line: Line, request: str) -> signals.Span:
    """The access line says what the server's span would."""
    fields = line.fields
    end, duration = _seconds(line), fields[_DURATION]
    status = fields.get(names.HTTP_RESPONSE_STATUS_CODE)
    title = f"{fields.get(names.HTTP_REQUEST_METHOD)} {fields.get(names.URL_PATH)}"
    return signals.Span(
        trace_id=str(fields.get("trace_id") or request),
        span_id=str(fields.get("span_id") or ""),
        parent_id="",
        name=title,
        kind="server",
        start=end - (duration if isinstance(duration, (int, float)) else 0.0),
        end=end,
        service=str(fields.get(names.SERVICE_NAME) or ""),
        failed=isinstance(status, int) and status >= 500,  # noqa: PLR2004 - as the conventions say
        attributes={**fields, names.REQUEST_ID: str(fields.get("request_id") or request)},
    )


def _told(line: Line) -> signals.Line:
    fields: Mapping[str, Any] = line.fields
    hidden = (*_HEAD, *_OF_ALL, *_OF_THE_SERVICE, *_OF_A_CHAIN)
    own = {name: value for name, value in fields.items() if name not in hidden}
    failure = fields.get("exception")
    if isinstance(failure, dict):
        own[names.EXCEPTION_TYPE] = failure.get("type")
        own[names.EXCEPTION_MESSAGE] = failure.get("message")
        own[names.EXCEPTION_STACKTRACE] = failure.get("stacktrace")
    return signals.Line(
        time=_seconds(line),
        level=str(fields.get("level", "")),
        body=str(fields.get("event", line.text)),
        trace_id=str(fields.get("trace_id") or ""),
        span_id=str(fields.get("span_id") or ""),
        service=str(fields.get(names.SERVICE_NAME) or ""),
        attributes=own,
    )
