"""What is expected of a service in an environment, and the labels that all its rules share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

from obskit.alerts.promql import DRILL, ENVIRONMENT, SERVICE, Wanted, select
from obskit.alerts.rule import NOBODY, SEVERITIES
from obskit.declaration import Severity
from obskit.registry import Registry

DAY = 86_400.0


@dataclass(frozen=True)
class Inventory:
    """What rules, routes and dashboards are generated of.

    Attributes:
        service: `service.name`.
        environment: `deployment.environment.name`; empty where the service says none.
        registry: What the service declares.
        export_interval: Seconds from one export of metrics to the next.
        retention: Seconds that Prometheus keeps samples.
        runbooks: The URL of the page that says what to do about an alert without a runbook of its own.
        dashboards: Grafana's URL; empty where there is none.
        scale: What the rules' own times are multiplied by. Less than 1 in a drill.
    """

    service: str
    environment: str
    registry: Registry
    export_interval: float = 60.0
    retention: float = 15 * DAY
    runbooks: str = "runbooks.md"
    dashboards: str = ""
    scale: float = 1.0

    @property
    def stem(self) -> str:
        """What the names of its own files begin with: of no other service and environment, whatever they are called.

        >>> Inventory("shop/eu", "production", Registry()).stem
        'shop%2Feu@production'
        """
        words = (self.service, self.environment) if self.environment else (self.service,)
        return "@".join(quote(word, safe="") for word in words)

    @property
    def delay(self) -> float:
        """Seconds, at most, from a measurement until a rule can read it."""
        return 2 * self.export_interval + self.scaled(30.0)

    def scaled(self, seconds: float) -> float:
        """A span of the rules' own, shorter in a drill."""
        return round(seconds * self.scale, 6)

    def series(self, name: str, **labels: Wanted) -> str:
        """The service's series of a name."""
        return select(name, {SERVICE: self.service, ENVIRONMENT: self.environment, **labels})

    def real(self, name: str, **labels: Wanted) -> str:
        """The same without what a drill made up."""
        return self.series(name, **labels, **{DRILL: ""})

    @property
    def identity(self) -> dict[str, str]:
        """The labels of what is recorded for the service."""
        return {SERVICE: self.service, ENVIRONMENT: self.environment}

    @property
    def place(self) -> str:
        """Where the service runs, as a person reads it."""
        if self.environment:
            return f'In environment "{self.environment}".'
        return "The service names no environment."

    def labels(self, severity: Severity, owner: str | None, **more: str) -> dict[str, str]:
        """What every alert of the service is labelled with."""
        return {
            "severity": SEVERITIES[severity],
            "owner": owner or NOBODY,
            "service": self.service,
            **more,
        }

    def annotations(
        self,
        summary: str,
        description: str,
        *,
        runbook: str | None = None,
        topic: str,
        dashboard: str,
        variables: Mapping[str, str] | None = None,
    ) -> dict[str, str]:
        """What an alert says to a person.

        Args:
            summary: One line: what is wrong, with whose name.
            description: What it means, with the value in words.
            runbook: Where it is written what to do, where the declaration says it.
            topic: The section of the general runbooks otherwise.
            dashboard: The dashboard to look at, by its name.
            variables: What is chosen there: a value, or a template that ends in ``}}``.
        """
        url = f"{self.dashboards.rstrip('/')}/d/{quote(dashboard)}" if self.dashboards else ""
        chosen = {"service": self.service, "environment": self.environment, **(variables or {})}
        shown = "&".join(f"var-{name}={_in_url(value)}" for name, value in chosen.items() if value)
        return {
            "summary": summary,
            "description": description,
            "runbook_url": runbook or f"{self.runbooks}#{topic}",
            **({"dashboard_url": f"{url}?{shown}".rstrip("?")} if url else {}),
        }


def _in_url(value: str) -> str:
    # What a template makes of it is escaped when it is made.
    return f"{value[:-2]}| urlquery }}}}" if value.endswith("}}") else quote_plus(value)
