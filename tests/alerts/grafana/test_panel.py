"""Each kind of panel, as Grafana's JSON writes it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from obskit.alerts.grafana import panel
from obskit.alerts.grafana.query import Json, ask, ask_lines, ask_now, ask_traces

LINE, NOW, TABLE = ask("up", "{{instance}}"), ask_now("up"), ask_now("up", table=True)
STATES = {0: ("ok", "green"), 4: ("critical", "red")}
# Written once, and looked at line by line.
EXPECTED = json.loads((Path(__file__).parent / "expected" / "panels.json").read_text("utf-8"))
MADE: dict[str, Json] = {
    "row": panel.row("Now"),
    "timeseries": panel.timeseries(
        "CPU", LINE, LINE, description="In use.", unit="s", width=12, stacked=True, largest=1
    ),
    "stat": panel.stat("Processes", NOW),
    "state-timeline": panel.state_timeline("States", LINE, STATES),
    "table": panel.table(
        "Each check",
        "check",
        [("State", TABLE, panel.of_states(STATES)), ("Took", TABLE, {"unit": "s"})],
    ),
    "logs": panel.logs("Lines", ask_lines('{service_name="shop"}')),
    "traces": panel.traces("Newest", ask_traces("shop", "error=true")),
}


@pytest.mark.parametrize("kind", MADE)
def test_a_panel_is_written_so(kind: str) -> None:
    assert MADE[kind] == EXPECTED[kind]


def test_lines_stand_alone_below_no_largest_unless_that_is_said() -> None:
    defaults = panel.timeseries("t", LINE)["fieldConfig"]["defaults"]
    assert (defaults["unit"], defaults["custom"]["fillOpacity"]) == ("short", 0)
    assert defaults["custom"]["stacking"]["mode"] == "none"
    assert not {"min", "max"} & set(defaults)


def test_a_panel_is_repeated_three_in_a_row() -> None:
    assert panel.repeated({"title": "$check"}, "check") == {
        "title": "$check",
        "repeat": "check",
        "repeatDirection": "h",
        "maxPerRow": 3,
    }
