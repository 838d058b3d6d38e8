"""When the alerts of a check fire, and who hears of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from obskit.alerts import explain
from obskit.alerts.inventory import Inventory
from obskit.config import Config
from obskit.exceptions import ObskitError
from obskit.receivers.reading import read_directory
from obskit.registry import Registry

#: Where it stands who hears of what, as the commands have it.
ALERTS = Path("alerts.toml")
#: The name of each alert, and what there is to say of it: a word and a text.
Explained = Sequence[tuple[str, Sequence[tuple[str, str]]]]


def explained(registry: Registry, config: Config, name: str) -> Explained:
    """What alerts of a check there are.

    Args:
        registry: What is declared.
        config: Whose it is.
        name: The check's name.
    """
    inventory = Inventory(
        config.service,
        config.environment or "",
        registry,
        export_interval=config.metric_export_interval_ms / 1_000,
    )
    try:
        found = explain.concerning(inventory, f"check:{name}")
        directory = read_directory(ALERTS) if ALERTS.exists() else None
    except (ObskitError, LookupError, OSError) as wrong:
        return [("They cannot be told", [("why", str(wrong))])]
    told = []
    for alert in found:
        hears = () if directory is None else explain.hearers(alert, inventory, directory)
        told.append((alert.name, [*explain.facts(alert), *hears]))
    return told
