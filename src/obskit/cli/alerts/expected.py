"""What is expected of an app, as its alerts are generated of it."""

from __future__ import annotations

from obskit.alerts.inventory import Inventory
from obskit.config import Config
from obskit.registry import Registry


def inventory(registry: Registry, config: Config) -> Inventory:
    """What alerts are generated of, but for where people look.

    Args:
        registry: What the app declares.
        config: How it is configured.
    """
    return Inventory(
        config.service,
        config.environment or "",
        registry,
        export_interval=config.metric_export_interval_ms / 1_000,
    )
