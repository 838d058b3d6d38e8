"""`obskit check worker`: a process that runs checks, beside others that do."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator

import pytest
from tests.checks.given import PATIENCE, eventually
from tests.cli.host import Host
from tests.config.receiver import Receiver, attributes, points

APP = """
import os
import obskit
obskit.init("unknown_service:python", log_format="json")
checks = obskit.Registry()
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def until(worker: subprocess.Popen[str], start: str) -> str:
    """The next line that begins so; what stands before it is told where there is none."""
    assert worker.stderr is not None
    before = []
    for line in worker.stderr:
        if line.startswith(start):
            return line
        before.append(line)
    raise AssertionError("".join(before))


def end(worker: subprocess.Popen[str], number: signal.Signals) -> str:
    """What it says at last."""
    worker.send_signal(number)
    _, errors = worker.communicate(timeout=PATIENCE)
    assert worker.returncode == 0
    return errors


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_runs_checks_until_it_is_told_to_end(
    host: Host, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
    host.write('checks.add("rows", lambda: 3, every="1h", unit="{row}")', APP)
    with host.begin("check", "worker") as worker:
        assert until(worker, "the checks of") == "the checks of unknown_service:python: rows\n"
        until(worker, "runs here: rows\n")
        eventually(host.store.latest)
        assert f"told to end by {number.name}\n" in end(worker, number)
    run = host.store.latest()["rows"]
    assert (run.status, run.value, run.unit) == ("ok", 3.0, "{row}")
    assert len(receiver.of("/v1/logs")) >= 1
    assert len(receiver.of("/v1/metrics")) >= 1
    assert len(receiver.of("/v1/traces")) >= 1


def test_of_two_on_a_host_one_runs_checks_and_the_other_follows(host: Host) -> None:
    host.write(
        """
        checks.add("rows", os.getpid, every="1s")
        checks.add("ready", lambda: None, every="1s", readiness=True)
    """,
        APP,
    )
    with host.begin("check", "worker") as first, host.begin("check", "worker") as second:
        eventually(host.store.latest)
        holder = int(host.store.latest()["rows"].value or 0)
        one, other = (first, second) if first.pid == holder else (second, first)
        until(one, "runs here: ready, rows\n")
        until(other, "runs here: ready\n")
        assert until(other, "run by") == (
            "run by another process, which is followed when it ends: rows\n"
        )
        end(one, signal.SIGTERM)
        until(other, "runs here: ready, rows\n")
        eventually(lambda: host.store.latest()["rows"].value == other.pid)
        end(other, signal.SIGTERM)


def test_with_checks_in_worker_it_runs_what_processes_that_serve_leave_to_it(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OBSKIT_CHECKS_IN", "worker")
    host.write('checks.add("rows", lambda: 3, every="1h")', APP)
    assert host.process("check", "worker", "--once").returncode == 0
    assert host.store.latest()["rows"].value == 3.0


def test_once_runs_each_check_and_ends_as_the_worst_says(
    host: Host, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
    host.write(
        """
        checks.add("rows", lambda: 3, every="1h")
        checks.add("bad", lambda: False, every="1h", scope="fleet")
        checks.add("after", lambda: None, every="1h", depends_on=["bad"])
    """,
        APP,
    )
    done = host.process("check", "worker", "--once")
    assert done.returncode == 2
    assert "checks: 3, the worst is critical\n" in done.stderr
    kept = {name: run.status for name, run in host.store.latest().items()}
    assert kept == {"rows": "ok", "bad": "critical", "after": "skipped"}
    assert len(receiver.of("/v1/logs")) >= 1


def test_once_leaves_the_states_of_checks_and_jobs_in_the_file_of_metrics(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OBSKIT_METRICS_FILE", str(host.folder / "metrics.prom"))
    host.write(
        """
        checks.add("bad", lambda: False, every="1h")
        obskit.job("import", expect_every="1h")
    """,
        APP,
    )
    for _ in range(2):  # another one has written before
        assert host.process("check", "worker", "--once").returncode == 2
    told = [
        line.partition("{")[0]
        for line in (host.folder / "metrics.prom").read_text().splitlines()
        if line.endswith(" 1.0") and ('state="critical"' in line or 'state="never"' in line)
    ]
    assert told == ["obskit_check_status", "obskit_job_status"]


def test_once_sends_the_states_of_checks(
    host: Host, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
    host.write('checks.add("bad", lambda: False, every="1h")', APP)
    assert host.process("check", "worker", "--once").returncode == 2
    states = {
        attributes(point.attributes)["obskit.check.state"]: point.as_int
        for point in points(receiver.metrics()["obskit.check.status"])
    }
    assert states["critical"] == 1


def test_once_goes_on_from_where_the_run_before_was(host: Host) -> None:
    """So that cron may run it, and a check need not alert at once."""
    host.write('checks.add("bad", lambda: False, every="1h", failures_before_alert=3)', APP)
    for _ in range(3):
        assert host.process("check", "worker", "--once").returncode == 2
    runs = host.store.runs("bad")[::-1]
    assert [(run.status, run.damped, run.row) for run in runs] == [
        ("critical", "ok", 1),
        ("critical", "ok", 2),
        ("critical", "critical", 3),
    ]


def test_once_gives_the_lease_of_the_fleet_back(host: Host) -> None:
    host.write('checks.add("rows", lambda: 3, every="1h", scope="fleet")', APP)
    host.process("check", "worker", "--once")
    assert host.store.lease("check:rows", "another", 1.0) is not None


def test_an_app_that_starts_nothing_is_started(host: Host) -> None:
    host.write('checks.add("rows", lambda: False, every="1h")')
    done = host.process("check", "worker", "--once")
    (line,) = [json.loads(each) for each in done.stderr.splitlines() if each.startswith("{")]
    assert line["event"] == "rows is critical: it returned False"


@pytest.mark.parametrize(
    ("code", "environ", "message"),
    [
        ("", {}, "Error: no checks are declared there\n"),
        ("raise KeyError('x')", {}, "cannot be imported: KeyError: 'x'\n"),
        (
            'checks.add("a", bool, every="1m")',
            {"OBSKIT_CHECKS_IN": "wroker"},
            "checks_in is 'wroker' (from OBSKIT_CHECKS_IN): use web or worker\n",
        ),
    ],
)
def test_what_cannot_be_run_is_told(
    host: Host,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    environ: dict[str, str],
    message: str,
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    host.write(code)
    done = host.process("check", "worker")
    assert done.stderr.endswith(message)
    assert done.returncode == 4
