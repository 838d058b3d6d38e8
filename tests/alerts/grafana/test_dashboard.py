"""Where panels stand, and what can be chosen."""

from __future__ import annotations

from obskit.alerts.grafana.dashboard import SERVICE_CHOICE, dashboard, placed, variable
from obskit.alerts.grafana.panel import row, stat, timeseries
from obskit.alerts.grafana.query import Json, ask, ask_now


def places(*panels: Json) -> list[tuple[int, int, int, int, int]]:
    found = placed(panels)
    return [(one["id"], *(one["gridPos"][key] for key in "xywh")) for one in found]


def wide(width: int) -> Json:
    return timeseries("t", ask("up"), width=width)


def test_panels_stand_beside_each_other_while_there_is_room() -> None:
    assert places(wide(12), wide(8), wide(8)) == [
        (1, 0, 0, 12, 8),
        (2, 12, 0, 8, 8),
        (3, 0, 8, 8, 8),
    ]


def test_a_line_is_as_high_as_its_highest_panel() -> None:
    assert places(stat("s", ask_now("up")), wide(8), wide(24)) == [
        (1, 0, 0, 4, 4),
        (2, 4, 0, 8, 8),
        (3, 0, 8, 24, 8),
    ]


def test_a_row_begins_a_line_and_what_follows_stands_below() -> None:
    assert places(wide(8), row("r"), wide(8)) == [
        (1, 0, 0, 8, 8),
        (2, 0, 8, 24, 1),
        (3, 0, 9, 8, 8),
    ]


def test_a_variable_of_many_values_begins_with_all_of_them() -> None:
    made = variable("route", "Route", "label_values(up, route)")
    assert (made["multi"], made["includeAll"], made["allValue"]) == (True, True, ".*")
    assert made["current"]["value"] == ["$__all"]
    assert made["query"] == {"query": "label_values(up, route)", "refId": "variable-route"}


def test_a_variable_of_one_value_has_no_all() -> None:
    made = variable("service", "Service", "label_values(up, service)", many=False)
    assert (made["multi"], made["includeAll"]) == (False, False)
    assert "allValue" not in made
    assert "current" not in made


def test_a_variable_that_repeats_a_panel_has_no_pattern_for_all() -> None:
    made = variable("measured", "Measured", "label_values(up, check)", repeats=True)
    assert (made["multi"], made["includeAll"]) == (True, True)
    assert "allValue" not in made


def test_a_dashboard_leads_to_the_others_and_marks_the_alerts_of_its_service() -> None:
    made = dashboard("obskit-own", "Own", "What is own.", SERVICE_CHOICE, [])
    assert made["links"] == [
        {
            "title": "obskit",
            "type": "dashboards",
            "tags": ["obskit"],
            "asDropdown": True,
            "includeVars": True,
            "keepTime": True,
            "targetBlank": False,
            "icon": "external link",
            "tooltip": "The other sides of the same service",
            "url": "",
        }
    ]
    assert made["annotations"]["list"][0] == {
        "name": "Alerts",
        "datasource": {"type": "prometheus", "uid": "obskit-prometheus"},
        "enable": True,
        "hide": False,
        "iconColor": "red",
        "expr": 'ALERTS{alertstate="firing", service="$service", obskit_drill=""}',
        "titleFormat": "{{alertname}}",
        "tagKeys": "severity,owner",
        "step": "60s",
    }
    assert (made["time"], made["refresh"]) == ({"from": "now-3h", "to": "now"}, "1m")
