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
from obskit.export.encoding.series import Series
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
# Whoever encodes looks at the clock after so many points.
_POINTS_AT_ONCE = 16
# Fields that nearly all points have stand in a row: each a tag of one byte, and eight bytes.
_WHOLE_SUM: Final = Struct("<BQBQBq").pack
_REAL_SUM: Final = Struct("<BQBQBd").pack
_HISTOGRAM: Final = Struct("<BQBQBQBd").pack
_EXTREMES: Final = Struct("<BdBd").pack
# `DataPointFlags`: the series has ended, this point carries no value.
_NO_RECORDED_VALUE: Final = b"\x01"


def encode_metric(
    metric: Metric, series: Series, *, ended: bool, pause: Callable[[], object]
) -> tuple[bytes, int]:
    """A metric as field 2 of `ScopeMetrics`, and the number of its points.

    Args:
        metric: The metric. A point that no field holds, as one of a negative count, goes without
            value.
        series: What encodes the attributes of its series.
        ended: Whether its points say that their series end, in place of a value.
        pause: Called after every few points.
    """
    data = metric.data
    points: Sequence[Any] = getattr(data, "data_points", ())
    layout = next((layout for kind, layout in _LAYOUTS if isinstance(data, kind)), None)
    parts = [
        string(b"\x0a", as_text(metric.name)),
        _text(b"\x12", metric.description),
        _text(b"\x1a", metric.unit),
    ]
    if layout is not None and points:
        encoded = _points(points, layout, series, ended=ended, pause=pause)
        parts.append(delimited(layout.tag, encoded + _traits(data, layout)))
    return delimited(b"\x12", b"".join(parts)), len(points)


def _text(tag: bytes, text: object) -> bytes:
    return string(tag, as_text(text)) if text else b""


def _traits(data: Any, layout: _Layout) -> bytes:
    temporality = fits(getattr(data, "aggregation_temporality", 0), 31)  # gauges have none
    monotonic = layout.tag == b"\x3a" and data.is_monotonic
    return (b"\x10" + varint(temporality) if temporality else b"") + (
        b"\x18\x01" if monotonic else b""
    )


def _points(
    points: Sequence[Any],
    layout: _Layout,
    series: Series,
    *,
    ended: bool,
    pause: Callable[[], object],
) -> bytes:
    encode, shared = layout.encode, _Shared()
    parts: list[bytes] = []
    for number, point in enumerate(points):
        try:
            body = _ended(point, layout, series) if ended else encode(point, series, shared)
        except Exception:  # a value that is no number, a negative count
            body = _without_value(point, layout, series, 0)
        parts += b"\x0a", varint(len(body)), body
        if not number % _POINTS_AT_ONCE:
            pause()
    return b"".join(parts)


def _ended(point: Any, layout: _Layout, series: Series) -> bytes:
    # Backends know a series by its milliseconds: the end comes after the last value.
    return _without_value(point, layout, series, _MILLISECOND)


def _without_value(point: Any, layout: _Layout, series: Series, later: int) -> bytes:
    times = b"" if layout.tag == b"\x2a" else _time(b"\x11", point.start_time_unix_nano)
    times += _time(b"\x19", point.time_unix_nano + later)
    held = series.fields(layout.attributes, point.attributes)
    flags = layout.flags + _NO_RECORDED_VALUE
    return held + times + flags if layout.attributes < b"\x11" else times + held + flags


def _time(tag: bytes, time: Any) -> bytes:
    return fixed64(tag, fits(time, 64))


def _gauge_point(point: NumberDataPoint, series: Series, _shared: _Shared) -> bytes:
    real, whole = _number(point.value, b"\x21", b"\x31")
    return b"".join(
        (
            fixed64(b"\x19", point.time_unix_nano),
            real,
            _exemplars(b"\x2a", point.exemplars, series.attributes) if point.exemplars else b"",
            whole,
            series.fields(b"\x3a", point.attributes),
        )
    )


