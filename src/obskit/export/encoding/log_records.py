"""A log record as OTLP's `LogRecord`.

Source: OTLP's `opentelemetry/proto/logs/v1/logs.proto`.
"""

from __future__ import annotations

from struct import Struct
from typing import Any, Final, NamedTuple

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk._logs import ReadableLogRecord

from obskit.export.encoding.attributes import Attributes
from obskit.export.encoding.wire import fits, fixed64, signed, varint

__all__ = ["Line", "encode_line", "encode_log_record"]

_FLAGS: Final = Struct("<BI").pack
_SAMPLED: Final = _FLAGS(0x45, 1)
_NUMBERED: Final = tuple(b"\x10" + varint(number) for number in range(25))
_INT32: Final = range(-(2**31), 2**31)


class Line(NamedTuple):
    """A log record that is plain and redacted already.

    Attributes:
        time: Nanoseconds since the Unix epoch.
        severity: The number of its severity.
        severity_text: Its severity in a word.
        body: What happened.
        attributes: Plain values by name; None is no value.
        trace_id: 32 hexadecimal digits, or None.
        span_id: 16 hexadecimal digits, or None.
        sampled: Whether its trace is.
        event_name: The kind of event, or None.
    """

    time: int
    severity: int
    severity_text: str
    body: str
    attributes: dict[str, Any]
    trace_id: str | None
    span_id: str | None
    sampled: bool
    event_name: str | None


def encode_line(line: Line, attributes: Attributes) -> bytes:
    """The same as `encode_log_record`, without a detour through the SDK's objects.

    Args:
        line: The record.
        attributes: What encodes attributes.
    """
    time = fixed64(b"\x09", line.time)
    body = b"".join(
        (
            time,
            _NUMBERED[line.severity],
            attributes.text(b"\x1a", line.severity_text),
            b"\x2a",
            attributes.body(line.body),
            attributes.fields(b"\x32", line.attributes),
            _SAMPLED if line.sampled else b"",
            b"\x4a\x10" + bytes.fromhex(line.trace_id) if line.trace_id else b"",
            b"\x52\x08" + bytes.fromhex(line.span_id) if line.span_id else b"",
            b"\x59" + time[1:] if time else b"",
            attributes.text(b"\x62", line.event_name) if line.event_name else b"",
        )
    )
    return b"\x12" + varint(len(body)) + body


def encode_log_record(readable: ReadableLogRecord, attributes: Attributes) -> bytes:
    """A log record as field 2 of `ScopeLogs`.

    Args:
        readable: The record. What no field holds of it, as a time that is no number, is left out.
        attributes: What encodes attributes.
    """
    record = readable.log_record
    held, severity, flags = record.attributes, record.severity_number, record.trace_flags
    body = b"".join(
        (
            _time(b"\x09", record.timestamp),
            b"" if severity is None else _severity(severity),
            attributes.text(b"\x1a", record.severity_text),
            b"\x2a",
            attributes.body(record.body),
            attributes.fields(b"\x32", held),
            _dropped(held.dropped) if type(held) is BoundedAttributes and held.dropped else b"",
            _FLAGS(0x45, fits(flags, 32)) if flags else b"",
            _identifier(b"\x4a", record.trace_id, 16),
            _identifier(b"\x52", record.span_id, 8),
            _time(b"\x59", record.observed_timestamp),
            attributes.text(b"\x62", record.event_name),
        )
    )
    return b"\x12" + varint(len(body)) + body


def _time(tag: bytes, time: Any) -> bytes:
    try:
        return fixed64(tag, time)
    except Exception:  # no whole number, or one that does not fit
        return b""


def _severity(severity: Any) -> bytes:
    number = getattr(severity, "_value_", 0)
    return b"\x10" + signed(number) if type(number) is int and number and number in _INT32 else b""


def _dropped(dropped: object) -> bytes:
    count = fits(dropped, 32)
    return b"\x38" + varint(count) if count else b""


def _identifier(tag: bytes, identifier: Any, size: int) -> bytes:
    if not identifier:
        return b""
    try:
        return tag + varint(size) + int.to_bytes(identifier, size, "big")
    except Exception:  # no whole number, or one that does not fit
        return b""
