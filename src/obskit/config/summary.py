"""A configuration in short, for people."""

from __future__ import annotations

from typing import Any

from obskit.config.model import Config
from obskit.config.otlp import SIGNALS, Otlp
from obskit.redaction.sensitive import redact_own_url


def describe(config: Config) -> dict[str, Any]:
    """What a configuration turns on, and where it sends.

    Args:
        config: The configuration.

    Returns:
        A dictionary of plain values, without secrets.

    >>> describe(Config(service="shop"))["signals"]["traces"]
    {'exporter': 'none', 'endpoint': None, 'protocol': 'http/protobuf'}
    """
    signals = {}
    for signal in SIGNALS:
        settings: Otlp = getattr(config, signal)
        signals[signal] = {
            "exporter": config.exporter(signal),
            "endpoint": redact_own_url(settings.endpoint) if settings.endpoint else None,
            "protocol": settings.protocol,
        }
    return {
        "service": config.service,
        "version": config.version,
        "environment": config.environment,
        "signals": signals,
        "errors": "sentry" if config.sentry_dsn else None,
        "logs": {"format": config.log_format, "stream": config.log_stream},
        "trust_inbound": config.trust_inbound,
    }
