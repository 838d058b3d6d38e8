"""A shop and who hears of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from obskit import Registry
from obskit.alerts.inventory import Inventory
from obskit.receivers.model import Directory
from obskit.receivers.reading import directory_of


def shop(*, environment: str = "production", scale: float = 1.0) -> Inventory:
    """A service in which the orders need the database, and the invoices the orders."""
    registry = Registry()
    registry.add("database", lambda: True, every="1m", severity="sev1")
    registry.add("orders", lambda: True, every="1m", owner="data", depends_on=["database"])
    registry.add("invoices", lambda: True, every="1m", depends_on=["orders"])
    registry.add("disk", lambda: True, every="1m")
    return Inventory("shop", environment, registry, scale=scale)


def directory(**more: Any) -> Directory:
    """Three receivers, one of them named for the owner `data`."""
    receivers: Mapping[str, Any] = {
        name: {"webhook": {"url": f"http://127.0.0.1:9095/{name}"}}
        for name in ("on-call", "data-team", "team")
    }
    given = {
        "receivers": {**receivers, **more.pop("receivers", {})},
        "owners": {"data": "data-team"},
        "default": {"receiver": "team"},
        **more,
    }
    return directory_of(given, "alerts.toml")


def hours(**more: str) -> dict[str, Any]:
    """Working hours in Berlin."""
    return {
        "days": "monday-friday",
        "from": "09:00",
        "until": "17:00",
        "timezone": "Europe/Berlin",
        **more,
    }
