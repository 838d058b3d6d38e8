"""Generated rules in a real Prometheus, by both ways in: what breaks is told, restarts are not."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import promql_parser
import pytest
import yaml

from .build import ROOT
from .processes import Process
from .reading import fetch, prometheus, prometheus_scalar
from .services import LOOPBACK, free_ports
from .stack import Stack
from .waiting import wait_until

HERE = ROOT / "tests" / "e2e"
SUBJECTS = ("checks", "jobs", "operations")
WAYS = {"written": "[prometheus_remote_write]", "scraped": "[prometheus]"}
LAST_RUN = 'max(obskit_check_last_run_timestamp_seconds{obskit_check_name="thing"})'


class Ruled:
    """The service under gunicorn, which may be stopped and started again, and its rules."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rules = folder / "rules"
        self._port = free_ports(["ruled"])["ruled"]
        self._stack: Stack | None = None
        self._process: Process | None = None

    def generate(self) -> None:
        """Have its rules written, as its author would; those that every service has are left out."""
        arguments = ["generate", "alerts", "--app", "ruled:app", "-o", str(self.folder / "made")]
        settings = ["--service", "ruled", "--environment", "production", "--scale", "0.05"]
        subprocess.run(
            [sys.executable, "-m", "obskit", *arguments, *settings],
            cwd=HERE,
            env=self._environment(),
            check=True,
            timeout=60,
            capture_output=True,
        )
        self.rules.mkdir()
        for subject in SUBJECTS:
            name = f"ruled@production-{subject}.yml"
            (self.folder / "made" / "prometheus" / "rules" / name).rename(self.rules / name)

    def start(self, stack: Stack, *, with_checks: bool = True) -> None:
        """Start it, and wait until its check has been decided by the new process."""
        began = time.time()
        self._stack = stack
        self._process = Process(
            "ruled",
            [
                *(sys.executable, "-m", "gunicorn", "--workers=2", "--threads=4"),
                *(f"--bind={LOOPBACK}:{self._port}", "ruled:app"),
            ],
            cwd=HERE,
            log=self.folder / "ruled.log",
            env=self._environment(
                OTEL_EXPORTER_OTLP_ENDPOINT=stack.url("collector_otlp_http"),
                OBSKIT_CHECKS_IN="web" if with_checks else "worker",
            ),
        )
        wait_until("it serves", lambda: self.get("/livez") == 200, seconds=60)
        if not with_checks:
            return
        base = stack.url("prometheus_http")
        wait_until("its check is known", lambda: (prometheus_scalar(base, LAST_RUN) or 0.0) > began)

    def end(self) -> None:
        """Ask it to end."""
        if self._process is not None:
            self._process.stop(seconds=10)

    def kill(self) -> None:
        """``kill -9``, all of it."""
        assert self._process is not None
        self._process.kill()

    def get(self, path: str) -> int:
        """Ask it."""
        return fetch(f"http://{LOOPBACK}:{self._port}{path}").status

    def alerts(self) -> set[tuple[str, str]]:
        """What fires: the alert's name, and that of what it is about."""
        assert self._stack is not None
        things = ("check", "job", "operation", "quota")
        about = (*(f"obskit_{thing}_name" for thing in things), "server_address")
        return {
            (labels["alertname"], next(labels[name] for name in about if name in labels))
            for labels, _ in prometheus(
                self._stack.url("prometheus_http"), 'ALERTS{alertstate="firing"}'
            )
        }

    def wait(self, *expected: tuple[str, str]) -> None:
        """Wait until exactly these fire."""
        wait_until(f"{expected} fire", lambda: self.alerts() == set(expected), seconds=60)

    def since(self, alert: str) -> float:
        """Since when an alert holds, without a break."""
        assert self._stack is not None
        base = self._stack.url("prometheus_http")
        found = prometheus_scalar(base, f'ALERTS_FOR_STATE{{alertname="{alert}"}}')
        assert found is not None, f"{alert} does not hold"
        return found

    def _environment(self, **more: str) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "RULED_FOLDER": str(self.folder),
            "OBSKIT_RUN_DIR": str(self.folder / "run"),
            "OBSKIT_STATE_URL": f"sqlite:///{self.folder}/state.sqlite3",
            "OTEL_METRIC_EXPORT_INTERVAL": "1000",
            **more,
        }


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    """How metrics come into Prometheus."""
    return str(request.param)


