"""A dashboard in a few words: what can be chosen, and of each panel what it asks and how it shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def outline(board: Mapping[str, Any]) -> str:
    """The dashboard, a line for each thing."""
    return (
        "\n".join([f"{board['uid']}: {board['title']}", board["description"], *_lines(board)])
        + "\n"
    )


def expected(uid: str) -> str:
    """An outline that was looked at, line by line."""
    return (Path(__file__).parent / "expected" / f"{uid}.txt").read_text(encoding="utf-8")


def _lines(board: Mapping[str, Any]) -> Iterator[str]:
    for one in board["templating"]["list"]:
        yield f"choose {one['name']} ({one['label']}): {one.get('definition', '')}"
    for panel in board["panels"]:
        if panel["type"] == "row":
            yield f"\n== {panel['title']}"
        else:
            yield from _panel(panel)


def _panel(panel: Mapping[str, Any]) -> Iterator[str]:
    at = panel["gridPos"]
    repeat = [f"for each {panel['repeat']}"] if "repeat" in panel else []
    shape = [panel["type"], f"{at['w']}x{at['h']}", *_look(panel["fieldConfig"]), *repeat]
    yield f"{panel['title']} [{', '.join(shape)}]"
    if "description" in panel:
        yield f"  {panel['description']}"
    for target in panel["targets"]:
        asked = target.get("expr") or f"{target['service']} {target['tags']}".strip()
        legend = target.get("legendFormat")
        kind = "now" if target.get("instant") else target["datasource"]["type"]
        yield f"  {kind}: {asked}" + (f"  -> {legend}" if legend else "")


def _look(config: Mapping[str, Any]) -> Iterator[str]:
    defaults = config["defaults"]
    if "unit" in defaults:
        yield defaults["unit"]
    if defaults.get("custom", {}).get("stacking", {}).get("mode") == "normal":
        yield "stacked"
    if "max" in defaults:
        yield f"{defaults['min']} to {defaults['max']}"
    steps = defaults.get("thresholds", {}).get("steps", ())
    yield from (f"{step['color']} from {step['value']}" for step in steps)
    for mapping in defaults.get("mappings", ()):
        yield from (
            f"{key} is {one['text']} ({one['color']})" for key, one in mapping["options"].items()
        )
    for column in config["overrides"]:
        shown = [one["value"] if one["id"] == "unit" else one["id"] for one in column["properties"]]
        yield f"{column['matcher']['options']}: {' '.join(shown)}"
