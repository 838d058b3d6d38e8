"""What each service adds to Alertmanager's configuration: a file each, so that none forgets the others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from obskit.alerts.alertmanager.inhibition import Part
from obskit.alerts.inventory import Inventory
from obskit.exceptions import ConfigError

_FOLDER = "alertmanager/services"


def path(inventory: Inventory) -> str:
    """Where the part of a service stands, under the folder of what is generated.

    >>> from obskit.registry import Registry
    >>> path(Inventory("shop", "production", Registry()))
    'alertmanager/services/shop@production.json'
    """
    return f"{_FOLDER}/{inventory.stem}.json"


def text(part: Part) -> str:
    """A part, as its file holds it."""
    return json.dumps(part._asdict(), indent=2) + "\n"


def others(output: Path, inventory: Inventory) -> Iterator[Part]:
    """The parts of other services, and of this one in other environments.

    Args:
        output: The folder of what is generated.
        inventory: Which service is generated now.

    Raises:
        ConfigError: A file is no part.
    """
    own = output / path(inventory)
    for file in sorted((output / _FOLDER).glob("*.json")):
        try:
            found = Part(**json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise ConfigError(
                [f"{file} cannot be read: {error}: remove it, and generate its service anew"]
            ) from error
        if file != own:
            yield found
