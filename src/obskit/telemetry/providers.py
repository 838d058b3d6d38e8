"""The providers of the process: ours, or those that the host set before us, with our export added."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from weakref import WeakMethod

from opentelemetry import _logs as api_logs
from opentelemetry import metrics as api_metrics
from opentelemetry import trace
from opentelemetry._logs import _internal as logs_global
from opentelemetry.metrics import _internal as metrics_global
from opentelemetry.sdk.resources import Resource
from opentelemetry.util._once import Once

from obskit.config import SIGNALS, Config
from obskit.export.otlp import Export
from obskit.export.sender import Sender
from obskit.telemetry import logs, metrics, traces
from obskit.telemetry.sampling import Counted

_ADDERS = {
    "traces": "add_span_processor",
    "metrics": "add_metric_reader",
    "logs": "add_log_record_processor",
}


@dataclass
class Providers:
    """The providers that this process uses.

    Attributes:
        tracer: The tracer provider.
        meter: The meter provider.
        logger: The logger provider.
        hosts_own: The signals whose provider the host set itself.
        exported_by_host: Those of them that the host's provider sends over OTLP already.
        joined: What we added to providers of the host, by signal.
    """

    tracer: Any
    meter: Any
    logger: Any
    hosts_own: frozenset[str]
    exported_by_host: frozenset[str]
    joined: dict[str, Any]
    _pid: int = field(default_factory=os.getpid)
    _changed: Resource = field(default_factory=Resource.get_empty)

    def update_resource(self, resource: Resource) -> None:
        """Put other attributes on everything that leaves from now on, as a forked child must.

        In a forked child this takes effect when the SDK's own hooks have run: they make new locks
        and put a random `service.instance.id` on every provider.

        Args:
            resource: The attributes that change.
        """
        self._changed = resource
        if self._pid == os.getpid():
            self.apply()

    def count_sampled_out(self, sampled_out: Callable[[], object]) -> None:
        """Have our tracer provider tell of each span that it does not keep.

        Args:
            sampled_out: Called for each.
        """
        self.tracer.sampler = Counted(self.tracer.sampler, sampled_out)

    def apply(self) -> None:
        """Put them on now. In a child that was forked in C nothing else does."""
        if self._pid != os.getpid():
            self._pid = os.getpid()
            if "metrics" not in self.hosts_own:
                metrics.forget_parent(self.meter)
        for _, provider in self._ours():
            provider._update_resource(self._changed)

    def _ours(self) -> list[tuple[str, Any]]:
        pairs = zip(SIGNALS, (self.tracer, self.meter, self.logger), strict=True)
        return [(signal, provider) for signal, provider in pairs if signal not in self.hosts_own]

    def discard(self) -> None:
        """Let the exporters forget what waits, and take no more."""
        found = [exporter for signal, one in self._ours() for exporter in _exporters(one, signal)]
        found += [
            exporter
            for signal, way_out in self.joined.items()
            for exporter in _exporters_of(way_out, signal)
        ]
        for exporter in found:
            end = exporter.discard if isinstance(exporter, Sender) else exporter.shutdown
            end()

    @property
    def gives_metrics(self) -> bool:
        """Whether our way out of metrics is part of a provider."""
        return "metrics" not in self.hosts_own or "metrics" in self.joined

    def flushing(self, timeout: float) -> list[Callable[[], object]]:
        """What sends all that waits, the host's own providers too.

        Args:
            timeout: Seconds that each may take.
        """
        return [
            partial(provider.force_flush, int(timeout * 1_000))
            for provider in (self.tracer, self.meter, self.logger)
            if hasattr(provider, "force_flush")
        ]

    def shutdown_signal(self, signal: str) -> None:
        """Flush what is ours of one signal, and close it unless it is part of a host's provider."""
        for own, provider in self._ours():
            if own == signal:
                provider.shutdown()
        if signal in self.joined:
            self.joined[signal].force_flush()


