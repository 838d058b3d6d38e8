"""`obskit alerts report`, of a past that a real Prometheus holds and silences of a real Alertmanager."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import NamedTuple

import pytest
from tests.e2e.processes import Process
from tests.e2e.reading import fetch
from tests.e2e.services import LOOPBACK, free_ports
from tests.e2e.waiting import wait_until

testing = pytest.importorskip("click.testing")

from obskit.alerts.report import drill_id  # noqa: E402
from obskit.cli import main  # noqa: E402

PROGRAMS = ("prometheus", "promtool", "prometheus-alertmanager")
pytestmark = pytest.mark.skipif(
    not all(shutil.which(program) for program in PROGRAMS),
    reason=f"needs {', '.join(PROGRAMS)}",
)

DAY = 86_400
SHOP = {"service": "shop", "service_name": "shop", "deployment_environment_name": "production"}
DATABASE = {
    "alertname": "CheckCritical",
    "severity": "critical",
    "owner": "data",
    **SHOP,
    "obskit_check_name": "database",
}
ROWS = {**DATABASE, "alertname": "CheckWarning", "obskit_check_name": "rows", "severity": "info"}
LATE = {
    "alertname": "JobLate",
    "severity": "warning",
    "owner": "unowned",
    **SHOP,
    "obskit_job_name": "import",
    "service": "office",
}


class Servers(NamedTuple):
    prometheus: str
    alertmanager: str


def lines(labels: Mapping[str, str], began: float, seconds: float) -> Iterator[str]:
    """An alert that fires, evaluated every 15 seconds."""
    named = ",".join(f'{name}="{value}"' for name, value in sorted(labels.items()))
    for passed in range(0, int(seconds) + 1, 15):
        yield f'ALERTS{{alertstate="firing",{named}}} 1 {began + passed:.3f}'


def past(now: float) -> str:
    base = now - 10 * DAY
    started = base + 3 * DAY
    drill = {**DATABASE, "obskit_drill": drill_id(started, "3fa9")}
    told = [
        "# TYPE ALERTS gauge",
        *lines(DATABASE, base, 600),
        *lines(DATABASE, base + DAY, 120),
        *lines(DATABASE, base + DAY + 300, 120),
        *lines(drill, started + 12.5, 60),
        *lines(LATE, base + 2 * DAY, 3_600),
        *lines(ROWS, now - 600, 1_200),
    ]
    return "\n".join([*told, "# EOF", ""])


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("servers")
    ports = free_ports(["prometheus", "alertmanager"])
    urls = Servers(*(f"http://{LOOPBACK}:{ports[name]}" for name in Servers._fields))
    (folder / "past.txt").write_text(past(float(int(time.time()))))
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", "past.txt", "data"],
        cwd=folder,
        capture_output=True,
        timeout=60,
        check=True,
    )
    (folder / "prometheus.yml").write_text("global: {}\n")
    (folder / "alertmanager.yml").write_text(
        "{route: {receiver: none}, receivers: [{name: none}]}\n"
    )
    started = [
        Process("prometheus", argv, cwd=folder, log=folder / "log", env={})
        for argv in (
            [
                *("prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data"),
                f"--web.listen-address={LOOPBACK}:{ports['prometheus']}",
                # No block of a past that is made up marks where a series ends.
                *("--storage.tsdb.retention.time=60d", "--query.lookback-delta=15s"),
            ],
            [
                *("prometheus-alertmanager", "--config.file=alertmanager.yml"),
                *("--storage.path=alertmanager", "--cluster.listen-address="),
                f"--web.listen-address={LOOPBACK}:{ports['alertmanager']}",
            ],
        )
    ]
    try:
        for url in urls:
            wait_until(f"{url} is ready", partial(is_ready, url))
        silence_rows(urls.alertmanager)
        yield urls
    finally:
        for process in started:
            process.stop()


def is_ready(url: str) -> bool:
    return fetch(f"{url}/-/ready").status == 200


def silence_rows(url: str) -> None:
    now = datetime.now(timezone.utc)
    body = {
        "matchers": [{"name": "obskit_check_name", "value": "ro.s", "isRegex": True}],
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(hours=1)).isoformat(),
        "createdBy": "ada",
        "comment": "we move it",
    }
    assert fetch(f"{url}/api/v2/silences", json_body=body).status == 200


def report(*arguments: str) -> tuple[list[str], int]:
    result = testing.CliRunner().invoke(main, ["alerts", "report", *arguments])
    return result.output.splitlines(), result.exit_code


def test_each_alert_is_told_of_in_a_line(servers: Servers) -> None:
    told, code = report("--prometheus", servers.prometheus, "--alertmanager", servers.alertmanager)
    assert told == [
        "ALERT          OF        FIRED  IN ALL  LONGEST  MENDED  FLAPPED  SILENCED  DETECTED",
        "CheckCritical  database  3      14m     10m      2       1        0         12s (of 1)",
        "JobLate        import    1      1h      1h       0       0        0",
        "CheckWarning   rows      1      10m     10m      0       0        1",
        "",
        "another threshold, or damping, may fit better (of all firings, half mended or flapped):",
        "  CheckCritical of database",
    ]
    assert code == 0


def test_without_alertmanager_silences_are_not_known(servers: Servers) -> None:
    told, _ = report("--prometheus", servers.prometheus, "--service", "office")
    assert told == [
        "ALERT    OF      FIRED  IN ALL  LONGEST  MENDED  FLAPPED  SILENCED  DETECTED",
        "JobLate  import  1      1h      1h       0       0        ?",
    ]


def test_all_of_it_is_told_as_json(servers: Servers) -> None:
    told, code = report(
        *("--prometheus", servers.prometheus, "--alertmanager", servers.alertmanager, "--json")
    )
    found = json.loads("\n".join(told))
    assert (code, found["precision_seconds"]) == (0, 60.0)
    assert found["alerts"][0] == {
        "labels": DATABASE,
        "fired": 3,
        "seconds": 840.0,
        "longest_seconds": 600.0,
        "firing": False,
        "mended": 2,
        "flapped": 1,
        "silenced": 0,
        "restless": True,
        "detection_seconds": [12.5],
    }
    assert [one["firing"] for one in found["alerts"]] == [False, False, True]


def test_what_is_older_is_not_told(servers: Servers) -> None:
    told, _ = report("--prometheus", servers.prometheus, "--since", "1d")
    assert [line.split()[:3] for line in told[1:]] == [["CheckWarning", "rows", "1"]]


def test_where_no_alert_fired_that_is_said(servers: Servers) -> None:
    told, code = report("--prometheus", servers.prometheus, "--service", "nobody")
    assert (told, code) == (["no alert fired in the last 30d"], 0)


def test_a_prometheus_that_is_away_is_named_with_why() -> None:
    told, code = report("--prometheus", "http://ann:hunter2@127.0.0.1:1")
    assert told == [
        (
            "Error: the past of alerts cannot be read: http://ann:[redacted]@127.0.0.1:1 gave no answer:"
            " Connection refused"
        )
    ]
    assert code == 4


def test_another_server_is_not_taken_for_alertmanager(servers: Servers) -> None:
    url = servers.prometheus
    told, code = report("--prometheus", url, "--alertmanager", url)
    assert told == [
        (
            f"Error: the past of alerts cannot be read: {url}/api/v2/silences answered 404 404 page not"
            " found"
        )
    ]
    assert code == 4


def test_what_is_no_url_is_refused() -> None:
    told, code = report("--prometheus", "localhost:9090")
    assert told[-1] == (
        "Error: Invalid value for '--prometheus': 'localhost:9090' is no URL: write it such as"
        " http://127.0.0.1:9090"
    )
    assert code == 4
