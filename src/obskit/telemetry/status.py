"""What is on, and where it sends, in plain values."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from obskit.config import Config, describe
from obskit.ledger import Ledger
from obskit.redaction import rules
from obskit.telemetry import cardinality
from obskit.telemetry.providers import Providers


def status(
    config: Config,
    providers: Providers,
    ledger: Ledger,
    *,
    instance: str,
    errors: bool,
    instrumentations: Sequence[str],
) -> dict[str, Any]:
    """The state of a runtime.

    Args:
        config: The configuration.
        providers: Its providers.
        ledger: The account of every record.
        instance: The `service.instance.id`.
        errors: Whether errors are reported.
        instrumentations: What client libraries are instrumented.

    Returns:
        A dictionary of plain values, without secrets.
    """
    shown = describe(config)
    for signal, way in shown["signals"].items():
        way["provider"] = "host" if signal in providers.hosts_own else "obskit"
        way["exported_by_host"] = signal in providers.exported_by_host
    return {
        **shown,
        "errors": "sentry" if errors else None,
        "pid": os.getpid(),
        "instance_id": instance,
        "instrumentations": list(instrumentations),
        "redaction": rules.status(),
        "ledger": ledger.snapshot(),
        "metrics": {"overflowed": cardinality.overflowed(providers.meter)},
    }
