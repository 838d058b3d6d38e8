"""The ledger told: as metrics, and in lines when a process begins and ends.

The metrics have the names of OpenTelemetry's semantic conventions, "OpenTelemetry SDK metrics" (in
development).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

from opentelemetry.metrics import Meter, Observation

from obskit import names
from obskit.ledger import Ledger, Unfinished
from obskit.telemetry import loggers
from obskit.telemetry.instance import Slot
from obskit.telemetry.instruments import observe
from obskit.telemetry.pipeline import Pipeline

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


def keep(ledger: Ledger, slot: Slot) -> Unfinished | None:
    """Count where a kill leaves the numbers, for the next process in this slot to tell.

    Args:
        ledger: The account.
        slot: The place of this process.

    Returns:
        What the process before left, if it did not end well.
    """
    path = slot.path("account")
    if path:
        with suppress(OSError):  # no place for files: the numbers die with the process
            return ledger.keep(path)
    return None


def tell_unfinished(pipeline: Pipeline, unfinished: Unfinished | None) -> None:
    """Tell of what the process before left.

    Args:
        pipeline: Takes the line.
        unfinished: What it left, if anything.
    """
    if unfinished is None:
        return
    pid, records = unfinished
    lost = ", ".join(f"{count} of {signal}" for signal, count in records.items())
    event = f"the process before (pid {pid}) was ended before its telemetry; lost at most: {lost}"
    pipeline.emit("obskit", 30, event, {})


def tell_end(pipeline: Pipeline, ledger: Ledger, *, forked: bool) -> None:
    """Tell what became of everything, as the process ends.

    Args:
        pipeline: Takes the line.
        ledger: The account.
        forked: Whether the process is a forked child.
    """
    # One of a thousand children whose telemetry arrived is no news.
    level = 30 if ledger.lost() else 10 if forked else 20
    balance = ledger.balance()
    if balance and loggers.Named("obskit").enabled(level):
        pipeline.emit("obskit", level, f"telemetry ended: {balance}", {}, to_backend=False)


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
