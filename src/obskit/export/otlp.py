"""The way out of every signal, made from the configuration.

This is the one place that knows how records reach the wire; the rest of obskit knows processors and
readers only.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from opentelemetry.sdk._logs import LogRecordProcessor
from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from obskit.clock import SYSTEM_CLOCK, Clock
from obskit.config import SIGNALS, Config, Otlp, Signal
from obskit.export import counted, notice, stock
from obskit.export.encoding import Encoder
from obskit.export.keeping import Copies, Keeping
from obskit.export.outage import Outage
from obskit.export.processors import Logs, Spans
from obskit.export.queue import Queue
from obskit.export.reader import Reader
from obskit.export.replayer import Replayer
from obskit.export.ring import Ring
from obskit.export.sender import Carrier, Sender
from obskit.export.spool import Spool, default_directory
from obskit.export.transport import Transport
from obskit.export.worker import Task, Worker
from obskit.ledger import Ledger
from obskit.redaction import leaving
from obskit.version import version

# What may wait in memory of one signal, bytes.
_MAX_QUEUE = 16 * 1_024 * 1_024
# Where what stays goes, as a warning calls it.
_THE_PAGE = "the folder of the status page"
_STOCK: dict[str, Callable[[Config, Ledger, Any], Any]] = {
    "traces": counted.span_processor,
    "metrics": counted.metric_reader,
    "logs": counted.log_processor,
}


class Export(NamedTuple):
    """What takes each signal out of the process; None where a signal stays. The ring keeps them here.

    `copies` makes what gives the ring spans that leave by another way than ours.
    """

    traces: SpanProcessor | None
    metrics: MetricReader | None
    logs: LogRecordProcessor | None
    worker: Worker | None = None
    ring: Ring | None = None
    copies: Callable[[], SpanProcessor] | None = None

    @property
    def keeps_spans(self) -> bool:
        """Whether the way out of spans gives them to the ring by itself."""
        return isinstance(self.traces, Spans)


def build(config: Config, ledger: Ledger, clock: Clock = SYSTEM_CLOCK) -> Export:
    """The way out of every signal. Starts nothing but what the stock exporters start.

    Args:
        config: The configuration.
        ledger: Where records are counted.
        clock: The time.

    Raises:
        MissingExtra: gRPC is asked for and not installed.
    """
    ours = [signal for signal in SIGNALS if _is_ours(config, signal) or _stays(config, signal)]
    # All of the stock ones first: a missing package shall leave no thread behind.
    exporters = {signal: stock.exporter(config, signal) for signal in SIGNALS if signal not in ours}
    ways_out: dict[str, Any] = {
        signal: exporter and _STOCK[signal](config, ledger, exporter)
        for signal, exporter in exporters.items()
    }
    worker, ring = None, Ring() if config.console and not config.sdk_disabled else None
    if ours:
        builder = _Builder(config, ledger, clock, ring)
        ways_out.update({signal: builder.way_out(signal) for signal in ours})
        worker = builder.worker
        worker.take(builder.tasks())
    copies = partial(_copies, config, ring) if ring else None
    return Export(ways_out["traces"], ways_out["metrics"], ways_out["logs"], worker, ring, copies)


def _is_ours(config: Config, signal: Signal) -> bool:
    otlp: Otlp = getattr(config, signal)
    return config.exporter(signal) == "otlp" and otlp.protocol != "grpc"


def _stays(config: Config, signal: Signal) -> bool:
    """Whether a signal goes to no receiver, and the status page shows it all the same."""
    kept = config.console and not config.sdk_disabled and signal != "metrics"
    return kept and config.exporter(signal) == "none"


class _Builder:
    """Builds what our own path consists of: one worker, one spool, one encoder for all signals."""

    def __init__(self, config: Config, ledger: Ledger, clock: Clock, ring: Ring | None) -> None:
        self._config = config
        self._ledger = ledger
        self._clock = clock
        self._encoder = Encoder(leaving)
        self._spool = _spool(config, clock)
        self._outages: dict[str, Outage] = {}
        self._senders: dict[Signal, Sender] = {}
        self._ring = ring
        self.worker = Worker(clock)

    def way_out(self, signal: Signal) -> Spans | Logs | Reader:
        budget = self._config.shutdown_timeout
        if signal == "metrics":
            reader = Reader(self._encoder, budget, **stock.metric_options(self._config))
            reader.sender = self._sender(signal, reader.collect_now, reader.end_series)
            return reader
        kind = Spans if signal == "traces" else Logs
        start = self.worker.ensure_started
        return kind(self._sender(signal), self._encoder, self._ledger, start, budget)

    def tasks(self) -> list[Task]:
        tasks: list[Task] = list(self._senders.values())
        # What waits on disk is for a receiver.
        leaving: dict[str, Sender] = {
            one: way for one, way in self._senders.items() if not _stays(self._config, one)
        }
        if self._spool and leaving:
            tasks.append(Replayer(self._spool, leaving, self._ledger, self._clock))
        return tasks

    def _sender(
        self,
        signal: Signal,
        collect: Callable[[], object] = bool,
        last: Callable[[], object] = bool,
    ) -> Sender:
        limits, otlp = _limits(self._config, signal), getattr(self._config, signal)
        transport, outage, spool, kept = self._way(signal, otlp)
        queue = Queue(
            signal,
            self._ledger,
            max_records=limits.queue,
            max_bytes=_MAX_QUEUE,
            wake_at=limits.batch,
            wake=self.worker.wake,
        )
        sender = Sender(
            signal,
            queue,
            transport,
            self._ledger,
            outage,
            spool,
            self._clock,
            batch=limits.batch,
            delay=limits.delay_ms / 1_000,
            timeout=min(otlp.timeout_ms, limits.timeout_ms) / 1_000,
            collect=collect,
            last=last,
            kept=kept,
        )
        self._senders[signal] = sender
        return sender

    def _way(self, signal: Signal, otlp: Otlp) -> _Way:
        ring = self._ring
        if ring is not None and _stays(self._config, signal):
            return _Way(Keeping(ring, signal), self._outage(_THE_PAGE), None, None)
        # Signals that go to one receiver fail together, and are told of together.
        parts = urlsplit(str(otlp.endpoint))
        receiver = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"  # no user, no password
        kept = partial(_keep, ring, signal) if ring is not None and signal != "metrics" else None
        transport = Transport(otlp, f"obskit/{version()}")
        return _Way(transport, self._outage(receiver), self._spool, kept)

    def _outage(self, receiver: str) -> Outage:
        if receiver not in self._outages:
            hook = self._config.on_export_error
            self._outages[receiver] = Outage(receiver, self._ledger, self._clock, hook)
        return self._outages[receiver]


def _copies(config: Config, ring: Ring) -> SpanProcessor:
    keep = partial(_keep, ring, "traces")
    return BatchSpanProcessor(
        Copies(keep, Encoder(leaving)),
        max_queue_size=config.span_queue_size,
        schedule_delay_millis=config.span_schedule_delay_ms,
        max_export_batch_size=config.span_batch_size,
    )


def _keep(ring: Ring, signal: str, body: bytes) -> None:
    """Keep a body that leaves as well: that it cannot be kept is told of once."""
    why = ring.put(signal, body)
    if why and not ring.fails:
        notice.say(logging.WARNING, "%s are not kept for the status page: %s", signal, why)
    ring.fails = bool(why)


class _Way(NamedTuple):
    transport: Carrier
    outage: Outage
    spool: Spool | None
    kept: Callable[[bytes], object] | None


class _Limits(NamedTuple):
    queue: int
    batch: int
    delay_ms: int
    timeout_ms: int


def _limits(config: Config, signal: Signal) -> _Limits:
    if signal == "metrics":
        # Points of one collection belong together; bytes bound them.
        most = 1_000_000
        interval, timeout = config.metric_export_interval_ms, config.metric_export_timeout_ms
        return _Limits(most, most, interval, timeout)
    kind = "span" if signal == "traces" else "log"
    names = ("queue_size", "batch_size", "schedule_delay_ms", "export_timeout_ms")
    return _Limits(*(getattr(config, f"{kind}_{name}") for name in names))


def _spool(config: Config, clock: Clock) -> Spool | None:
    if not config.spool_max_bytes:
        return None
    directory = (
        Path(config.spool_dir) if config.spool_dir else default_directory(config.service, None)
    )
    return Spool(directory, config.spool_max_bytes, config.spool_max_age, clock)