def install(config: Config, resource: Resource, export: Export) -> Providers:
    """Make providers global, or join those that the host made global.

    A host's provider that already sends over OTLP gets no second exporter: everything would arrive
    twice.

    Args:
        config: The configuration.
        resource: What ours tell of.
        export: What takes each signal out.
    """
    hosts: dict[str, Any] = {
        "traces": trace._TRACER_PROVIDER,
        "metrics": metrics_global._METER_PROVIDER,
        "logs": logs_global._LOGGER_PROVIDER,
    }
    hosts_own = frozenset(signal for signal, provider in hosts.items() if provider is not None)
    exported = frozenset(signal for signal in hosts_own if _sends_otlp(hosts[signal], signal))
    joined: dict[str, Any] = {}
    for signal in hosts_own:
        way_out = getattr(export, signal)
        if way_out is None:
            continue
        if signal not in exported and join(hosts[signal], signal, way_out):
            joined[signal] = way_out
        else:
            _close_unused(way_out)
    made = Providers(
        hosts["traces"] or _make_tracer(config, resource, export),
        hosts["metrics"] or _make_meter(config, resource, export),
        hosts["logs"] or _make_logger(config, resource, export),
        hosts_own,
        exported,
        joined,
    )
    is_kept = export.keeps_spans and "traces" not in exported
    if export.copies and not is_kept and hasattr(made.tracer, "add_span_processor"):
        made.tracer.add_span_processor(export.copies())
    _apply_after_fork(made)
    return made


def _make_tracer(config: Config, resource: Resource, export: Export) -> Any:
    provider = traces.build(config, resource)
    if export.traces is not None:
        provider.add_span_processor(export.traces)
    trace.set_tracer_provider(provider)
    return provider


def _make_meter(config: Config, resource: Resource, export: Export) -> Any:
    provider = metrics.build(config, resource, [export.metrics] if export.metrics else [])
    api_metrics.set_meter_provider(provider)
    return provider


def _make_logger(config: Config, resource: Resource, export: Export) -> Any:
    provider = logs.build(config, resource)
    if export.logs is not None:
        provider.add_log_record_processor(export.logs)
    api_logs.set_logger_provider(provider)
    return provider


def _apply_after_fork(made: Providers) -> None:
    if not hasattr(os, "register_at_fork"):
        return
    weak = WeakMethod(made.apply)

    def apply() -> None:
        alive = weak()
        if alive is not None:
            alive()

    # Hooks run in the order that they were registered in: this one after those of the SDK.
    os.register_at_fork(after_in_child=apply)


def _sends_otlp(provider: Any, signal: str) -> bool:
    """Whether a provider has an exporter over OTLP, be it a class of the host's own on top of one."""
    return any(
        "otlp" in base.__module__
        for exporter in _exporters(provider, signal)
        for base in type(exporter).__mro__
    )


def join(provider: Any, signal: str, way_out: Any) -> bool:
    """Add a way out to a provider, perhaps the host's own.

    Args:
        provider: The provider.
        signal: What it is of.
        way_out: A processor or a reader.

    Returns:
        Whether it takes one.
    """
    add = getattr(provider, _ADDERS[signal], None)
    if add is None:
        return False
    add(way_out)
    readers = getattr(provider, "_metric_readers", None)
    if readers is not None and way_out not in readers:
        # Without this a meter provider neither flushes an added reader nor ends it.
        provider._metric_readers = (*readers, way_out)
    return True


def _close_unused(way_out: Any) -> None:
    if hasattr(way_out, "_set_collect_callback"):
        # A reader collects a last time when it ends, and warns when it has nothing to collect from.
        way_out._set_collect_callback(lambda *_args, **_kwargs: None)
    way_out.shutdown()


def _exporters(provider: Any, signal: str) -> list[Any]:
    """The exporters behind a provider of the SDK, as far as they can be seen."""
    if signal == "metrics":
        ways_out = getattr(getattr(provider, "_measurement_consumer", None), "_reader_storages", ())
    elif signal == "traces":
        multi = getattr(provider, "_active_span_processor", None)
        ways_out = getattr(multi, "_span_processors", ())
    else:
        multi = getattr(provider, "_multi_log_record_processor", None)
        ways_out = getattr(multi, "_log_record_processors", ())
    return [exporter for way_out in ways_out for exporter in _exporters_of(way_out, signal)]


def _exporters_of(way_out: Any, signal: str) -> Iterator[Any]:
    # A batch processor has its queue, a simple one and a metric reader the exporter itself.
    owner = getattr(way_out, "_batch_processor", way_out)
    name = "span_exporter" if signal == "traces" and owner is way_out else "_exporter"
    exporter = getattr(owner, name, None) or getattr(way_out, "sender", None)
    if exporter is not None:
        yield exporter


def forget() -> None:
    """Make the API forget its global providers, so that a test can begin anew.

    The API allows them to be set once only (open-telemetry/opentelemetry-python#4557).
    """
    for module, name in [
        (trace, "_TRACER_PROVIDER"),
        (metrics_global, "_METER_PROVIDER"),
        (logs_global, "_LOGGER_PROVIDER"),
    ]:
        setattr(module, name, None)
        setattr(module, f"{name}_SET_ONCE", Once())
