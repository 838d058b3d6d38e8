"""The whole configuration of Alertmanager."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.resources import files
from typing import Any

from obskit.alerts.alertmanager import channels, inhibition, routes, windows
from obskit.alerts.alertmanager.channels import Tell
from obskit.alerts.alertmanager.inhibition import Part
from obskit.alerts.inventory import Inventory
from obskit.exceptions import ConfigError
from obskit.receivers.model import Directory, Receiver

#: The oldest Alertmanager that the configuration is valid for.
OLDEST = (0, 25)
#: The file of what people read, beside the configuration.
TEMPLATES = "obskit.tmpl"


def configuration(
    inventory: Inventory,
    directory: Directory,
    *,
    version: tuple[int, int] = OLDEST,
    secret: Tell = channels.placeholder,
    others: Iterable[Part] = (),
) -> dict[str, Any]:
    """What `alertmanager.yml` says.

    Args:
        inventory: What is expected.
        directory: Who hears of what.
        version: Alertmanager's, from 0.25.
        secret: Gives the secrets that must stand in the configuration itself; by default what
            stands in their place, so that it can be shown to anybody and sends nothing.
        others: What other services add that this Alertmanager serves.

    Raises:
        ConfigError: This Alertmanager cannot do what is asked of it. It lists everything.
    """
    receivers = list(heard(directory))
    problems = [
        problem for receiver in receivers for problem in channels.refused(receiver, version)
    ]
    if problems:
        raise ConfigError(problems)
    intervals = list(windows.time_intervals(directory))
    nobody = [] if directory.watchdog else [{"name": routes.NOBODY}]
    return {
        **({"global": channels.mailer(directory.mailer, secret)} if directory.mailer else {}),
        "templates": [TEMPLATES],
        "route": routes.root(inventory, directory),
        **({"time_intervals": intervals} if intervals else {}),
        "inhibit_rules": inhibition.rules(inventory, others),
        "receivers": [
            *(channels.configured(receiver, directory, secret) for receiver in receivers),
            *nobody,
        ],
    }


def heard(directory: Directory) -> Iterator[Receiver]:
    """The receivers that hear of something, in the order of the file."""
    names = {directory.default, *directory.owners.values(), directory.watchdog}
    names |= {delivery.page for delivery in directory.severities.values()}
    return (one for name, one in directory.receivers.items() if name in names)


def templates() -> str:
    """What stands in the file of what people read."""
    return (files("obskit.alerts.alertmanager") / TEMPLATES).read_text("utf-8")
