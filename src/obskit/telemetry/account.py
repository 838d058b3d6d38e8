"""The ledger as metrics, under the names that the SDK's own conventions give them.

OpenTelemetry semantic conventions, "OpenTelemetry SDK metrics" (in development).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from opentelemetry.metrics import Meter, Observation

from obskit import names
from obskit.ledger import Ledger
from obskit.telemetry.metrics import observe

# What is dropped before a batch is made of it; everything else that is dropped was to be exported.
_BY_PROCESSOR = frozenset({"queue_full", "shut_down", "encoding_failed"})
_PROCESSED = {"traces": names.SDK_SPAN_PROCESSED, "logs": names.SDK_LOG_PROCESSED}
_QUEUED = {"traces": names.SDK_SPAN_QUEUE_SIZE, "logs": names.SDK_LOG_QUEUE_SIZE}
_EXPORTED = {
    "traces": names.SDK_SPAN_EXPORTED,
    "logs": names.SDK_LOG_EXPORTED,
    "metrics": names.SDK_POINT_EXPORTED,
}


def register(meter: Meter, ledger: Ledger) -> None:
    """Observe what became of every record.

    Args:
        meter: What makes the instruments.
        ledger: The account.
    """
    for metrics, read in ((_PROCESSED, _processed), (_EXPORTED, _exported), (_QUEUED, _queued)):
        for signal, metric in metrics.items():
            observe(meter, metric, partial(_read, read, ledger, signal))
    observe(meter, names.SPOOLED, lambda: _spooled(ledger))


def _read(
    read: Callable[[dict[str, Any]], Iterator[Observation]], ledger: Ledger, signal: str
) -> Iterator[Observation]:
    return read(ledger.snapshot()[signal])


def _queued(account: dict[str, Any]) -> Iterator[Observation]:
    yield Observation(account["queued"])


def _processed(account: dict[str, Any]) -> Iterator[Observation]:
    lost = {reason: n for reason, n in account["dropped"].items() if reason in _BY_PROCESSOR}
    waiting = account["sampled_out"] + account["queued"]
    yield Observation(account["accepted"] - waiting - sum(lost.values()))
    for reason, count in lost.items():
        yield Observation(count, {names.ERROR_TYPE: reason})


def _exported(account: dict[str, Any]) -> Iterator[Observation]:
    yield Observation(account["exported"])
    for reason, count in account["dropped"].items():
        if reason not in _BY_PROCESSOR:
            yield Observation(count, {names.ERROR_TYPE: reason})


def _spooled(ledger: Ledger) -> Iterator[Observation]:
    for signal, account in ledger.snapshot().items():
        if account["spooled"]:
            yield Observation(account["spooled"], {names.SIGNAL: signal})