def _sum_point(point: NumberDataPoint, series: Series, shared: _Shared) -> bytes:
    start, time = point.start_time_unix_nano, point.time_unix_nano
    value: Any = point.value
    if start and time and not point.exemplars:  # nearly all are so: their fields at once
        kind = type(value)
        if kind is int and value in _INT64:
            fields = _WHOLE_SUM(0x11, start, 0x19, time, 0x31, value)
            return fields + series.fields(b"\x3a", point.attributes)
        if kind is float:
            fields = _REAL_SUM(0x11, start, 0x19, time, 0x21, value)
            return fields + series.fields(b"\x3a", point.attributes)
    return fixed64(b"\x11", start) + _gauge_point(point, series, shared)


def _histogram_point(point: HistogramDataPoint, series: Series, shared: _Shared) -> bytes:
    start, time, count = point.start_time_unix_nano, point.time_unix_nano, point.count
    total: Any = point.sum
    least: Any = point.min
    most: Any = point.max
    if start and time and count and total is not None:  # nearly all are so
        fields = _HISTOGRAM(0x11, start, 0x19, time, 0x21, count, 0x29, total)
    else:
        times = fixed64(b"\x11", start) + fixed64(b"\x19", time)
        fields = times + fixed64(b"\x21", count) + _real(b"\x29", total)
    if least is not None and most is not None:
        extremes = _EXTREMES(0x59, least, 0x61, most)
    else:
        extremes = _real(b"\x59", least) + _real(b"\x61", most)
    return b"".join(
        (
            fields,
            shared.buckets(point.bucket_counts, point.explicit_bounds),
            _exemplars(b"\x42", point.exemplars, series.attributes) if point.exemplars else b"",
            series.fields(b"\x4a", point.attributes),
            extremes,
        )
    )


def _exponential_point(
    point: ExponentialHistogramDataPoint, series: Series, _shared: _Shared
) -> bytes:
    return b"".join(
        (
            series.fields(b"\x0a", point.attributes),
            fixed64(b"\x11", point.start_time_unix_nano),
            fixed64(b"\x19", point.time_unix_nano),
            fixed64(b"\x21", point.count),
            _real(b"\x29", point.sum),
            b"\x30" + zigzag(point.scale) if point.scale else b"",
            fixed64(b"\x39", point.zero_count),
            _buckets(b"\x42", point.positive),
            _buckets(b"\x4a", point.negative),
            b"\x50" + varint(point.flags) if point.flags else b"",
            _exemplars(b"\x5a", point.exemplars, series.attributes) if point.exemplars else b"",
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


class _Shared:
    """What the points of one histogram have in common: their bounds, encoded."""

    __slots__ = ("_bounds", "_encoded", "_number", "_pack", "_start")

    def __init__(self) -> None:
        self._bounds: object = None
        self._number = -1

    def buckets(self, counts: Sequence[int], bounds: Sequence[float]) -> bytes:
        """The counts as field 6 and the bounds as field 7."""
        if len(counts) != self._number or not self._is_known(bounds):
            self._learn(len(counts), bounds)
        return self._start + self._pack(*counts) + self._encoded

    def _is_known(self, bounds: object) -> bool:
        # The SDK gives each series a tuple of its own where the host gave it a list.
        return bounds is self._bounds or (type(bounds) is tuple and bounds == self._bounds)

    def _learn(self, number: int, bounds: Sequence[float]) -> None:
        reals = pack(f"<{len(bounds)}d", *bounds)
        self._encoded = delimited(b"\x3a", reals) if bounds else b""
        self._start = b"\x32" + varint(8 * number) if number else b""
        self._pack = Struct(f"<{number}Q").pack
        self._bounds, self._number = bounds, number


class _Layout(NamedTuple):
    """How a kind of data is written, and where: the tags of it and of fields of its points."""

    tag: bytes
    encode: Callable[[Any, Series, _Shared], bytes]
    attributes: bytes
    flags: bytes


_LAYOUTS: Final = (
    (Sum, _Layout(b"\x3a", _sum_point, b"\x3a", b"\x40")),
    (Gauge, _Layout(b"\x2a", _gauge_point, b"\x3a", b"\x40")),
    (Histogram, _Layout(b"\x4a", _histogram_point, b"\x4a", b"\x50")),
    (ExponentialHistogram, _Layout(b"\x52", _exponential_point, b"\x0a", b"\x50")),
)
