"""Every query of every dashboard, asked of the real backends while the shop is visited."""

from __future__ import annotations

import math
import time
import urllib.parse
from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest
from tests.alerts.grafana.asked import Asked, asked, filled
from tests.servers.conftest import postgresql  # noqa: F401 - a fixture

from obskit.alerts.grafana import fleet
from obskit.alerts.grafana.files import BOARDS

from .fed import Fed, feed
from .reading import fetch, loki, prometheus
from .waiting import wait_until

BUILT: dict[str, dict[str, Any]] = {made["uid"]: made for made in (make() for make in BOARDS)}
ASKED = [one for board in BUILT.values() for one in asked(board)]
VARIABLES = [
    (uid, one["name"])
    for uid, board in BUILT.items()
    for one in board["templating"]["list"]
    if one["type"] == "query"
]
# What is chosen; a variable that is not here has the first of its values.
CHOSEN = {
    **dict.fromkeys(
        ("instance", "route", "check", "job", "operation", "quota", "host", "server", "database"),
        ".*",
    ),
    "environment": "dashboards",
    "__rate_interval": "10s",
    "service": "shop",
    "trace": "",
    "counter": "orders_placed_total",
    "gauge": "basket_open_ratio",
    "histogram": "basket_size_bytes_bucket",
}
# There is one collector here, without Kafka: tests/scale has the names of a fleet's.
OF_A_FLEET = {str(panel["title"]) for panel in fleet.panels()}
# What has no answer here.
UNFED = {
    # The collector tries again for as long as Jaeger is away: nothing is given up.
    ("obskit-telemetry", "Could not be sent", "A"),
}


@pytest.fixture(scope="module")
def fed(tmp_path_factory: pytest.TempPathFactory, postgresql: str) -> Iterator[Fed]:  # noqa: F811
    """What is there to show, until the last question was asked."""
    with feed(tmp_path_factory.mktemp("dashboards"), postgresql) as all_of_it:
        yield all_of_it


def data_of(base: str, path: str, **params: object) -> Any:
    """What an API answers: Prometheus' and Jaeger's have one form."""
    return fetch(f"{base}{path}?{urllib.parse.urlencode(params)}").json["data"]


def values_of(fed: Fed, uid: str, name: str) -> list[str]:
    """What a variable offers, as Grafana asks for it."""
    (made,) = (one for one in BUILT[uid]["templating"]["list"] if one["name"] == name)
    selector, label = made["definition"].removeprefix("label_values(")[:-1].rsplit(", ", 1)
    series = data_of(fed.prometheus, "/api/v1/series", **{"match[]": filled(selector, CHOSEN)})
    return sorted({each[label] for each in series if label in each})


def chosen(one: Asked) -> dict[str, str]:
    """CHOSEN, with a value for what repeats a panel."""
    measured = {"obskit-business": "visitors"}.get(one.board, "unpaid-orders")
    return {**CHOSEN, "measured": measured}


def answered(fed: Fed, one: Asked) -> list[tuple[dict[str, str], Any]]:
    """Labels and value of each series, each line, or each trace."""
    if one.source == "jaeger":
        told = {key: one.target[key] for key in ("service", "tags", "limit") if one.target[key]}
        told["service"] = filled(told["service"], CHOSEN)
        if "tags" in told:
            key, value = told["tags"].split("=")
            told["tags"] = f'{{"{key}":"{value}"}}'
        found = data_of(fed.jaeger, "/api/traces", lookback="1h", **told)
        return [({}, trace["traceID"]) for trace in found]
    expr = filled(one.expr, chosen(one))
    if one.source == "loki":
        return loki(fed.loki, expr)
    # What is divided by nothing is no answer.
    return [(labels, n) for labels, n in prometheus(fed.prometheus, expr) if math.isfinite(n)]


@pytest.mark.parametrize(("uid", "name"), VARIABLES, ids=str)
def test_there_is_something_to_choose(fed: Fed, uid: str, name: str) -> None:
    wait_until("there is a value", lambda: values_of(fed, uid, name), seconds=60)
    if name in CHOSEN and CHOSEN[name] != ".*":
        assert CHOSEN[name] in values_of(fed, uid, name)


@pytest.mark.parametrize("one", ASKED, ids=str)
def test_a_panel_has_something_to_show(fed: Fed, one: Asked) -> None:
    """And each label that its legend names."""
    if one.panel in OF_A_FLEET or (one.board, one.panel, one.target["refId"]) in UNFED:
        assert answered(fed, one) == []
        return
    found = wait_until("there is an answer", lambda: answered(fed, one), seconds=60)
    if one.source == "prometheus":
        assert one.legend <= set.union(*(set(labels) for labels, _ in found))


