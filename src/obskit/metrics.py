"""Counts, gauges and histograms of the host's own.

Nothing here raises. What cannot be taken is counted in the ledger of `obskit.status()`.

>>> from obskit import metrics
>>> metrics.count("orders.placed", unit="{order}", plan="free")
"""

from __future__ import annotations

from decimal import Decimal
from math import isfinite
from numbers import Real
from typing import Any

from opentelemetry import metrics as otel_metrics

from obskit.ledger import Ledger
from obskit.redaction import MASK, is_sensitive, name_of, plain

_MAX_ATTRIBUTES = 16
_MAX_TEXT = 256
_MAX_INSTRUMENTS = 1_000
#: Series of one instrument. The SDK has no limit (open-telemetry/opentelemetry-python#2700).
_MAX_SERIES = 2_000
#: One series for each request or user would take the backend down.
_UNBOUNDED = frozenset(("request_id", "user_id", "trace_id", "span_id", "session_id"))
#: Semantic conventions: the series of everything that is one series too many.
_OVERFLOW = {"otel.metric.overflow": True}
# Beyond, a sum of whole numbers could outgrow OTLP's 64 bits, and no batch with it could be sent.
_EXACT = 2**53

_Key = tuple[str, str, str]
_instruments: dict[_Key, Any] = {}
_series: dict[_Key, set[frozenset[tuple[str, object]]]] = {}
_ledger = Ledger()


def count(name: str, amount: float = 1, *, unit: str = "1", **attributes: object) -> None:
    """Add to a counter.

    Args:
        name: The metric's name: dotted words, such as `orders.placed`.
        amount: How much is added; not negative.
        unit: The unit, as UCUM writes it: `s`, `By`, `{order}`.
        **attributes: What the series are told apart by, at most 16, each with few values: beyond
            2,000 series there is one more, of all others. `request_id`, `user_id` and the like are
            left out.
    """
    _record("counter", "add", name, unit, amount, attributes)


def gauge(name: str, value: float, *, unit: str = "1", **attributes: object) -> None:
    """Set a gauge to what was measured.

    Args:
        name: The metric's name.
        value: What was measured.
        unit: The unit, as UCUM writes it.
        **attributes: As for `count`.
    """
    _record("gauge", "set", name, unit, value, attributes)


def histogram(name: str, value: float, *, unit: str = "s", **attributes: object) -> None:
    """Record a measurement, such as a duration or a size. It is not negative.

    Args:
        name: The metric's name.
        value: What was measured.
        unit: The unit, as UCUM writes it; seconds by default.
        **attributes: As for `count`.
    """
    _record("histogram", "record", name, unit, value, attributes)


def _record(
    kind: str, method: str, name: str, unit: str, given: object, attributes: dict[str, object]
) -> None:
    try:
        value = _number(given)
        if value is None or (value < 0 and kind != "gauge"):
            _ledger.refuse("metrics", "not_a_number" if value is None else "negative")
            return
        key = (kind, name, unit)
        instrument = _instruments.get(key) or _make(key)
        if instrument is not None:
            getattr(instrument, method)(value, _bounded(key, attributes))
    except Exception:  # the SDK refuses some names and units by raising
        _ledger.refuse("metrics", "refused_by_the_sdk")


def _number(given: Any) -> int | float | None:
    kind = type(given)
    if kind is bool or not issubclass(kind, (int, float, Real, Decimal)):
        return None
    if issubclass(kind, int) and abs(given) < _EXACT:
        return int(given)
    try:
        value = float(given)
    except (OverflowError, ValueError):
        return None
    return value if isfinite(value) else None


def _make(key: _Key) -> Any:
    if len(_instruments) >= _MAX_INSTRUMENTS:
        _ledger.refuse("metrics", "too_many_instruments")
        return None
    kind, name, unit = key
    create = getattr(otel_metrics.get_meter("obskit.metrics"), f"create_{kind}")
    # Two threads may both make it: the SDK then gives both the same.
    _instruments[key] = made = create(name, unit)
    _series.setdefault(key, set())
    return made


def _bounded(key: _Key, attributes: dict[str, object]) -> dict[str, Any]:
    kept = [name for name in attributes if name.replace(".", "_").lower() not in _UNBOUNDED]
    if len(kept) < len(attributes):
        _ledger.refuse("metrics", "attribute_without_bounds")
    if len(kept) > _MAX_ATTRIBUTES:
        _ledger.refuse("metrics", "too_many_attributes")
    bounded = {name_of(name): _value(name, attributes[name]) for name in kept[:_MAX_ATTRIBUTES]}
    known, one = _series[key], frozenset(bounded.items())
    if one in known:
        return bounded
    if len(known) >= _MAX_SERIES:
        _ledger.refuse("metrics", "too_many_series")
        return _OVERFLOW
    known.add(one)
    return bounded


def _value(name: str, given: object) -> Any:
    if is_sensitive(name):
        return MASK
    value = plain(given)
    return value if isinstance(value, (bool, int, float)) else str(value)[:_MAX_TEXT]


def install(ledger: Ledger) -> None:
    """Forget every instrument, so that the next use asks the provider of that time.

    Args:
        ledger: Where measurements that cannot be taken are counted.
    """
    global _ledger
    _instruments.clear()
    _series.clear()
    _ledger = ledger
