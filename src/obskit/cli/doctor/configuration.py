"""Configuration: what was given, by whom, and what of it switches something off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from obskit.cli.doctor.patient import Finding, Patient
from obskit.config import SIGNALS
from obskit.config.origins import Origin, origins

_UNNAMED = "unknown_service"


def diagnose(patient: Patient) -> Iterator[Finding]:
    """What is configured, and where each value comes from.

    Args:
        patient: The service.
    """
    config = patient.config
    given = origins(config)
    yield Finding(_summary(given))
    for origin in given:
        yield Finding(f"{origin.name} = {origin.value} (from {origin.source})")
    if not patient.app:
        yield Finding("no app is named: what its code gives to init is not known (--app shop:app)")
    if config.service.startswith(_UNNAMED):
        yield Finding(
            "the service has no name: its telemetry is that of unknown_service",
            'name it: obskit.init("shop"), or OTEL_SERVICE_NAME',
            mild=True,
        )
    yield from _of_switches(patient)


def _summary(given: list[Origin]) -> str:
    kinds = Counter(_kind(origin.source) for origin in given)
    told = ", ".join(f"{count} from {kind}" for kind, count in kinds.items())
    return f"{len(given)} options are given" + (f": {told}" if told else "")


def _kind(source: str) -> str:
    """The environment, or what is named.

    >>> _kind("OTEL_SERVICE_NAME"), _kind("obskit.toml")
    ('the environment', 'obskit.toml')
    """
    return "the environment" if source.isupper() else source


def _of_switches(patient: Patient) -> Iterator[Finding]:
    config = patient.config
    sends = [signal for signal in SIGNALS if config.exporter(signal) == "otlp"]
    if config.sdk_disabled:
        yield Finding(
            "OpenTelemetry is switched off: no traces, metrics and logs leave",
            "unset OTEL_SDK_DISABLED",
        )
    for signal in SIGNALS:
        elsewhere = config.sdk_disabled or (signal == "metrics" and config.scraped)
        if signal not in sends and getattr(config, signal).endpoint and not elsewhere:
            chosen = f"OTEL_{signal.upper()}_EXPORTER"
            yield Finding(
                f"{signal} have an endpoint and stay in the process: {chosen} is"
                f" {config.exporter(signal)}",
                f"set {chosen}=otlp, or unset the endpoint",
                mild=True,
            )
    ratio = config.traces_sampler.endswith("traceidratio")
    nothing = config.traces_sampler_arg == 0 if ratio else config.traces_sampler.endswith("_off")
    if "traces" in sends and nothing:
        yield Finding(
            f"no trace is sampled: the sampler is {config.traces_sampler}",
            "set OTEL_TRACES_SAMPLER=parentbased_always_on",
            mild=True,
        )
    if not config.redaction:
        yield Finding(
            "secrets are not masked: redaction is off", "unset OBSKIT_REDACTION", mild=True
        )