@pytest.mark.parametrize(
    ("board", "panel", "query", "label", "expected"),
    [
        # 2 is a warning, 0 is ok.
        (
            "checks",
            "States",
            "A",
            "obskit_check_name",
            {"unpaid-orders": 2, "visitors": 0, "database": 0, "payment-gateway": 0},
        ),
        ("checks", "Warning", "A", None, {None: 1}),
        ("checks", "Ok", "A", None, {None: 3}),
        ("checks", "Critical", "A", None, {None: 0}),
        ("checks", "$measured", "A", "obskit_check_name", {"unpaid-orders": 12}),
        ("checks", "$measured", "B", "obskit_check_state", {"warning": 10, "critical": 50}),
        # 1 is ok, 3 is running.
        ("jobs", "States", "A", "obskit_job_name", {"import": 1, "export": 3}),
        ("jobs", "Done, of the run at hand", "A", "obskit_job_name", {"export": 0.25}),
        ("operations", "Failed", "A", "obskit_operation_name", {"payment": 0.5}),
        ("operations", "Failed", "B", "obskit_operation_name", {"payment": 0.5}),
        ("operations", "p95", "B", "obskit_operation_name", {"payment": 2}),
        ("business", "$measured", "A", "obskit_check_name", {"visitors": 7}),
        ("business", "$gauge", "A", None, {None: 3}),
        ("database", "Answer", "A", None, {None: 1}),
        ("telemetry", "Lost: traces", "A", None, {None: 0}),
        ("telemetry", "Lost: logs", "A", None, {None: 0}),
    ],
)
def test_a_panel_says_what_is_so(
    fed: Fed,
    board: str,
    panel: str,
    query: str,
    label: str | None,
    expected: dict[str | None, float],
) -> None:
    (one,) = (
        each
        for each in ASKED
        if (each.board, each.panel, each.target["refId"]) == (f"obskit-{board}", panel, query)
    )

    def said() -> bool:
        found = answered(fed, one)
        return {labels.get(label) if label else None: n for labels, n in found} == expected

    wait_until(f"it says {expected}", said, seconds=60)


def test_a_deploy_is_marked_when_the_shop_began_to_serve(fed: Fed) -> None:
    marks = BUILT["obskit-service"]["annotations"]["list"]
    (expr,) = (one["expr"] for one in marks if one["name"] == "Deploys")
    found = wait_until(
        "there is a mark", lambda: prometheus(fed.prometheus, filled(expr, CHOSEN)), seconds=60
    )
    ((labels, milliseconds),) = found
    assert labels == {"obskit_deploy_release": "1.4.3"}
    assert time.time() - 3_600 < milliseconds / 1_000 < time.time()


def test_every_metric_of_a_dashboard_is_there(fed: Fed) -> None:
    wanted: set[str] = set()

    def look(node: object) -> bool:
        if isinstance(node, promql_parser.VectorSelector) and node.name:
            wanted.add(node.name)
        return True

    for one in ASKED:
        if one.source == "prometheus" and one.panel not in OF_A_FLEET:
            promql_parser.walk(promql_parser.parse(filled(one.expr, CHOSEN)), look)

    def missing() -> set[str]:
        url = f"{fed.prometheus}/api/v1/label/__name__/values"
        return wanted - set(fetch(url).json["data"])

    # Nothing fires where all is well, and what is never given up is not counted.
    unfed = {"otelcol_exporter_send_failed_spans"}
    wait_until("only those are missing", lambda: missing() - {"ALERTS"} == unfed, seconds=60)


def test_a_duration_leads_to_its_trace_in_jaeger(fed: Fed) -> None:
    """By an exemplar that Prometheus keeps, under the label that the data source names."""
    now = time.time()

    def traces() -> list[str]:
        found = data_of(
            fed.prometheus,
            "/api/v1/query_exemplars",
            query='http_server_request_duration_seconds_bucket{service_name="shop"}',
            start=str(now - 600),
            end=str(time.time()),
        )
        return [each["labels"]["trace_id"] for one in found for each in one["exemplars"]]

    (trace, *_) = wait_until("there is an exemplar", traces, seconds=60)
    wait_until(
        "its trace is in Jaeger",
        lambda: fetch(f"{fed.jaeger}/api/traces/{trace}").status == 200,
    )


def test_a_line_leads_to_its_trace_and_a_trace_to_its_lines(fed: Fed) -> None:
    """By the label that the data source names, and by the query that it is given."""
    lines = wait_until(
        "there is a line", lambda: loki(fed.loki, '{service_name="shop"} | trace_id!=""')
    )
    trace = lines[0][0]["trace_id"]
    wait_until(
        "its trace is in Jaeger",
        lambda: fetch(f"{fed.jaeger}/api/traces/{trace}").status == 200,
    )
    assert loki(fed.loki, f'{{service_name="shop"}} | trace_id="{trace}"')
