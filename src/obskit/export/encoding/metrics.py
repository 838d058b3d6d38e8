"""A metric and its points as OTLP's `Metric`.

Source: OTLP's `opentelemetry/proto/metrics/v1/metrics.proto`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from struct import Struct, pack
from typing import Any, Final, NamedTuple

from opentelemetry.sdk.metrics import Exemplar
from opentelemetry.sdk.metrics.export import (
    Buckets,
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    Sum,
)

from obskit.export.encoding.attributes import Attributes
from obskit.export.encoding.values import as_text
from obskit.export.encoding.wire import (
    DOUBLE,
    delimited,
    fits,
    fixed64,
    string,
    varint,
    zigzag,
)

__all__ = ["encode_metric"]

_INT64: Final = range(-(2**63), 2**63)
_INT64_FORMAT: Final = Struct("<q")
_MILLISECOND = 1_000_000
# `DataPointFlags`: the series has ended, this point carries no value.
_NO_RECORDED_VALUE: Final = b"\x01"


def encode_metric(metric: Metric, attributes: Attributes, *, ended: bool) -> tuple[bytes, int]:
    """A metric as field 2 of `ScopeMetrics`, and the number of its points.

    Args:
        metric: The metric. A point that no field holds, as one of a negative count, goes without
            value.
        attributes: What encodes attributes.
        ended: Whether its points say that their series end, in place of a value.
    """
    data = metric.data
    points: Sequence[Any] = getattr(data, "data_points", ())
    body = (
        string(b"\x0a", as_text(metric.name))
        + _text(b"\x12", metric.description)
        + _text(b"\x1a", metric.unit)
        + _data(data, points, attributes, ended=ended)
    )
    return delimited(b"\x12", body), len(points)


def _text(tag: bytes, text: object) -> bytes:
    return string(tag, as_text(text)) if text else b""


def _data(data: Any, points: Sequence[Any], attributes: Attributes, *, ended: bool) -> bytes:
    layout = next((layout for kind, layout in _LAYOUTS if isinstance(data, kind)), None)
    if layout is None or not points:
        return b""
    parts = [delimited(b"\x0a", _point(point, layout, attributes, ended=ended)) for point in points]
    temporality = fits(getattr(data, "aggregation_temporality", 0), 31)  # gauges have none
    if temporality:
        parts.append(b"\x10" + varint(temporality))
    if layout.tag == b"\x3a" and data.is_monotonic:
        parts.append(b"\x18\x01")
    return delimited(layout.tag, b"".join(parts))


def _point(point: Any, layout: _Layout, attributes: Attributes, *, ended: bool) -> bytes:
    if not ended:
        try:
            return layout.encode(point, attributes)
        except Exception:  # a value that is no number, a negative count
            pass
    times = b"" if layout.tag == b"\x2a" else _time(b"\x11", point.start_time_unix_nano)
    # Backends know a series by its milliseconds: the end comes after the last value.
    times += _time(b"\x19", point.time_unix_nano + (_MILLISECOND if ended else 0))
    held = attributes.fields(layout.attributes, point.attributes)
    flags = layout.flags + _NO_RECORDED_VALUE
    return held + times + flags if layout.attributes < b"\x11" else times + held + flags


def _time(tag: bytes, time: Any) -> bytes:
    return fixed64(tag, fits(time, 64))


def _gauge_point(point: NumberDataPoint, attributes: Attributes) -> bytes:
    real, whole = _number(point.value, b"\x21", b"\x31")
    return b"".join(
        (
            fixed64(b"\x19", point.time_unix_nano),
            real,
            _exemplars(b"\x2a", point.exemplars, attributes) if point.exemplars else b"",
            whole,
            attributes.fields(b"\x3a", point.attributes),
        )
    )


def _sum_point(point: NumberDataPoint, attributes: Attributes) -> bytes:
    return fixed64(b"\x11", point.start_time_unix_nano) + _gauge_point(point, attributes)


def _histogram_point(point: HistogramDataPoint, attributes: Attributes) -> bytes:
    counts, bounds = point.bucket_counts, point.explicit_bounds
    return b"".join(
        (
            fixed64(b"\x11", point.start_time_unix_nano),
            fixed64(b"\x19", point.time_unix_nano),
            fixed64(b"\x21", point.count),
            _real(b"\x29", point.sum),
            delimited(b"\x32", pack(f"<{len(counts)}Q", *counts)) if counts else b"",
            delimited(b"\x3a", pack(f"<{len(bounds)}d", *bounds)) if bounds else b"",
            _exemplars(b"\x42", point.exemplars, attributes) if point.exemplars else b"",
            attributes.fields(b"\x4a", point.attributes),
            _real(b"\x59", point.min),
            _real(b"\x61", point.max),
        )
    )


def _exponential_point(point: ExponentialHistogramDataPoint, attributes: Attributes) -> bytes:
    return b"".join(
        (
            attributes.fields(b"\x0a", point.attributes),
            fixed64(b"\x11", point.start_time_unix_nano),
            fixed64(b"\x19", point.time_unix_nano),
            fixed64(b"\x21", point.count),
            _real(b"\x29", point.sum),
            b"\x30" + zigzag(point.scale) if point.scale else b"",
            fixed64(b"\x39", point.zero_count),
            _buckets(b"\x42", point.positive),
            _buckets(b"\x4a", point.negative),
            b"\x50" + varint(point.flags) if point.flags else b"",
            _exemplars(b"\x5a", point.exemplars, attributes) if point.exemplars else b"",
            _real(b"\x61", point.min),
            _real(b"\x69", point.max),
        )
    )


def _buckets(tag: bytes, buckets: Buckets) -> bytes:
    if not buckets.bucket_counts:
        return b""
    offset = b"\x08" + zigzag(buckets.offset) if buckets.offset else b""
    return delimited(tag, offset + delimited(b"\x12", b"".join(map(varint, buckets.bucket_counts))))


def _exemplars(tag: bytes, exemplars: Sequence[Exemplar], attributes: Attributes) -> bytes:
    parts = []
    for exemplar in exemplars:
        with suppress(Exception):  # its value is no number; the point still has one
            parts.append(delimited(tag, _exemplar(exemplar, attributes)))
    return b"".join(parts)


def _exemplar(exemplar: Exemplar, attributes: Attributes) -> bytes:
    real, whole = _number(exemplar.value, b"\x19", b"\x31")
    return b"".join(
        (
            fixed64(b"\x11", exemplar.time_unix_nano),
            real,
            _identifiers(exemplar.span_id, exemplar.trace_id),
            whole,
            attributes.fields(b"\x3a", exemplar.filtered_attributes),
        )
    )


def _identifiers(span_id: int | None, trace_id: int | None) -> bytes:
    if span_id is None or trace_id is None:
        return b""
    return (
        b"\x22\x08"
        + int.to_bytes(span_id, 8, "big")
        + b"\x2a\x10"
        + int.to_bytes(trace_id, 16, "big")
    )


def _real(tag: bytes, value: float | None) -> bytes:
    return b"" if value is None else tag + DOUBLE.pack(value)


def _number(value: float, tag: bytes, whole_tag: bytes) -> tuple[bytes, bytes]:
    """A value as the field for doubles or the one for whole numbers; the other one is empty."""
    if isinstance(value, int) and value in _INT64:
        return b"", whole_tag + _INT64_FORMAT.pack(value)
    return tag + DOUBLE.pack(value), b""


class _Layout(NamedTuple):
    """How a kind of data is written, and where: the tags of it and of fields of its points."""

    tag: bytes
    encode: Callable[[Any, Attributes], bytes]
    attributes: bytes
    flags: bytes


_LAYOUTS: Final = (
    (Sum, _Layout(b"\x3a", _sum_point, b"\x3a", b"\x40")),
    (Gauge, _Layout(b"\x2a", _gauge_point, b"\x3a", b"\x40")),
    (Histogram, _Layout(b"\x4a", _histogram_point, b"\x4a", b"\x50")),
    (ExponentialHistogram, _Layout(b"\x52", _exponential_point, b"\x0a", b"\x50")),
)
