"""What a diagnosis looks at, and what it finds."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

from obskit.clock import SYSTEM_CLOCK
from obskit.config import Config
from obskit.registry import Registry
from obskit.state.store import Store

Level = Literal["ok", "warning", "failed"]


class Servers(NamedTuple):
    """Where what was sent is read back; None for what nobody named.

    Attributes:
        prometheus: Prometheus' URL.
        alertmanager: Alertmanager's.
        jaeger: Jaeger's.
        loki: Loki's.
        sentry: That of Sentry, or of what speaks its protocol.
        sentry_org: The organization there; without one it is asked as Bugsink is.
        sentry_token: A token that may read there.
    """

    prometheus: str | None = None
    alertmanager: str | None = None
    jaeger: str | None = None
    loki: str | None = None
    sentry: str | None = None
    sentry_org: str | None = None
    sentry_token: str | None = None


class Patient(NamedTuple):
    """A service, as far as a command can see it.

    Attributes:
        config: Its configuration.
        registry: What it declares.
        store: What it has kept.
        alerts: Who hears of what: the file.
        now: Seconds since the Unix epoch.
        app: Whether its app was named, so that what it declares is known.
        alerts_named: Whether the file was named, not only expected.
        servers: What can be asked.
        offline: Whether nothing may be sent or asked.
        until: When the examination ends, by the monotonic clock.
    """

    config: Config
    registry: Registry
    store: Store
    alerts: Path
    now: float
    app: bool = True
    alerts_named: bool = True
    servers: Servers = Servers()
    offline: bool = False
    until: float = float("inf")

    def left(self) -> float:
        """Seconds left, perhaps none."""
        return max(0.0, self.until - SYSTEM_CLOCK.monotonic())


class Finding(NamedTuple):
    """What was found.

    Attributes:
        what: What was found.
        remedy: What to do about it; empty where nothing is wrong.
        mild: It works as it is, and may not for ever.
        sums_up: It says in one line what the others say one by one.
    """

    what: str
    remedy: str = ""
    mild: bool = False
    sums_up: bool = False

    @property
    def level(self) -> Level:
        """How bad it is."""
        if not self.remedy:
            return "ok"
        return "warning" if self.mild else "failed"

    @property
    def is_wrong(self) -> bool:
        """Whether something is wrong."""
        return self.level == "failed"
