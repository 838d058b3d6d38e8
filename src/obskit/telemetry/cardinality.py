"""A limit to the series of each instrument: what is beyond goes to one series of its own.

The SDK for Python has no such limit. It keeps the series of an instrument in a dictionary, which is
another one here: one that takes no more keys than it may, and gives the same series for all others.
A series that is known is found as before.
"""

from __future__ import annotations

import inspect
import logging
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from obskit import names
from obskit.redaction import name_of, plain

_OTHERS = "others"
_OWN_PACKAGES = ("obskit.", "opentelemetry.")
_EXAMPLES = 3
_MAX_SHOWN = 80
_MAX_PLACE = 256
_log = logging.getLogger("obskit.metrics")
# An instrument has series for each reader, and is told of once.
_told: WeakKeyDictionary[Any, object] = WeakKeyDictionary()


@dataclass(frozen=True)
class Overflow:
    """An instrument that has more series than it may have.

    Attributes:
        instrument: Its name.
        limit: How many series it may have.
        attribute: Its attribute with the most values; None where it has none.
        distinct: How many values that are.
        values: Those with the most series, without secrets.
        place: The line of code that measured.
    """

    instrument: str
    limit: int
    attribute: str | None
    distinct: int
    values: tuple[str, ...]
    place: str

    def __str__(self) -> str:
        why = ""
        if self.attribute is not None:
            why = f": attribute {self.attribute} has {self.distinct} values, among them"
            why = f"{why} {', '.join(self.values)}"
        return (
            f"metric {self.instrument} has reached its limit of {self.limit} series{why}."
            f" All others are one series, {names.METRIC_OVERFLOW}=true. Measured at {self.place}"
        )


class Series(dict[Any, Any]):
    """The series of one instrument, by their attributes, as the SDK keeps them.

    Args:
        instrument: Whose they are.
        limit: How many there may be, the one for all others among them.
        before: Series that there are already.

    Attributes:
        folded: How many measurements went to the series for all others.
        overflow: What is known of it, from then on.
    """

    __slots__ = ("_instrument", "_limit", "_noticed", "_others", "_refused", "folded", "overflow")

    def __init__(self, instrument: Any, limit: int, before: Mapping[Any, Any]) -> None:
        super().__init__(before)
        self._instrument = instrument
        self._limit = limit
        self._begin()

    def _begin(self) -> None:
        self.folded = 0
        self.overflow: Overflow | None = None
        self._noticed = False
        self._others: Any = None
        self._refused: Mapping[str, Any] = {}

    def clear(self) -> None:
        """Begin anew, as a forked child must."""
        super().clear()
        _told.pop(self._instrument, None)
        self._begin()

    def __setitem__(self, key: Any, aggregation: Any) -> None:
        # The SDK holds a lock here, so that nothing of the host may run: it might measure.
        if self._others is not None:
            return
        if len(self) < self._limit - 1:
            super().__setitem__(key, aggregation)
            return
        self._refused = aggregation._attributes or {}
        aggregation._attributes = {names.METRIC_OVERFLOW: True}
        # A host may have measured with this attribute itself.
        same = (one for one in self.values() if one._attributes == aggregation._attributes)
        others = next(same, aggregation)
        if others is aggregation:
            super().__setitem__(_OTHERS, aggregation)
        self._others = others

    def __missing__(self, key: Any) -> Any:
        if self._others is None:
            raise KeyError(key)
        self.folded += 1
        if not self._noticed:
            # Before anything of the host runs, which might measure and come here again.
            self._noticed = True
            self._notice()
        return self._others

    def _notice(self) -> None:
        # A redaction function or a log handler of the host may raise: a measurement must not.
        with suppress(Exception):
            attribute, counted = _worst([*self.values()], self._refused)
            self.overflow = Overflow(
                self._instrument.name,
                self._limit,
                None if attribute is None else name_of(attribute),
                len(counted),
                tuple(_shown(attribute, value) for value, _ in counted.most_common(_EXAMPLES)),
                _place_of(self._instrument),
            )
            mine = object()
            if _told.setdefault(self._instrument, mine) is mine:
                _log.warning("%s", self.overflow)


