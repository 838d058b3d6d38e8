"""Every dashboard: what Grafana documents of its JSON, and what each expression names."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import promql_parser
import pytest

import obskit
from obskit import names
from obskit.alerts.generated import MAKERS
from obskit.alerts.grafana.files import BOARDS
from obskit.alerts.inventory import Inventory
from obskit.alerts.promql import metric
from obskit.alerts.rule import Alert, Recording
from obskit.objectives import slo

from .asked import Asked, asked, filled, variables

BUILT: dict[str, dict[str, Any]] = {made["uid"]: made for made in (make() for make in BOARDS)}
ASKED = [one for board in BUILT.values() for one in asked(board)]
OF_PROMETHEUS = [one for one in ASKED if one.source == "prometheus"]
OF_LOKI = [one for one in ASKED if one.source == "loki"]

SOURCES = {
    "prometheus": "obskit-prometheus",
    "loki": "obskit-loki",
    "jaeger": "obskit-jaeger",
}
KINDS = {"row", "timeseries", "stat", "state-timeline", "table", "logs"}
# What is read by others: the collector of itself, its receiver, an exporter.
OTHERS = ("db_client_connections_", "otelcol_", "pg_", "system_")
OURS = {
    metric(one, part)
    for one in names.METRICS
    for part in (("bucket", "count", "sum") if one.kind == "histogram" else ("",))
}


def rules() -> list[Recording | Alert]:
    """The rules of a service that declares one of everything."""
    registry = obskit.Registry()
    registry.add("rows", lambda: 1, every="1m", judge=obskit.above(warning=1))
    obskit.operation("payment", max_error_ratio=0.01, max_p95="2s", registry=registry)
    slo(availability=0.999, registry=registry)
    obskit.job("import", expect_every="24h", registry=registry)
    obskit.quota("maps", limit=10, per="1h", registry=registry)
    inventory = Inventory("shop", "production", registry, dashboards="https://grafana.example")
    return [rule for make in MAKERS.values() for one in make(inventory) for rule in one.rules]


def recorded() -> set[str]:
    """What is recorded of it."""
    return {rule.record for rule in rules() if isinstance(rule, Recording)}


def named(expr: str) -> set[str]:
    """The metrics that an expression names."""
    found: set[str] = set()

    def look(node: object) -> bool:
        if isinstance(node, promql_parser.VectorSelector) and node.name:
            found.add(node.name)
        return True

    promql_parser.walk(promql_parser.parse(filled(expr)), look)
    return found


def test_alerts_find_their_dashboards_by_these_names() -> None:
    assert list(BUILT) == [
        "obskit-service",
        "obskit-checks",
        "obskit-jobs",
        "obskit-operations",
        "obskit-database",
        "obskit-host",
        "obskit-telemetry",
        "obskit-business",
    ]


@pytest.fixture(params=BUILT)
def board(request: pytest.FixtureRequest) -> dict[str, Any]:
    return BUILT[request.param]


def test_a_dashboard_is_of_the_classic_schema(board: dict[str, Any]) -> None:
    assert board["schemaVersion"] == 37
    assert re.fullmatch(r"[a-zA-Z0-9_-]{8,40}", board["uid"])
    assert "id" not in board  # a number that one Grafana gives
    assert board["tags"] == ["obskit"]
    assert json.loads(json.dumps(board, allow_nan=False)) == board


def test_no_two_panels_have_one_number(board: dict[str, Any]) -> None:
    numbers = [panel["id"] for panel in board["panels"]]
    assert numbers == list(range(1, len(numbers) + 1))


def test_panels_stand_beside_each_other_in_24_columns(board: dict[str, Any]) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        assert 0 <= at["x"] < at["x"] + at["w"] <= 24
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells


def test_a_panel_is_of_a_kind_that_grafana_brings(board: dict[str, Any]) -> None:
    for panel in board["panels"]:
        assert panel["type"] in KINDS
        assert panel["title"]
        if panel["type"] != "row":
            assert panel["fieldConfig"].keys() == {"defaults", "overrides"}
            assert panel["targets"][0]["datasource"] == panel["datasource"]


def test_the_queries_of_a_panel_are_told_apart(board: dict[str, Any]) -> None:
    for panel in board["panels"]:
        letters = [target["refId"] for target in panel.get("targets", ())]
        assert letters == ["A", "B", "C", "D", "E", "F"][: len(letters)]


def test_every_data_source_is_one_that_is_provisioned(board: dict[str, Any]) -> None:
    sources = [one["datasource"] for one in board["templating"]["list"] if "datasource" in one]
    sources += [
        target["datasource"] for one in board["panels"] for target in one.get("targets", ())
    ]
    assert sources
    assert {source["uid"] == SOURCES[source["type"]] for source in sources} == {True}


def test_every_variable_can_be_chosen(board: dict[str, Any]) -> None:
    declared: set[str] = set()
    for one in board["templating"]["list"]:
        assert (
            variables(one["query"] if one["type"] == "textbox" else one["definition"]) <= declared
        )
        declared.add(one["name"])
    used = set()
    for panel in board["panels"]:
        used |= variables(panel["title"])
        used |= {panel["repeat"]} if "repeat" in panel else set()
        for target in panel.get("targets", ()):
            used |= variables(json.dumps(target))
    assert used <= declared
    # Each is of use, if only to choose another one.
    of_variables = [variables(one.get("definition", "")) for one in board["templating"]["list"]]
    assert declared == used.union(*of_variables)


def test_what_repeats_a_panel_is_a_variable_of_many_values(board: dict[str, Any]) -> None:
    many = {one["name"] for one in board["templating"]["list"] if one.get("multi")}
    assert {panel["repeat"] for panel in board["panels"] if "repeat" in panel} <= many


def test_a_dashboard_links_to_the_others_of_the_same_service(board: dict[str, Any]) -> None:
    (link,) = board["links"]
    assert (link["type"], link["tags"]) == ("dashboards", ["obskit"])
    assert (link["includeVars"], link["keepTime"]) == (True, True)


def test_alerts_and_deploys_are_marked_where_a_service_is_chosen(board: dict[str, Any]) -> None:
    chosen = {one["name"] for one in board["templating"]["list"]}
    marked = [one["expr"] for one in board["annotations"]["list"]]
    alerts = 'ALERTS{alertstate="firing", service="$service", obskit_drill=""}'
    deploys = (
        "max by (obskit_deploy_release) (last_over_time(obskit_deploy_timestamp_seconds{"
        'service_name="$service", deployment_environment_name=~"$environment", obskit_drill=""'
        "}[5m])) * 1000"
    )
    assert marked == ([alerts, deploys] if "service" in chosen else [])
    assert all("environment" in chosen and promql_parser.parse(filled(expr)) for expr in marked)


def test_a_deploy_is_marked_when_it_began_with_its_release(board: dict[str, Any]) -> None:
    marks = [one for one in board["annotations"]["list"] if one["name"] == "Deploys"]
    for one in marks:
        assert one["useValueForTime"] is True  # the value is the moment in milliseconds
        assert one["titleFormat"] == "{{obskit_deploy_release}}"
    assert len(marks) == len(
        [one for one in board["annotations"]["list"] if "Alerts" in one["name"]]
    )


@pytest.mark.parametrize("one", OF_PROMETHEUS, ids=str)
def test_an_expression_parses_and_names_only_metrics_that_there_are(one: Asked) -> None:
    ours = {name for name in named(one.expr) if not name.startswith(OTHERS)}
    assert ours <= {*OURS, *recorded(), "ALERTS"}


OF_SERVICES = [one for one in OF_PROMETHEUS if "$service" in one.expr]


def test_only_what_others_read_is_asked_for_without_a_service() -> None:
    others = {name for one in OF_PROMETHEUS if one not in OF_SERVICES for name in named(one.expr)}
    assert [name for name in others if not name.startswith(OTHERS)] == []


@pytest.mark.parametrize("one", OF_SERVICES, ids=str)
def test_an_expression_asks_for_the_service_that_is_chosen_without_drills(one: Asked) -> None:
    """In each of its selectors."""
    wanted = {
        ("service_name", "$service"),
        ("deployment_environment_name", "$environment"),
        ("obskit_drill", ""),
    }
    lacking: list[tuple[str, str]] = []

    def look(node: object) -> bool:
        if isinstance(node, promql_parser.VectorSelector) and node.name != "ALERTS":
            pinned = {(each.name, each.value) for each in node.matchers.matchers}
            lacking.extend(wanted - pinned)
        return True

    plain = one.expr.replace("$__rate_interval", "1m")
    promql_parser.walk(promql_parser.parse(plain), look)
    assert lacking == []


@pytest.mark.parametrize("one", OF_LOKI, ids=str)
def test_a_search_for_lines_begins_with_a_stream_and_filters_by_labels(one: Asked) -> None:
    shape = r'\{service_name="\$service"\}( \| [a-z_]+=~"\$[a-z]+(\.\*)?")+'
    assert re.fullmatch(shape, one.expr)


def test_every_alert_leads_to_a_dashboard_and_chooses_what_it_has_to_choose() -> None:
    urls = {rule.annotations["dashboard_url"] for rule in rules() if isinstance(rule, Alert)}
    assert urls
    for url in urls:
        parts = urlsplit(url)
        assert parts.path.startswith("/d/")
        board = BUILT[parts.path.removeprefix("/d/")]
        chosen = {name.removeprefix("var-") for name in parse_qs(parts.query)}
        assert chosen <= {one["name"] for one in board["templating"]["list"]}, url


def test_durations_lead_to_traces() -> None:
    """By exemplars, on the panels whose metrics hold some."""
    shown = {(one.board, one.panel) for one in OF_PROMETHEUS if one.target.get("exemplar")}
    assert shown == {
        ("obskit-service", "Durations of all requests"),
        ("obskit-service", "Moments of a page, p75"),
        ("obskit-operations", "p95"),
    }
