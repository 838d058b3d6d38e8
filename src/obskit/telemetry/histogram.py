"""A histogram that finds a series by a key, so that its attributes are checked and sorted once.

The SDK makes a copy of the attributes of each measurement, checks each value, sorts them and makes a
key of them; that takes three times as long as to count the measurement.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from time import time_ns
from typing import Any, NamedTuple

from opentelemetry.context import Context

_MOST_KEYS = 2_000


class _Measurement:
    """What the SDK's aggregations read of a measurement."""

    __slots__ = ("attributes", "context", "time_unix_nano", "value")

    def __init__(
        self, value: float, time_unix_nano: int, context: Context, attributes: dict[str, Any]
    ) -> None:
        self.value = value
        self.time_unix_nano = time_unix_nano
        self.context = context
        self.attributes = attributes


class _Known(NamedTuple):
    """Where the measurements of a key go.

    Attributes:
        readers: The SDK's table of readers; it makes another one when there is another reader.
        series: For each stream: itself, and the SDK's key of the series.
        attributes: The attributes.
    """

    readers: Any
    series: list[tuple[Any, Any]]
    attributes: dict[str, Any]


class KeyedHistogram:
    """Records into a histogram of the SDK, or of whoever else has made it.

    Args:
        instrument: The histogram.
    """

    def __init__(self, instrument: Any) -> None:
        self._instrument = instrument
        self._known: dict[Hashable, _Known] = {}

    def record(
        self,
        amount: float,
        key: Hashable,
        attributes: Callable[[], dict[str, Any]],
        context: Context,
    ) -> None:
        """Record one measurement.

        Args:
            amount: What was measured: finite, and not negative.
            key: Stands for the attributes.
            attributes: Gives them; called where the key is new.
            context: Whose trace an exemplar is of.
        """
        known = self._known.get(key)
        if known is None or not self._count(amount, known, context):
            made = attributes()
            self._instrument.record(amount, made, context)
            self._learn(key, made)

    def _count(self, amount: float, known: _Known, context: Context) -> bool:
        """Count it in the series of a key. False where the SDK has to make them."""
        instrument = self._instrument
        consumer = instrument._measurement_consumer
        if consumer._reader_storages is not known.readers or not instrument._is_enabled():
            return False
        try:
            found = [stream._attributes_aggregation[key] for stream, key in known.series]
        except KeyError:  # a forked child begins without series
            return False
        now = time_ns()
        keep = consumer._sdk_config.exemplar_filter.should_sample(
            amount, now, known.attributes, context
        )
        measurement = _Measurement(amount, now, context, known.attributes)
        for aggregation in found:
            aggregation.aggregate(measurement, keep)
        return True

    def _learn(self, key: Hashable, attributes: dict[str, Any]) -> None:
        try:
            from opentelemetry.sdk.metrics._internal._view_instrument_match import _hash_attributes

            readers = self._instrument._measurement_consumer._reader_storages
            streams = [
                stream
                for storage in readers.values()
                for stream in storage._instrument_view_instrument_matches[self._instrument]
            ]
            series = [
                (stream, _hash_attributes(_seen_by(stream, attributes))) for stream in streams
            ]
            known = _Known(readers, series, attributes)
        except Exception:  # no instrument of the SDK, or of a version that is unlike the ones known
            return
        if len(self._known) >= _MOST_KEYS:
            self._known.clear()
        self._known[key] = known


def _seen_by(stream: Any, attributes: dict[str, Any]) -> dict[str, Any]:
    """The attributes that the view of a stream keeps."""
    kept = stream._view._attribute_keys
    return {name: value for name, value in attributes.items() if kept is None or name in kept}
