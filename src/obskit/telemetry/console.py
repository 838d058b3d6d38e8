"""Log lines on the console: JSON for machines, readable text for people."""

from __future__ import annotations

import codecs
import re
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from time import sleep
from typing import TYPE_CHECKING, Any, TextIO

import orjson

from obskit.clock import to_rfc3339
from obskit.redaction import CUT, Plain, plain
from obskit.telemetry.pipeline import Record

if TYPE_CHECKING:
    from structlog.dev import ConsoleRenderer

#: What is never cut, and is first to be kept where not everything has room.
_IDS = ("timestamp", "level", "request_id", "trace_id", "span_id", "truncated_bytes")
#: Keys of a line; a field of the host under one of these names gets a `_` behind it.
_OWN = frozenset((*_IDS, "logger", "event", "exception"))
#: The same for what structlog's renderer takes as its own.
_OWN_PRETTY = _OWN | {"logger_name", "exc_info", "stack"}
# C0, DEL and C1; Unicode's line ends; marks that turn the direction of what follows.
_STEERING = "\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_CONTROL = re.compile(f"[{_STEERING}]")
_CONTROL_OR_WIDE = re.compile(f"[{_STEERING}\x80-\U0010ffff]")
_RESET_COLORS = "\x1b[0m"
_INDENT = "    "
# Bytes of UTF-8.
_LONGEST_CHARACTER = 4
# Its workers make log lines of what is printed: of each line of ours they would make another one.
_CELERY = "celery.utils.log"
# For a line of another thread that is about to be written at the end, seconds.
_LAST_LINE = 0.01
_ending = False


def end() -> None:
    """The interpreter is ending: only the main thread writes lines from now on.

    Python aborts the process where a daemon thread was stopped in the middle of a write.
    """
    global _ending
    _ending = True
    if threading.active_count() > 1:
        sleep(_LAST_LINE)
        for stream in (sys.stderr, sys.stdout):
            with suppress(Exception):  # there may be none, or one that is closed
                stream.flush()  # waits for the write that is under way


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
        self._service = {name: plain(value) for name, value in (service or {}).items() if value}
        self._renderers: dict[bool, ConsoleRenderer] = {}
        self._known: TextIO | None = None
        self._terminal = False

    def write(self, record: Record) -> None:
        """Write one line, in one call, so that threads do not tear it.

        Raises:
            BrokenPipeError: There is no such stream, as in a daemon without one, or it is too late.
        """
        if not record.on_console:
            return
        if _ending and threading.get_ident() != threading.main_thread().ident:
            raise BrokenPipeError("the interpreter is ending")
        # Looked up each time: hosts and test runners replace it.
        stream: TextIO | None = getattr(sys, self._stream)
        if type(stream).__module__ == _CELERY:
            stream = getattr(sys, f"__{self._stream}__")
        if stream is None:
            raise BrokenPipeError(f"sys.{self._stream} is None")
        if stream is not self._known:
            self._known, self._terminal = stream, self._format != "json" and _is_terminal(stream)
        terminal = self._terminal
        if self._format == "pretty" or terminal:
            _write(stream, self._pretty(record, colors=terminal) + "\n")
        else:
            narrow = not _is_utf8(getattr(stream, "encoding", None))
            line = to_json(record, self._service, self._limit, ascii=narrow)
            stream.write(line + "\n")
        flush = getattr(stream, "flush", None)
        if flush is not None:
            flush()

    def _pretty(self, record: Record, *, colors: bool) -> str:
        renderer = self._renderers.get(colors)
        if renderer is None:
            from structlog.dev import ConsoleRenderer, plain_traceback  # imports a lot

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
            key = visible(f"{name}_" if name in _OWN_PRETTY else name)
            event[key] = visible(value) if isinstance(value, str) else visible(repr(value))
        if record.request_id:
            event["request_id"] = visible(record.request_id)
        line = str(renderer(None, "", event))
        if record.failure:
            # The stack keeps its lines; set in, so that none of them passes for a line of its own.
            rows = [_INDENT + visible(row) for row in record.failure.stacktrace.splitlines()]
            line = "\n".join((line, *rows))
        return _shorter(line, self._limit, _RESET_COLORS if colors else "")


def to_json(
    record: Record, service: Mapping[str, Plain], limit: int, *, ascii: bool = False
) -> str:
    """A record as one line of JSON.

    Args:
        record: The record.
        service: Fields of the service.
        limit: Bytes that the line may have, 1,024 at least. A longer one is cut: texts are
            shortened, then fields left out, and `truncated_bytes` tells how long it was.
        ascii: Whether the stream takes nothing else.
    """
    line = _line(record, service)
    encoded = _encoded(line, ascii=ascii)
    if len(encoded) <= limit // _LONGEST_CHARACTER:
        return encoded
    size = _size(encoded)
    return encoded if size <= limit else _cut(line, size, limit, ascii=ascii)


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
        line[f"{name}_" if name in _OWN or name in service else name] = value
    if record.failure:
        line["exception"] = record.failure._asdict()
    return line


def _encoded(value: Any, *, ascii: bool) -> str:
    text = orjson.dumps(value).decode()
    if text.isascii() and "\x7f" not in text:
        return text
    return (_CONTROL_OR_WIDE if ascii else _CONTROL).sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _cut(line: dict[str, Any], size: int, limit: int, *, ascii: bool) -> str:
    line["truncated_bytes"] = size
    for longest in (limit // 4, limit // 16, 64):
        encoded = _encoded(_shortened_fields(line, longest), ascii=ascii)
        if _size(encoded) <= limit:
            return encoded
    room = limit - len("{}")
    kept: dict[str, Any] = {}
    others = (name for name in line if name not in _OWN)
    for name in (*_IDS, "event", "logger", "exception", *others):
        for longest in (min(64, limit // 32), 16):
            one = _shortened_fields({name: line[name]}, longest) if name in line else {}
            taken = _size(_encoded(one, ascii=ascii)) - len("{}") + len(",")
            if one and taken <= room:
                kept |= one
                room -= taken
                break
    return _encoded(kept, ascii=ascii)


def _shortened_fields(line: dict[str, Any], longest: int) -> dict[str, Any]:
    return {
        _shortened(name, longest): value if name in _IDS else _shortened(value, longest)
        for name, value in line.items()
    }


def _shortened(value: Any, longest: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= longest else value[:longest] + CUT
    if isinstance(value, dict):
        return {_shortened(k, longest): _shortened(v, longest) for k, v in value.items()}
    if isinstance(value, list):
        return [_shortened(inner, longest) for inner in value]
    return value


def visible(text: str) -> str:
    r"""Text with everything escaped that could end a line or steer a terminal.

    >>> visible("two\nlines \x1b[31m")
    'two\\nlines \\x1b[31m'
    """
    if text.isprintable():
        return text
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def _shorter(line: str, limit: int, end: str) -> str:
    encoded = line.encode()
    if len(encoded) <= limit:
        return line
    mark = f"{CUT}{end}"
    return encoded[: limit - len(mark.encode())].decode("utf-8", "ignore") + mark


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
    except UnicodeEncodeError:
        stream.write(text.encode("ascii", "backslashreplace").decode())


def _is_terminal(stream: Any) -> bool:
    """What stands in for a stream need not have `isatty`."""
    asked = getattr(stream, "isatty", None)
    return asked is not None and bool(asked())


@lru_cache(maxsize=8)
def _is_utf8(encoding: str | None) -> bool:
    try:
        return encoding is None or codecs.lookup(encoding).name == "utf-8"
    except (LookupError, TypeError):
        return True  # a stand-in that takes text as it is
