"""What each service adds to Alertmanager's configuration: a file each, so that none forgets the others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from obskit.alerts.alertmanager.inhibition import Part
from obskit.alerts.inventory import Inventory
from obskit.exceptions import ConfigError

_FOLDER = "alertmanager/services"


def path(service: str, environment: str) -> str:
    """Where the part of a service stands, under the folder of what is generated.

    >>> path("shop", "production")
    'alertmanager/services/shop-production.json'
    """
    stem = "-".join(quote(word, safe="") for word in (service, environment) if word)
    return f"{_FOLDER}/{stem}.json"


def text(part: Part) -> str:
    """A part, as its file holds it."""
    return json.dumps(part._asdict(), indent=2) + "\n"


def others(output: Path, inventory: Inventory) -> Iterator[Part]:
    """The parts of other services, and of this one in other environments.

    Args:
        output: The folder of what is generated.
        inventory: Which service is generated now.

    Raises:
        ConfigError: A file is no part, or another service's files have the names of this one's.
    """
    own = path(inventory.service, inventory.environment)
    for file in sorted((output / _FOLDER).glob("*.json")):
        try:
            found = Part(**json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise ConfigError(
                [f"{file} cannot be read: {error}: remove it, and generate its service anew"]
            ) from error
        if file != output / own:
            yield found
        elif found[:2] != (inventory.service, inventory.environment):
            known, new = (_named(*each) for each in (found[:2], _of(inventory)))
            raise ConfigError(
                [f"{known} and {new} would have files of one name in {output}: rename one of them"]
            )


def _of(inventory: Inventory) -> tuple[str, str]:
    return inventory.service, inventory.environment


def _named(service: str, environment: str) -> str:
    return f"{service!r} in {environment!r}" if environment else f"{service!r} without environment"
