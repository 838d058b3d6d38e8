"""Counts, gauges and histograms of the host's own.

Nothing here raises. What cannot be taken is counted in the ledger of `obskit.status()`.

>>> from obskit import metrics
>>> metrics.count("orders.placed", unit="{order}", plan="free")
"""

from __future__ import annotations

import logging
from contextlib import suppress
from decimal import Decimal
from functools import lru_cache
from math import isfinite
from numbers import Real
from typing import Any

from opentelemetry import metrics as otel_metrics

from obskit.ledger import Ledger
from obskit.redaction import MASK, is_sensitive, name_of, plain
from obskit.telemetry.cardinality import limit_series, place

_MAX_ATTRIBUTES = 16
_MAX_TEXT = 256
_MAX_INSTRUMENTS = 1_000
#: One series for each request or user would take the backend down.
_UNBOUNDED = frozenset(
    (
        *("request_id", "user_id", "trace_id", "span_id", "session_id"),
        *("obskit_request_id", "enduser_id"),
    )
)
_SCOPE = "obskit.metrics"
# Beyond, a sum of whole numbers could outgrow OTLP's 64 bits, and no batch with it could be sent.
_EXACT = 2**53

_Key = tuple[str, str, str]
_instruments: dict[_Key, Any] = {}
#: Metric and attribute → what was said of an attribute that was left out.
refused: dict[tuple[str, str], str] = {}
_ledger = Ledger()
_series_limit = 2_000
_log = logging.getLogger("obskit.metrics")


def count(name: str, amount: float = 1, *, unit: str = "1", **attributes: object) -> None:
    """Add to a counter.

    Args:
        name: The metric's name: dotted words, such as `orders.placed`.
        amount: How much is added; not negative.
        unit: The unit, as UCUM writes it: `s`, `By`, `{order}`.
        **attributes: What the series are told apart by, at most 16, each with few values: one
            series takes all that are beyond the limit. `request_id`, `user_id` and the like are
            left out, with a warning.
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
            getattr(instrument, method)(value, _bounded(name, attributes))
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
    # A provider of the host's own has no limit; its own instruments stay as they are.
    limit_series(otel_metrics.get_meter_provider(), _series_limit, _SCOPE)
    create = getattr(otel_metrics.get_meter(_SCOPE), f"create_{kind}")
    # Two threads may both make it: the SDK then gives both the same.
    _instruments[key] = made = create(name, unit)
    return made


def _bounded(metric: str, attributes: dict[str, object]) -> dict[str, Any]:
    kept = [name for name in attributes if _plain_name(name) not in _UNBOUNDED]
    if len(kept) < len(attributes):
        _ledger.refuse("metrics", "attribute_without_bounds")
        _tell_refused(metric, attributes)
    if len(kept) > _MAX_ATTRIBUTES:
        _ledger.refuse("metrics", "too_many_attributes")
    return {name_of(name): _value(name, attributes[name]) for name in kept[:_MAX_ATTRIBUTES]}


@lru_cache(maxsize=1_024)
def _plain_name(name: str) -> str:
    return name.replace(".", "_").replace("-", "_").lower()


def _tell_refused(metric: str, attributes: dict[str, object]) -> None:
    for name in attributes:
        key = (metric, _plain_name(name))
        if key[1] in _UNBOUNDED and key not in refused:
            refused[key] = told = (
                f"metric {metric}: attribute {name} was left out, which would make a series for each"
                f" of its values; put it on a span or in a log line. Measured at {place()}"
            )
            with suppress(Exception):  # a log filter of the host may raise; the count must not
                _log.warning("%s", told)


def _value(name: str, given: object) -> Any:
    if is_sensitive(name):
        return MASK
    value = plain(given)
    return value if isinstance(value, (bool, int, float)) else str(value)[:_MAX_TEXT]


def install(ledger: Ledger, series_limit: int = 2_000) -> None:
    """Forget every instrument, so that the next use asks the provider of that time.

    Args:
        ledger: Where measurements that cannot be taken are counted.
        series_limit: Series of one instrument, where the meter provider is the host's own.
    """
    global _ledger, _series_limit
    _instruments.clear()
    refused.clear()
    _ledger, _series_limit = ledger, series_limit
