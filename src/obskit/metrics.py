"""Counts, gauges and histograms of the host's own.

>>> from obskit import metrics
>>> metrics.count("orders.placed", unit="{order}", plan="free")
"""

from __future__ import annotations

from math import isfinite
from threading import Lock
from typing import Any

from opentelemetry import metrics as otel_metrics

from obskit.ledger import Ledger
from obskit.redaction import MASK, is_sensitive, safe_repr

_MAX_ATTRIBUTES = 16
_MAX_TEXT = 256
#: One series for each request or user would take the backend down (open-telemetry/opentelemetry-python#2700).
_UNBOUNDED = frozenset(("request_id", "user_id", "trace_id", "span_id", "session_id"))

_instruments: dict[tuple[str, str, str], Any] = {}
_lock = Lock()
_ledger = Ledger()


def count(name: str, amount: float = 1, *, unit: str = "1", **attributes: object) -> None:
    """Add to a counter.

    Args:
        name: The metric's name: dotted words, such as `orders.placed`.
        amount: How much is added; not negative.
        unit: The unit, as UCUM writes it: `s`, `By`, `{order}`.
        **attributes: What the series are told apart by, at most 16, each with few values.
            `request_id`, `user_id` and the like are left out.
    """
    if _is_number(amount) and amount >= 0:
        _record("counter", "add", name, unit, amount, attributes)
    else:
        _ledger.drop("metrics", "not_a_count")


def gauge(name: str, value: float, *, unit: str = "1", **attributes: object) -> None:
    """Set a gauge to what was measured.

    Args:
        name: The metric's name.
        value: What was measured.
        unit: The unit, as UCUM writes it.
        **attributes: As for `count`.
    """
    _measure("gauge", "set", name, unit, value, attributes)


def histogram(name: str, value: float, *, unit: str = "s", **attributes: object) -> None:
    """Record a measurement, such as a duration or a size.

    Args:
        name: The metric's name.
        value: What was measured.
        unit: The unit, as UCUM writes it; seconds by default.
        **attributes: As for `count`.
    """
    _measure("histogram", "record", name, unit, value, attributes)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)


def _measure(
    kind: str, method: str, name: str, unit: str, value: float, attributes: dict[str, object]
) -> None:
    if _is_number(value):
        _record(kind, method, name, unit, value, attributes)
    else:
        _ledger.drop("metrics", "not_a_number")


def _record(
    kind: str, method: str, name: str, unit: str, value: float, attributes: dict[str, object]
) -> None:
    try:
        getattr(_instrument(kind, name, unit), method)(value, _bounded(attributes))
    except Exception:  # the SDK refuses some names and units by raising
        _ledger.drop("metrics", "refused_by_the_sdk")


def _instrument(kind: str, name: str, unit: str) -> Any:
    key = (kind, name, unit)
    found = _instruments.get(key)
    if found is None:
        with _lock:
            found = _instruments.get(key)
            if found is None:
                create = getattr(otel_metrics.get_meter("obskit.metrics"), f"create_{kind}")
                found = _instruments[key] = create(name, unit)
    return found


def _bounded(attributes: dict[str, object]) -> dict[str, Any]:
    kept = [name for name in attributes if name not in _UNBOUNDED]
    return {name: _value(name, attributes[name]) for name in kept[:_MAX_ATTRIBUTES]}


def _value(name: str, given: object) -> Any:
    if is_sensitive(name):
        return MASK
    if isinstance(given, (bool, int, float)):
        return given
    return (given if isinstance(given, str) else safe_repr(given))[:_MAX_TEXT]


def install(ledger: Ledger) -> None:
    """Forget every instrument, so that the next use asks the provider of that time.

    Args:
        ledger: Where measurements that cannot be taken are counted.
    """
    global _ledger
    with _lock:
        _instruments.clear()
        _ledger = ledger