class _Instruments(dict[Any, Any]):
    """The streams of each instrument of a reader, as the SDK keeps them.

    The first measurement of an instrument comes by here.
    """

    __slots__ = ("_limit", "_scope")

    def __init__(self, limit: int, scope: str | None, before: Mapping[Any, Any]) -> None:
        super().__init__()
        self._limit = limit
        self._scope = scope
        for instrument, streams in before.items():
            self[instrument] = streams

    def __setitem__(self, instrument: Any, streams: list[Any]) -> None:
        if self._scope in (None, instrument.instrumentation_scope.name):
            for stream in streams:
                with stream._lock:
                    stream._attributes_aggregation = Series(
                        instrument, self._limit, stream._attributes_aggregation
                    )
        super().__setitem__(instrument, streams)


def limit_series(provider: Any, limit: int, scope: str | None = None) -> None:
    """Limit the series of each instrument, at each reader that the provider has now.

    OpenTelemetry metrics SDK specification, "Cardinality limits": the series for all others counts
    within the limit.

    Args:
        provider: A meter provider. One that is not the SDK's is left as it is.
        limit: How many series an instrument may have.
        scope: Only the instruments of the meter of this name.
    """
    for storage in _storages(provider).values():
        with storage._lock:
            before = storage._instrument_view_instrument_matches
            if not isinstance(before, _Instruments):
                limited = _Instruments(limit, scope, before)
                storage._instrument_view_instrument_matches = limited


def overflowed(provider: Any) -> dict[str, int]:
    """How many measurements went to the series for all others, by instrument.

    Args:
        provider: A meter provider.
    """
    most: dict[str, int] = {}
    for storage in _storages(provider).values():
        counted: Counter[str] = Counter()
        for series in _limited(storage):
            counted[series._instrument.name] += series.folded
        # Each reader is given every measurement.
        for name, folded in counted.items():
            if folded:
                most[name] = max(folded, most.get(name, 0))
    return most


def overflows(provider: Any, reader: Any) -> list[Overflow]:
    """The instruments that have more series than they may have, as one reader has seen them.

    Args:
        provider: A meter provider.
        reader: One of its readers.
    """
    storage = _storages(provider).get(reader)
    found = [series.overflow for series in _limited(storage)] if storage else []
    return [overflow for overflow in found if overflow is not None]


def place() -> str:
    """The line of the host's code that is measuring now: the first outside obskit and OpenTelemetry."""
    frame = sys._getframe(1)
    while frame.f_back and f"{frame.f_globals.get('__name__')}.".startswith(_OWN_PACKAGES):
        frame = frame.f_back
    return _written(frame.f_code.co_filename, frame.f_lineno)


def _storages(provider: Any) -> Mapping[Any, Any]:
    consumer = getattr(provider, "_measurement_consumer", None)
    storages: Mapping[Any, Any] = getattr(consumer, "_reader_storages", {})
    return storages


def _limited(storage: Any) -> list[Series]:
    # One copy at once: another thread may make an instrument meanwhile.
    every = [*storage._instrument_view_instrument_matches.values()]
    found = [stream._attributes_aggregation for streams in every for stream in streams]
    return [series for series in found if isinstance(series, Series)]


def _worst(
    aggregations: Iterable[Any], refused: Mapping[str, Any]
) -> tuple[str | None, Counter[Any]]:
    """The attribute with the most values, and how many series each value has."""
    values: dict[str, Counter[Any]] = {}
    for attributes in (*(one._attributes for one in aggregations), refused):
        for name, value in (attributes or {}).items():
            if name != names.METRIC_OVERFLOW:
                scalar = isinstance(value, (str, bool, int, float))
                values.setdefault(name, Counter())[value if scalar else repr(value)] += 1
    worst = max(values, key=lambda name: len(values[name]), default=None)
    return worst, values[worst] if worst is not None else Counter()


def _shown(attribute: str | None, value: object) -> str:
    shown = repr(plain(value, attribute or ""))
    return shown if len(shown) <= _MAX_SHOWN else f"{shown[:_MAX_SHOWN]}…"


def _place_of(instrument: Any) -> str:
    """Where an instrument measured. What it asks at a collection is nowhere in the stack then."""
    for callback in getattr(instrument, "_callbacks", ()):
        code = getattr(inspect.unwrap(callback), "__code__", None)
        if code is not None:
            return _written(code.co_filename, code.co_firstlineno)
    return place()


def _written(file: str, line: int) -> str:
    return f"{file[-_MAX_PLACE:]}:{line}"
