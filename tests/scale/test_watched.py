"""What the rules and the dashboard of a fleet read: a real agent and a real gateway show it."""

from __future__ import annotations

import re
import time
from pathlib import Path

from tests.alerts.grafana.asked import asked, filled
from tests.alerts.written import inventory, selectors
from tests.e2e import otlp
from tests.e2e.reading import fetch
from tests.e2e.roles import ROLES
from tests.e2e.waiting import wait_until
from tests.scale.fleet import Fleet, Member

from obskit.alerts.fleet import groups
from obskit.alerts.grafana import fleet as row

Series = tuple[str, frozenset[tuple[str, str]]]
_LINE = re.compile(r"^(\w+)(?:\{(.*)\})? ", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')
#: What a service may send here a second.
FEW = 5


def shown(*members: Member) -> list[tuple[str, dict[str, str]]]:
    """The series that they show of themselves."""
    found = []
    for member in members:
        for name, labels in _LINE.findall(fetch(member.metrics).text):
            found.append((name, dict(_LABEL.findall(labels))))
    return found


def demanded() -> set[Series]:
    """Each series of collectors that a rule or a panel reads."""
    exprs = [rule.expr for group in groups(inventory()) for rule in group.rules]
    board = {"uid": "obskit-telemetry", "panels": list(row.panels())}
    exprs += [filled(one.expr) for one in asked(board)]
    return {
        (name, frozenset(labels.items()))
        for expr in exprs
        for name, labels in selectors(expr)
        if name.startswith("otelcol_")
    }


def lacking(*members: Member) -> set[Series]:
    """Those that nobody shows."""
    there = shown(*members)

    def fits(labels: dict[str, str], wanted: frozenset[tuple[str, str]]) -> bool:
        return all(re.fullmatch(value, labels.get(key, "")) for key, value in wanted)

    return {
        (name, wanted)
        for name, wanted in demanded()
        if not any(name == other and fits(labels, wanted) for other, labels in there)
    }


def test_agents_and_gateways_show_each_series_that_is_read(tmp_path: Path) -> None:
    assert len(demanded()) > 15
    with Fleet(tmp_path, agents=0, gateways=1) as fleet:
        few = {"OTELCOL_SERVICE_SPANS": str(FEW), "OTELCOL_SERVICE_LOG_RECORDS": str(FEW)}
        agent = fleet.add("agent-0", ROLES["agent"], {**fleet.kafka, **few})
        trace = otlp.trace_id()

        def complete() -> bool:
            time.sleep(1)  # the late service stays below its limit
            late = {"service.name": "late"}
            otlp.send_spans(agent.otlp, late, [otlp.span(trace, "late")])
            otlp.send_logs(agent.otlp, late, [otlp.log_record(trace, "line")])
            many = [otlp.span(otlp.trace_id(), "many") for _ in range(20 * FEW)]
            otlp.send_spans(agent.otlp, {"service.name": "noisy"}, many)
            return not lacking(agent, *fleet.gateways)

        try:
            wait_until("all of it is shown", complete, seconds=60)
        except AssertionError:
            assert lacking(agent, *fleet.gateways) == set()
