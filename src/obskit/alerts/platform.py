"""What all services stand on: its rules are the same, of whichever service they are generated."""

from __future__ import annotations

from dataclasses import replace

from obskit.alerts.inventory import Inventory
from obskit.alerts.rule import Alert, Trial
from obskit.declaration import Severity


def alert(
    inventory: Inventory,
    name: str,
    expr: str,
    *,
    severity: Severity,
    of: str,
    summary: str,
    description: str,
    waits: float = 0.0,
    keeps: float = 0.0,
    trials: tuple[Trial, ...] = (),
) -> Alert:
    """An alert that is about no service.

    Args:
        inventory: Where runbooks and dashboards are.
        name: What it is called.
        expr: What holds while it fires.
        severity: How soon somebody must act.
        of: What it is about: its label `service`, and its dashboard.
        summary: One line: what is wrong, with whose name.
        description: What it means, with the value in words.
        waits: Seconds that it must hold.
        keeps: Seconds that it goes on.
        trials: What proves it.
    """
    any_service = replace(inventory, service="", environment="")
    return Alert(
        name,
        expr,
        labels=inventory.labels(severity, None, service=of),
        annotations=any_service.annotations(
            summary, description, topic=name.lower(), dashboard=f"obskit-{of}"
        ),
        holds_for=waits,
        keeps_for=keeps,
        trials=trials,
    )