@pytest.fixture
def ruled(way: str, tmp_path: Path) -> Iterator[tuple[Ruled, Stack]]:
    """The service with its rules, and a Prometheus that has its metrics."""
    service = Ruled(tmp_path)
    service.generate()
    with Stack(tmp_path / "stack") as stack:
        targets = tmp_path / "targets"
        targets.mkdir()
        for name in ("alertmanager", "collector", "probes", "applications"):
            (targets / f"{name}.yml").write_text("[]\n")
        if way == "scraped":
            shown = f'- targets: ["{stack.addresses.reach["collector_scrape"]}"]\n'
            (targets / "applications.yml").write_text(shown)
        stack.instead["collector/prometheus/rules"] = service.rules
        stack.instead["collector/prometheus/targets-compose"] = targets
        stack.start("collector", "prometheus", env={"OTELCOL_METRICS_EXPORTERS": WAYS[way]})
        try:
            service.start(stack)
            yield service, stack
        finally:
            service.end()


def read(rules: Path) -> set[str]:
    """The metrics that the rules of a folder read, those aside that they record themselves."""
    written = [
        rule
        for file in rules.glob("*.yml")
        for group in yaml.safe_load(file.read_text())["groups"]
        for rule in group["rules"]
    ]
    found: set[str] = set()

    def look(node: object) -> bool:
        if isinstance(node, promql_parser.VectorSelector) and node.name:
            found.add(node.name)
        return True

    for rule in written:
        promql_parser.walk(promql_parser.parse(rule["expr"]), look)
    return found - {rule["record"] for rule in written if "record" in rule}


NEVER = ("JobNeverRan", "never")
CRITICAL = ("CheckCritical", "thing")


def test_a_check_that_fails_is_told_through_restarts_and_its_silence_too(
    ruled: tuple[Ruled, Stack],
) -> None:
    """A restart, graceful or not, neither ends the alert nor begins another."""
    service, stack = ruled
    assert service.get("/sweep") == 200
    (service.folder / "thing-is-broken").touch()
    wait_until("the check's alert fires", lambda: CRITICAL in service.alerts(), seconds=60)
    since = service.since("CheckCritical")
    service.end()
    service.start(stack)
    assert service.since("CheckCritical") == since
    service.kill()
    service.start(stack)
    assert service.since("CheckCritical") == since
    (service.folder / "thing-is-broken").unlink()
    wait_until("it is mended", lambda: CRITICAL not in service.alerts(), seconds=60)
    service.end()
    service.start(stack, with_checks=False)  # a service that has ended is told of by another alert
    silent = ("CheckSilent", "thing")
    wait_until("its silence is told", lambda: silent in service.alerts(), seconds=60)


def test_a_job_that_fails_is_late_or_never_ran_is_told(ruled: tuple[Ruled, Stack]) -> None:
    service, _ = ruled
    assert service.get("/sweep") == 200
    service.wait(NEVER)
    (service.folder / "sweep-fails").touch()
    service.get("/sweep")
    service.wait(NEVER, ("JobFailed", "sweep"))
    (service.folder / "sweep-fails").unlink()
    service.get("/sweep")
    service.wait(NEVER)
    service.wait(NEVER, ("JobLate", "sweep"))
    service.get("/sweep")
    service.wait(NEVER)


def test_the_first_failure_of_an_operation_is_told_and_every_name_in_the_rules_is_there(
    ruled: tuple[Ruled, Stack],
) -> None:
    service, stack = ruled
    for path in ("/sweep", "/pay/well", "/pay/fail", "/pay/fail"):
        assert service.get(path) == 200
    told = {("OperationErrors", "payment"), ("QuotaUsedUp", "maps")}
    wait_until("both are told", lambda: told <= service.alerts(), seconds=60)

    def refused() -> bool:
        service.get("/ask")
        return ("ProviderRefuses", LOOPBACK) in service.alerts()

    wait_until("the provider's refusals are told", refused, seconds=90)
    base = stack.url("prometheus_http")
    for name in sorted(read(service.rules)):
        assert prometheus(base, f'{name}{{service_name="ruled"}}'), name
