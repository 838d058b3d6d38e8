"""Drills of the whole way, with the real collector, Prometheus, Alertmanager and receiver."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from .drilling import APP, Shop, environ_of, run, start
from .processes import Process
from .reading import prometheus
from .services import LOOPBACK, PROMETHEUS, SERVICES, free_ports
from .stack import Stack
from .waiting import wait_until


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "shop.py").write_text(APP)
    return folder


@pytest.fixture(autouse=True, scope="module")
def no_other_rules() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        files = {path: name for path, name in PROMETHEUS.files.items() if name != "rules"}
        patch.setitem(SERVICES, "prometheus", replace(PROMETHEUS, files=files))
        yield


@pytest.fixture(scope="module")
def shop(
    no_other_rules: None, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    with Stack(tmp_path_factory.mktemp("stack")) as stack:
        found = start(stack, folder, "collector", "prometheus", "alertmanager")
        worker = Process(
            "worker",
            [sys.executable, "-m", "obskit", "check", "worker", "--app", "shop:checks"],
            cwd=folder,
            log=folder / "worker.log",
            env={
                **environ_of(folder),
                "OTEL_EXPORTER_OTLP_ENDPOINT": stack.url("collector_otlp_http"),
                "OTEL_METRIC_EXPORT_INTERVAL": "1000",
            },
        )
        try:
            url = stack.url("prometheus_http")
            real = 'obskit_check_status{obskit_check_state="ok", obskit_drill=""} == 1'
            wait_until("the real check is ok", lambda: prometheus(url, real))
            yield found
        finally:
            worker.stop()


def told(shop: Shop, status: str) -> list[dict[str, str]]:
    """What the webhook was told of the last drill, each alert once."""
    received = shop.stack.webhook.received(status, obskit_drill=shop.drill)
    found = [alert["labels"] for alert in received]
    return [one for number, one in enumerate(found) if one not in found[:number]]


def is_over(shop: Shop) -> bool:
    series = f'ALERTS{{obskit_drill="{shop.drill}"}}'
    return not prometheus(shop.stack.url("prometheus_http"), series)


def real_alerts(shop: Shop, name: str) -> list[dict[str, str]]:
    """The alerts of a check, a job or an operation that have pended or fired without being a drill."""
    of = f'{{obskit_drill="", obskit_{name}}}[1h]'
    found = prometheus(shop.stack.url("prometheus_http"), f"last_over_time(ALERTS{of})")
    return [labels for labels, _ in found]


def test_a_drill_of_a_check_is_seen_at_every_hop_and_so_is_its_end(shop: Shop) -> None:
    lines, code = shop.simulate("database", "--timeout", "30s")
    assert lines == [
        "drill ID: the check database is critical, of shop production",
        "  collector T  URL/v1/metrics took it",
        "  prometheus T  obskit_check_status is there, 5 series",
        "  rule T  CheckCritical fires",
        "  alertmanager T  it has the alert, for webhook",
        "  delivery T  notifications were taken: webhook",
        "  rule resolves T  CheckCritical fires no more",
        "  alertmanager resolves T  it has the alert no more",
        "  delivery of the end T  notifications were taken: webhook",
    ]
    assert code == 0
    (firing,) = told(shop, "firing")
    assert firing == {
        "alertname": "CheckCritical",
        "deployment_environment_name": "production",
        "obskit_check_name": "database",
        "obskit_drill": shop.drill,
        "owner": "data",
        "service": "shop",
        "service_name": "shop",
        "severity": "critical",
    }
    assert len(told(shop, "resolved")) == 1


def test_a_drill_disturbs_no_real_alert(shop: Shop) -> None:
    lines, code = shop.simulate("database", "--status", "warning", "--timeout", "30s")
    assert (lines[3], code) == ("  rule T  CheckWarning fires", 0)
    url = shop.stack.url("prometheus_http")
    real = 'obskit_check_status{obskit_check_name="database", obskit_drill="", %s}'
    real %= 'obskit_check_state="ok"'
    assert [value for _, value in prometheus(url, f"min_over_time({real}[1h])")] == [1.0]
    assert real_alerts(shop, 'check_name="database"') == []


@pytest.mark.parametrize(
    ("name", "alert", "series"),
    [
        ("import", "JobFailed", "obskit_job_status"),
        ("payment", "OperationErrors", "obskit_operation_duration_seconds_count"),
    ],
)
def test_a_drill_of_a_job_and_of_an_operation_are_delivered(
    shop: Shop, name: str, alert: str, series: str
) -> None:
    lines, code = shop.simulate(name, "--until", "delivered", "--timeout", "30s")
    assert code == 0, lines
    assert lines[2].startswith(f"  prometheus T  {series} is there, ")
    assert lines[3] == f"  rule T  {alert} fires"
    assert lines[5] == "  delivery T  notifications were taken: webhook"
    assert len(lines) == 6
    assert [labels["alertname"] for labels in told(shop, "firing")] == [alert]
    wait_until("the alert ends with the drill", lambda: is_over(shop), seconds=60)


def test_how_soon_drills_were_detected_is_reported(shop: Shop) -> None:
    shop.simulate("database", "--until", "delivered", "--timeout", "30s")
    url = shop.stack.url("prometheus_http")
    done = run(shop.folder, "alerts", "report", "--prometheus", url, "--since", "1h", "--json")
    (found,) = [
        one
        for one in json.loads(done.stdout)["alerts"]
        if one["labels"]["alertname"] == "CheckCritical"
    ]
    assert found["fired"] == 0
    assert len(found["detection_seconds"]) > 0


def test_a_drill_that_is_broken_off_is_ended(shop: Shop) -> None:
    url = shop.stack.url("prometheus_http")
    status = 'obskit_check_status{obskit_drill=~".+", obskit_check_state="unknown", %s}'
    status %= 'obskit_check_name="rows"'
    command = shop.command("rows", "--status", "unknown")  # fires after two hours
    with subprocess.Popen(command, cwd=shop.folder, env=environ_of(shop.folder)) as drill:
        wait_until("it fails on paper", lambda: prometheus(url, f"{status} == 1"))
        drill.terminate()
        assert drill.wait(60) == 1
    wait_until("its series have ended", lambda: not prometheus(url, status))
    assert [value for _, value in prometheus(url, f"last_over_time({status}[1h])")] == [0.0]


def test_a_drill_says_that_the_collector_is_away(shop: Shop) -> None:
    port = free_ports(["nobody"])["nobody"]
    lines, code = shop.simulate("database", "--timeout", "1s", otlp=f"http://{LOOPBACK}:{port}")
    assert lines[1:] == [
        "  FAILED  collector: URL/v1/metrics: Connection refused (after T)",
        "          look at: does the collector run, and is URL/v1/metrics its address?",
    ]
    assert code == 1


def test_a_drill_says_that_alertmanager_is_away(shop: Shop) -> None:
    port = free_ports(["nobody"])["nobody"]
    lines, code = shop.simulate("database", alertmanager=f"http://{LOOPBACK}:{port}")
    assert lines[1:] == [
        "  FAILED  before anything was sent: URL gave no answer: Connection refused"
    ]
    assert code == 1


def test_a_drill_says_that_prometheus_tells_another_alertmanager(
    shop: Shop, own_stack: Stack
) -> None:
    own_stack.start("alertmanager")
    other = own_stack.url("alertmanager_http")
    lines, code = shop.simulate("database", "--timeout", "3s", alertmanager=other)
    assert lines[4] == "  FAILED  alertmanager: URL has no alert of this drill (after T)"
    assert code == 1


def test_a_drill_says_that_prometheus_has_not_the_rules(folder: Path, own_stack: Stack) -> None:
    bare = start(own_stack, folder, "collector", "prometheus", "alertmanager", rules=False)
    lines, code = bare.simulate("database", "--timeout", "3s")
    assert lines[3:] == [
        "  FAILED  rule: URL has no rule CheckCritical (after T)",
        (
            "          look at: URL/rules: are the rules there that `obskit generate alerts` writes now,"
            " and are they evaluated?"
        ),
    ]
    assert code == 1


def test_a_drill_says_that_telemetry_does_not_come_to_prometheus(
    folder: Path, own_stack: Stack
) -> None:
    lost = start(own_stack, folder, "prometheus", "alertmanager", rules=False)
    own_stack.start("collector", env={"PROMETHEUS_REMOTE_WRITE_ENDPOINT": "http://127.0.0.1:1/"})
    lines, code = lost.simulate("database", "--timeout", "3s")
    assert lines[2] == (
        "  FAILED  prometheus: no series obskit_check_status with this drill came to URL (after T)"
    )
    assert code == 1


def test_a_drill_says_that_the_receiver_refuses(folder: Path, own_stack: Stack) -> None:
    refused = start(own_stack, folder, "collector", "prometheus", "alertmanager")
    own_stack.webhook.close()
    lines, code = refused.simulate("database", "--timeout", "15s")
    assert lines[5:] == [
        "  FAILED  delivery: the receiver does not take it: requests of webhook failed (after T)",
        (
            "          look at: Alertmanager's log; hours in which this severity and owner are muted;"
            " group_wait"
        ),
    ]
    assert code == 1
