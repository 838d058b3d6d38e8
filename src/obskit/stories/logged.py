"""Lines of log files as signals: what a story is made of where no span is there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from obskit import names
from obskit.logfiles.lines import Line
from obskit.stories import signals

# What a signal has fields for, or what is the same on each line of a service.
_HEAD = ("timestamp", "level", "logger", "event", "exception")
_OF_ALL = ("request_id", "trace_id", "span_id")
_OF_THE_SERVICE = (names.SERVICE_NAME, names.SERVICE_VERSION, names.DEPLOYMENT_ENVIRONMENT_NAME)
# Of no use to who reads: `obskit audit verify` does.
_OF_A_CHAIN = ("seq", "prev", "hash")
_HIDDEN = frozenset((*_HEAD, *_OF_ALL, *_OF_THE_SERVICE, *_OF_A_CHAIN))
_DURATION = names.HTTP_SERVER_REQUEST_DURATION.name


def is_access(line: Line) -> bool:
    """Whether a line tells of a request as a whole.

    Args:
        line: The line.
    """
    return _DURATION in line.fields


def as_span(line: Line, request: str) -> signals.Span:
    """What the server's span would say, by the access line.

    Args:
        line: The access line.
        request: The id of its request, or of its trace.
    """
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


def as_line(line: Line) -> signals.Line:
    """A line as a log record.

    Args:
        line: The line.
    """
    fields: Mapping[str, Any] = line.fields
    own = {name: value for name, value in fields.items() if name not in _HIDDEN}
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


def _seconds(line: Line) -> float:
    try:
        return datetime.fromisoformat(line.time.replace("Z", "+00:00")).timestamp()
    except ValueError:  # no line of ours
        return 0.0
