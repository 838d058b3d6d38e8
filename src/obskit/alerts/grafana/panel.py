"""The panels of a dashboard, as Grafana's JSON writes them; where each stands is decided later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from obskit.alerts.grafana.query import Json

#: Grafana divides the width of a page into so many columns.
COLUMNS = 24

_LEGEND: Json = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
#: From which value on a number is shown in which colour; the first is the colour below all others.
Steps = Sequence[tuple[float | None, str]]

NEUTRAL: Steps = ((None, "blue"),)


def row(title: str) -> Json:
    """A heading of what follows."""
    return {
        "type": "row",
        "title": title,
        "collapsed": False,
        "panels": [],
        "gridPos": {"w": COLUMNS, "h": 1},
    }


def timeseries(
    title: str,
    *queries: Json,
    description: str = "",
    unit: str = "short",
    width: int = 8,
    stacked: bool = False,
    largest: float | None = None,
) -> Json:
    """Numbers over time, as lines.

    Args:
        title: What is shown.
        *queries: What is asked.
        description: What it means, and what to look at.
        unit: Grafana's name of the unit.
        width: In columns.
        stacked: Whether each line stands on the one before.
        largest: Where the scale ends, where that is known.
    """
    custom: Json = {
        "drawStyle": "line",
        "fillOpacity": 40 if stacked else 0,
        "lineWidth": 1,
        "showPoints": "auto",
        "spanNulls": False,
        "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
    }
    defaults: Json = {
        "unit": unit,
        "color": {"mode": "palette-classic"},
        "custom": custom,
        **({} if largest is None else {"min": 0, "max": largest}),
    }
    options = {"legend": _LEGEND, "tooltip": {"mode": "multi", "sort": "desc"}}
    return _panel("timeseries", title, queries, description, (width, 8), defaults, **options)


def stat(
    title: str,
    query: Json,
    *,
    description: str = "",
    unit: str = "short",
    steps: Steps = NEUTRAL,
    width: int = 4,
) -> Json:
    """One number, large.

    Args:
        title: What it is.
        query: What is asked.
        description: What it means.
        unit: Grafana's name of the unit.
        steps: Its colours.
        width: In columns.
    """
    return _panel(
        "stat",
        title,
        [query],
        description,
        (width, 4),
        {"unit": unit, "color": {"mode": "thresholds"}, "thresholds": _thresholds(steps)},
        colorMode="value",
        graphMode="none",
        justifyMode="auto",
        orientation="auto",
        textMode="auto",
        reduceOptions={"calcs": ["lastNotNull"], "fields": "", "values": False},
    )


def state_timeline(
    title: str,
    query: Json,
    states: Mapping[int, tuple[str, str]],
    *,
    description: str = "",
    height: int = 10,
) -> Json:
    """States over time, a line for each series.

    Args:
        title: What is shown.
        query: What is asked.
        states: Of each number what it is called, and its colour.
        description: What it means.
        height: In rows of the grid.
    """
    return _panel(
        "state-timeline",
        title,
        [query],
        description,
        (COLUMNS, height),
        {
            "color": {"mode": "thresholds"},
            "mappings": [_mapping(states)],
            "thresholds": _thresholds([(None, "gray")]),
            "custom": {"fillOpacity": 80, "lineWidth": 0},
        },
        mergeValues=True,
        showValue="never",
        alignValue="left",
        rowHeight=0.9,
        legend={**_LEGEND, "showLegend": False},
        tooltip={"mode": "single", "sort": "none"},
    )


def table(
    title: str,
    key: str,
    columns: Sequence[tuple[str, Json, Json]],
    *,
    description: str = "",
    height: int = 10,
) -> Json:
    """A line for each thing, with what is now of it.

    Args:
        title: What is shown.
        key: The label that tells the things apart.
        columns: Of each: its heading, what is asked as a table, how it is shown.
        description: What it means.
        height: In rows of the grid.
    """
    made = _panel(
        "table",
        title,
        [query for _, query, _ in columns],
        description,
        (COLUMNS, height),
        {"custom": {"align": "auto", "cellOptions": {"type": "auto"}}},
        showHeader=True,
        cellHeight="sm",
    )
    # Grafana calls the number of query A "Value #A"; joined, each frame brings a time of its own.
    letters = [target["refId"] for target in made["targets"]]
    headings = {
        f"Value #{each}": heading for each, (heading, _, _) in zip(letters, columns, strict=True)
    }
    times = {"Time": True, **{f"Time {n}": True for n in range(1, len(columns) + 1)}}
    made["transformations"] = [
        {"id": "joinByField", "options": {"byField": key, "mode": "outer"}},
        {"id": "organize", "options": {"excludeByName": times, "renameByName": headings}},
    ]
    made["fieldConfig"]["overrides"] = [
        {
            "matcher": {"id": "byName", "options": heading},
            "properties": [{"id": name, "value": value} for name, value in shown.items()],
        }
        for heading, _, shown in columns
    ]
    return made


def logs(title: str, query: Json, *, description: str = "", height: int = 12) -> Json:
    """Log lines, the newest first."""
    return _panel(
        "logs",
        title,
        [query],
        description,
        (COLUMNS, height),
        {},
        showTime=True,
        showLabels=False,
        showCommonLabels=False,
        wrapLogMessage=True,
        prettifyLogMessage=False,
        enableLogDetails=True,
        dedupStrategy="none",
        sortOrder="Descending",
    )


def traces(title: str, query: Json) -> Json:
    """The traces that a search finds: each a link to itself."""
    return _panel("table", title, [query], "", (12, 10), {}, showHeader=True, cellHeight="sm")


def repeated(panel: Json, variable: str) -> Json:
    """The same panel for each value of a variable, three beside each other."""
    return {**panel, "repeat": variable, "repeatDirection": "h", "maxPerRow": 3}


def of_states(states: Mapping[int, tuple[str, str]]) -> Json:
    """How a column of a table shows states."""
    return {
        "mappings": [_mapping(states)],
        "custom.cellOptions": {"type": "color-background", "mode": "basic"},
    }


def _mapping(states: Mapping[int, tuple[str, str]]) -> Json:
    return {
        "type": "value",
        "options": {
            str(number): {"text": text, "color": color, "index": index}
            for index, (number, (text, color)) in enumerate(states.items())
        },
    }


def _thresholds(steps: Steps) -> Json:
    listed = [{"value": value, "color": color} for value, color in steps]
    return {"mode": "absolute", "steps": listed}


def _panel(
    kind: str,
    title: str,
    queries: Sequence[Json],
    description: str,
    size: tuple[int, int],
    defaults: Json,
    **options: object,
) -> Json:
    targets = [{"refId": chr(ord("A") + n), **query} for n, query in enumerate(queries)]
    return {
        "type": kind,
        "title": title,
        **({"description": description} if description else {}),
        "datasource": targets[0]["datasource"],
        "gridPos": {"w": size[0], "h": size[1]},
        "targets": targets,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": options,
    }
