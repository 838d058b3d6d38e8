"""What Prometheus is asked, and how its answers are read."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

pytest.importorskip("click", reason="Click is not installed")

from tests.cli.doctor.conftest import base, by_path
from tests.faults import faulty

from obskit.cli.alerts import prometheus
from obskit.cli.alerts.ask import NoAnswer


def test_rules_that_alert_are_asked_for_alone() -> None:
    groups = [{"rules": [{"name": "A"}]}, {"rules": [{"name": "B"}, {"name": "C"}]}]
    with faulty(by_path({"/api/v1/rules": {"data": {"groups": groups}}})) as server:
        found = prometheus.rules(base(server))
        (request,) = server.requests
    assert [rule["name"] for rule in found] == ["A", "B", "C"]
    assert request.path == "/api/v1/rules?type=alert"


def test_alertmanagers_are_told_without_their_logins() -> None:
    active = [{"url": "http://ada:hunter2@alertmanager:9093/api/v2/alerts"}]
    told = {"activeAlertmanagers": active, "droppedAlertmanagers": [{"url": "http://gone:9093"}]}
    with faulty(by_path({"/api/v1/alertmanagers": {"data": told}})) as server:
        found = prometheus.alertmanagers(base(server))
    assert found == ["http://ada:[redacted]@alertmanager:9093/api/v2/alerts"]


def test_a_long_past_is_asked_for_in_pieces_that_neither_overlap_nor_leave_a_gap() -> None:
    series = {"metric": {"job": "shop"}, "values": [[0, "1"]]}
    with faulty(by_path({"/api/v1/query_range": {"data": {"result": [series]}}})) as server:
        found = list(prometheus.past(base(server), "up", 0.0, 150_000.0, 15.0))
        asked = [parse_qs(urlsplit(request.path).query) for request in server.requests]
    assert found == [({"job": "shop"}, [(0.0, 1.0)])] * 2
    assert asked == [
        {"query": ["up"], "start": ["0.000"], "end": ["149985.000"], "step": ["15"]},
        {"query": ["up"], "start": ["150000.000"], "end": ["150000.000"], "step": ["15"]},
    ]


@pytest.mark.parametrize("answer", [[7], {"status": "success"}])
def test_what_holds_no_data_is_of_another_server(answer: object) -> None:
    with (
        faulty(by_path({"/": answer})) as server,
        pytest.raises(NoAnswer, match="gave no answer of Prometheus: is it another server"),
    ):
        prometheus.alerts(base(server))
