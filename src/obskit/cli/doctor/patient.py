"""What a diagnosis looks at, and what it finds."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from obskit.config import Config
from obskit.registry import Registry
from obskit.state.store import Store


class Patient(NamedTuple):
    """A service, as far as a command can see it.

    Attributes:
        config: Its configuration.
        registry: What it declares.
        store: What it has kept.
        alerts: Who hears of what: the file.
        now: Seconds since the Unix epoch.
    """

    config: Config
    registry: Registry
    store: Store
    alerts: Path
    now: float


class Finding(NamedTuple):
    """What was found.

    Attributes:
        what: What was found.
        remedy: What to do about it; empty where nothing is wrong.
    """

    what: str
    remedy: str = ""

    @property
    def is_wrong(self) -> bool:
        """Whether something is wrong."""
        return bool(self.remedy)
