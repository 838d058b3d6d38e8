"""What the panels of a dashboard ask, with Grafana's macros and variables filled in as Grafana does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

#: The macros that expressions use.
MACROS = {"__rate_interval": "1m"}
#: What stands for a variable where only the form of an expression matters.
ANY: Mapping[str, str] = {}
_VARIABLE = re.compile(r"\$(\w+)")
_LEGEND = re.compile(r"{{(\w+)}}")


@dataclass(frozen=True)
class Asked:
    """One query of one panel.

    Attributes:
        board: The dashboard's uid.
        panel: The panel's title.
        target: The query, as the JSON holds it.
    """

    board: str
    panel: str
    target: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.board}: {self.panel}: {self.target['refId']}"

    @property
    def source(self) -> str:
        """The kind of its data source."""
        return str(self.target["datasource"]["type"])

    @property
    def expr(self) -> str:
        """The expression."""
        return str(self.target["expr"])

    @property
    def legend(self) -> set[str]:
        """The labels that its legend names."""
        return set(_LEGEND.findall(self.target.get("legendFormat", "")))


def asked(board: Mapping[str, Any]) -> Iterator[Asked]:
    """Every query of a dashboard."""
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            yield Asked(board["uid"], panel["title"], target)


def variables(text: str) -> set[str]:
    """The variables that a text uses, but for macros."""
    return set(_VARIABLE.findall(text)) - MACROS.keys()


def filled(text: str, values: Mapping[str, str] = ANY) -> str:
    """A text with its variables filled in; one without a value by its own name.

    Args:
        text: An expression.
        values: What is chosen, by variable.
    """
    known = {**MACROS, **values}
    return _VARIABLE.sub(lambda found: known.get(found[1], found[1]), text)
