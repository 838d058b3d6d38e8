"""Log lines on the console: JSON for machines, readable text for people."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import Any, TextIO

import orjson
from structlog.dev import ConsoleRenderer, plain_traceback

from obskit.clock import to_rfc3339
from obskit.redaction import CUT, Plain
from obskit.telemetry.pipeline import Record

#: What a line begins with; a field of the host under one of these names gets a `_` behind it.
_OWN = frozenset(
    ("timestamp", "level", "logger", "event", "request_id", "trace_id", "span_id", "exception")
)
# JSON escapes the ASCII ones itself; these end a line too, or move a terminal's cursor.
_RAW_IN_JSON = re.compile("[\x7f-\x9f\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class Console:
    """The sink that writes lines to standard error or standard output.

    Args:
        format: `json`, `pretty`, or `auto`: pretty on a terminal, JSON elsewhere.
        stream: `stderr` or `stdout`.
        limit: Bytes that one line may have.
        service: Fields that every JSON line carries.
    """

    def __init__(
        self, format: str, stream: str, limit: int, service: Mapping[str, Plain] | None = None
    ) -> None:
        self._format = format
        self._stream = stream
        self._limit = limit
        self._service = {name: value for name, value in (service or {}).items() if value}
        self._renderers: dict[bool, ConsoleRenderer] = {}

    def write(self, record: Record) -> None:
        """Write one line, in one call, so that threads do not tear it."""
        if not record.on_console:
            return
        # Looked up each time: hosts and test runners replace it.
        stream: TextIO | None = getattr(sys, self._stream)
        if stream is None:
            return
        terminal = self._format != "json" and stream.isatty()
        if self._format == "pretty" or terminal:
            line = self._pretty(record, colors=terminal)
        else:
            line = to_json(record, self._service, self._limit)
        _write(stream, line + "\n")

    def _pretty(self, record: Record, *, colors: bool) -> str:
        renderer = self._renderers.get(colors)
        if renderer is None:
            renderer = self._renderers[colors] = ConsoleRenderer(
                colors=colors,
                sort_keys=False,
                pad_event_to=0,
                exception_formatter=plain_traceback,
            )
        event: dict[str, Any] = {
            "timestamp": to_rfc3339(record.timestamp)[11:23],
            "level": record.level_name,
            "logger": visible(record.logger),
            "event": visible(record.event),
        }
        for name, value in record.fields.items():
            key = visible(_own_name(name))
            event[key] = visible(value) if isinstance(value, str) else visible(repr(value))
        if record.request_id:
            event["request_id"] = record.request_id
        line = str(renderer(None, "", event))
        if record.failure:
            # The stack keeps its lines, but nothing else that a terminal would obey.
            stack = "\n".join(visible(row) for row in record.failure.stacktrace.splitlines())
            line = f"{line}\n{stack}"
        encoded = line.encode()
        if len(encoded) > self._limit:
            line = encoded[: self._limit].decode("utf-8", "ignore") + CUT
        return line


def to_json(record: Record, service: Mapping[str, Plain], limit: int) -> str:
    """A record as one line of JSON.

    Args:
        record: The record.
        service: Fields of the service.
        limit: Bytes that the line may have. A longer one is cut: texts are shortened, then fields
            left out, and `truncated_bytes` tells how long it was.
    """
    line = _line(record, service)
    encoded = orjson.dumps(line)
    if len(encoded) > limit:
        encoded = _cut(line, len(encoded), limit)
    text = encoded.decode()
    if not text.isascii():
        text = _RAW_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
    return text


def _line(record: Record, service: Mapping[str, Plain]) -> dict[str, Any]:
    line: dict[str, Any] = {
        "timestamp": to_rfc3339(record.timestamp),
        "level": record.level_name,
        "logger": record.logger,
        "event": record.event,
    }
    if record.request_id:
        line["request_id"] = record.request_id
    if record.trace_id:
        line["trace_id"], line["span_id"] = record.trace_id, record.span_id
    line.update(service)
    for name, value in record.fields.items():
        line[_own_name(name)] = value
    if record.failure:
        line["exception"] = record.failure._asdict()
    return line


def _own_name(name: str) -> str:
    return f"{name}_" if name in _OWN else name


def _cut(line: dict[str, Any], size: int, limit: int) -> bytes:
    line["truncated_bytes"] = size
    for longest in (limit // 4, limit // 16, 64):
        encoded = orjson.dumps(_shortened(line, longest))
        if len(encoded) <= limit:
            return encoded
    kept = {name: line[name] for name in _OWN & line.keys() if name != "exception"}
    return orjson.dumps(_shortened(kept, 64) | {"truncated_bytes": size})


def _shortened(value: Any, longest: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= longest else value[:longest] + CUT
    if isinstance(value, dict):
        return {_shortened(k, longest): _shortened(v, longest) for k, v in value.items()}
    if isinstance(value, list):
        return [_shortened(inner, longest) for inner in value]
    return value


def visible(text: str) -> str:
    """Text with everything escaped that could end a line or steer a terminal.

    >>> visible("two\\nlines \\x1b[31m")
    'two\\\\nlines \\\\x1b[31m'
    """
    if text.isprintable():
        return text
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def _write(stream: TextIO, line: str) -> None:
    try:
        stream.write(line)
    except UnicodeEncodeError:
        stream.write(line.encode("ascii", "backslashreplace").decode())
    stream.flush()
