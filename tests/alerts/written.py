"""What a rule is read as: its metrics, the labels that it chooses by, and those that it keeps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import promql_parser

from obskit.alerts import rule_file
from obskit.alerts.inventory import Inventory
from obskit.alerts.rule import Alert, Group, Recording
from obskit.alerts.yaml_text import dump
from obskit.registry import Registry

Selector = tuple[str, dict[str, str]]


def inventory(registry: Registry | None = None, **more: object) -> Inventory:
    """That of a shop."""
    fields = {"environment": "production", "dashboards": "https://grafana", **more}
    return Inventory("shop", registry=registry or Registry(), **fields)  # type: ignore[arg-type]


def alerts(groups: list[Group]) -> list[Alert]:
    """Those that fire."""
    return [alert for group in groups for alert in group.alerts]


def recordings(groups: list[Group]) -> list[Recording]:
    """Those that record."""
    return [rule for group in groups for rule in group.rules if isinstance(rule, Recording)]


def chosen(groups: list[Group], name: str, severity: str) -> Alert:
    """The one alert of a name and severity."""
    (found,) = (
        alert
        for alert in alerts(groups)
        if (alert.name, alert.labels["severity"]) == (name, severity)
    )
    return found


def selectors(expr: str) -> list[Selector]:
    """Each selector: its metric, and what it demands of labels."""
    found: list[Selector] = []

    def look(node: object) -> bool:
        if isinstance(node, promql_parser.VectorSelector):
            demands = {one.name: one.value for one in node.matchers.matchers}
            found.append((node.name or "", demands))
        return True

    promql_parser.walk(promql_parser.parse(expr), look)
    return found


def kept(expr: str) -> Iterator[str]:
    """The labels that aggregations keep."""
    found: list[str] = []

    def look(node: object) -> bool:
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier:
            found.extend(node.modifier.labels)
        return True

    promql_parser.walk(promql_parser.parse(expr), look)
    return iter(found)


def written(groups: list[Group]) -> str:
    """The text of a rule file."""
    return dump(rule_file.rules(groups))


def expected(name: str) -> str:
    """The text of a rule file that was looked at, line by line."""
    return (Path(__file__).parent / "expected" / f"{name}.yml").read_text(encoding="utf-8")
