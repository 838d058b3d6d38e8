"""The providers of the process: ours, or those that the host set before us, with our export added."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from opentelemetry import _logs as api_logs
from opentelemetry import metrics as api_metrics
from opentelemetry import propagate, trace
from opentelemetry._logs import _internal as logs_global
from opentelemetry.metrics import _internal as metrics_global
from opentelemetry.sdk.resources import Resource
from opentelemetry.util._once import Once

from obskit.config import Config
from obskit.exceptions import ConfigError
from obskit.export.otlp import Export
from obskit.telemetry import logs, metrics, traces


@dataclass
class Providers:
    """The providers that this process uses.

    Attributes:
        tracer: The tracer provider.
        meter: The meter provider.
        logger: The logger provider.
        hosts_own: The signals whose provider the host set itself.
        exported_by_host: Those of them that the host's provider sends over OTLP already.
    """

    tracer: Any
    meter: Any
    logger: Any
    hosts_own: frozenset[str]
    exported_by_host: frozenset[str]

    def update_resource(self, resource: Resource) -> None:
        """Put other attributes on everything that leaves from now on, as a forked child must.

        The SDK does so itself for detectors that depend on the process; ours is no detector,
        because a detector's result cannot differ between two runtimes.
        """
        for signal, provider in self._ours():
            if signal not in self.hosts_own:
                provider._update_resource(resource)

    def _ours(self) -> list[tuple[str, Any]]:
        pairs = [("traces", self.tracer), ("metrics", self.meter), ("logs", self.logger)]
        return [pair for pair in pairs if pair[0] not in self.hosts_own]

    def discard(self) -> None:
        """Let the exporters forget what waits, and take no more."""
        for exporter in (
            exporter for signal, provider in self._ours() for exporter in _exporters(provider, signal)
        ):
            if exporter is not None:
                exporter.shutdown()

    def shutdown_signal(self, signal: str) -> None:
        """Flush and close what is ours of one signal."""
        for own, provider in self._ours():
            if own == signal:
                provider.shutdown()


def install(config: Config, resource: Resource, export: Export) -> Providers:
    """Make providers global, or join those that the host made global.

    A host's provider that already sends over OTLP gets no second exporter: everything would arrive
    twice.

    Args:
        config: The configuration.
        resource: What ours tell of.
        export: What takes each signal out.
    """
    hosts_own: set[str] = set()
    exported: set[str] = set()
    tracer = trace._TRACER_PROVIDER
    if tracer is None:
        tracer = traces.build(config, resource)
        trace.set_tracer_provider(tracer)
    else:
        hosts_own.add("traces")
    meter = metrics_global._METER_PROVIDER
    if meter is None:
        meter = metrics.build(config, resource, [export.metrics] if export.metrics else [])
        api_metrics.set_meter_provider(meter)
    else:
        hosts_own.add("metrics")
        if not _join(meter, "metrics", export.metrics):
            exported.add("metrics")
    logger = logs_global._LOGGER_PROVIDER
    if logger is None:
        logger = logs.build(config, resource)
        api_logs.set_logger_provider(logger)
    else:
        hosts_own.add("logs")
    if not _join(tracer, "traces", export.traces):
        exported.add("traces")
    if not _join(logger, "logs", export.logs):
        exported.add("logs")
    return Providers(tracer, meter, logger, frozenset(hosts_own), frozenset(exported))


def _join(provider: Any, signal: str, way_out: Any) -> bool:
    """Add a way out to a provider. False when it has one of its own over OTLP."""
    if any("otlp" in type(exporter).__module__ for exporter in _exporters(provider, signal)):
        if way_out is not None:
            way_out.shutdown()
        return False
    adders = {
        "traces": "add_span_processor",
        "metrics": "add_metric_reader",
        "logs": "add_log_record_processor",
    }
    add = getattr(provider, adders[signal], None)
    if way_out is not None and add is not None:
        add(way_out)
    return True


def _exporters(provider: Any, signal: str) -> list[Any]:
    """The exporters behind a provider of the SDK, as far as they can be seen."""
    if signal == "metrics":
        readers = getattr(provider, "_metric_readers", ())
        return [getattr(reader, "_exporter", None) for reader in readers]
    multi = getattr(provider, "_active_span_processor", None) or getattr(
        provider, "_multi_log_record_processor", None
    )
    processors = getattr(multi, "_span_processors", None) or getattr(
        multi, "_log_record_processors", ()
    )
    found = []
    for processor in processors:
        batch = getattr(processor, "_batch_processor", None)
        for owner, name in [(batch, "_exporter"), (processor, "span_exporter"), (processor, "_exporter")]:
            found.append(getattr(owner, name, None))
    return found


def set_propagators(names: tuple[str, ...]) -> None:
    """Make the propagators of `OTEL_PROPAGATORS` global.

    Args:
        names: Their names, in order.

    Raises:
        ConfigError: One of them is not installed.
    """
    from importlib.metadata import entry_points

    from opentelemetry.propagators.composite import CompositePropagator

    installed = {entry.name: entry for entry in entry_points(group="opentelemetry_propagator")}
    unknown = [name for name in names if name not in installed and name != "none"]
    if unknown:
        raise ConfigError(
            [
                f"propagators holds {name!r} (OTEL_PROPAGATORS):"
                f" use {', '.join(sorted(installed))}, or install its package"
                for name in unknown
            ]
        )
    chosen = [installed[name].load()() for name in names if name != "none"]
    propagate.set_global_textmap(CompositePropagator(chosen))


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
