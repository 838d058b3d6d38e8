"""The way of an alert by its severity and owner."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from obskit.alerts.alertmanager.matching import Labels, matchers
from obskit.alerts.alertmanager.windows import with_windows
from obskit.alerts.inventory import DAY, Inventory
from obskit.alerts.promql import DRILL, ENVIRONMENT, span
from obskit.alerts.rule import SEVERITIES
from obskit.declaration import Severity
from obskit.receivers.model import Directory, Mute

#: The alert that always fires: where it does not arrive, no other would.
WATCHDOG = "Watchdog"
#: Who hears of the watchdog where the file names nobody; no receiver of the file is called so.
NOBODY = "_nobody"

_WAIT, _INTERVAL, _REPEAT = 10.0, 10.0, 12 * 3_600.0


def root(inventory: Inventory, directory: Directory) -> dict[str, Any]:
    """The route that all others are within.

    Args:
        inventory: Whose times are used.
        directory: Who hears of what.

    Raises:
        ConfigError: Too many mute windows may mean the same alert.
    """
    return {
        "receiver": directory.default,
        # A drill is no company for what is real, nor one environment for another.
        "group_by": ["service", "alertname", "severity", ENVIRONMENT, DRILL],
        "group_wait": span(inventory.scaled(_WAIT)),
        "group_interval": span(inventory.scaled(_INTERVAL)),
        "repeat_interval": span(inventory.scaled(_REPEAT)),
        "routes": [
            _watchdog(inventory, directory),
            *(_severity(inventory, directory, severity) for severity in SEVERITIES),
        ],
    }


def _watchdog(inventory: Inventory, directory: Directory) -> dict[str, Any]:
    # Once a minute: it is told again at the first interval after its repetition is due.
    return {
        "matchers": matchers({"alertname": (WATCHDOG,)}),
        "receiver": directory.watchdog or NOBODY,
        "group_wait": "0s",
        "group_interval": span(inventory.scaled(20.0)),
        "repeat_interval": span(inventory.scaled(50.0)),
    }


def _severity(inventory: Inventory, directory: Directory, severity: Severity) -> dict[str, Any]:
    daily = {"group_interval": span(inventory.scaled(DAY))} if severity == "sev3" else {}
    return {
        "matchers": matchers({"severity": (SEVERITIES[severity],)}),
        **daily,
        "repeat_interval": span(inventory.scaled(directory.severities[severity].repeat)),
        "routes": list(_owners(directory, severity)),
    }


def _owners(directory: Directory, severity: Severity) -> Iterator[dict[str, Any]]:
    """Those who hear the same are one route for each receiver; who is not named comes last."""
    others = directory.hearing(severity, None)
    told: dict[tuple[str, ...], list[str]] = {}
    for owner in directory.owners:
        told.setdefault(directory.hearing(severity, owner), []).append(owner)
    told.pop(others, None)
    gone: set[str] = set()
    for receivers, owners in told.items():
        match = {"owner": tuple(sorted(owners))}
        yield from _told(directory, severity, receivers, match, directory.mutes)
        gone.update(owners)
    # What means nobody but them is nothing to the rest.
    left = [
        mute
        for mute in directory.mutes
        if not mute.match.get("owner") or set(mute.match["owner"]) - gone
    ]
    yield from _told(directory, severity, others, {}, left)


def _told(
    directory: Directory,
    severity: Severity,
    receivers: tuple[str, ...],
    match: Labels,
    mutes: Sequence[Mute],
) -> Iterator[dict[str, Any]]:
    known: Labels = {"severity": (SEVERITIES[severity],), **match}
    office = severity == "sev2" and directory.working_hours is not None
    for receiver in receivers:
        route = {
            **({"matchers": matchers(match)} if match else {}),
            "receiver": receiver,
            **({"continue": True} if receiver != receivers[-1] else {}),
        }
        yield with_windows(route, known, mutes, office=office)
