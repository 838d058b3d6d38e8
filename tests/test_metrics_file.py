"""The file with the newest metrics: whole at every moment, written by one process of the host."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from tests.checks.given import eventually
from tests.running import running

from obskit import CheckResult, Registry
from obskit.capture import StillClock
from obskit.probes import Probe, Probes
from obskit.runtime import Runtime

pytest.importorskip("opentelemetry.exporter.prometheus", reason="the extra is not installed")

from obskit.metrics_file import MetricsFile


class Bench:
    """A file whose content a test sets, on a clock that stands still."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = StillClock()
        self.told: dict[str, Any] = {"turn": 1}
        self.file = self.another()

    def another(self) -> MetricsFile:
        """Another process' writer of the same file."""
        return MetricsFile(self.path, 60.0, lambda: json.dumps(self.told).encode(), self.clock)

    def turn(self, number: int, file: MetricsFile | None = None) -> None:
        """The next time to write."""
        self.told["turn"] = number
        self.clock.advance(60)
        (file or self.file).run()

    def read(self) -> Any:
        return json.loads(self.path.read_text())


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "metrics_latest.json")
    yield bench
    bench.file.after_fork()


def test_it_is_written_at_once_and_then_at_each_interval(bench: Bench) -> None:
    bench.file.run()
    assert bench.read() == {"turn": 1}
    bench.told["turn"] = 2
    bench.clock.advance(59.9)
    bench.file.run()
    assert bench.read() == {"turn": 1}
    bench.clock.advance(0.1)
    bench.file.run()
    assert bench.read() == {"turn": 2}


def test_everybody_may_read_it_whatever_the_mask_of_the_process(bench: Bench) -> None:
    before = os.umask(0o077)
    try:
        bench.file.run()
    finally:
        os.umask(before)
    assert bench.path.stat().st_mode & 0o777 == 0o644


def test_a_reader_keeps_what_it_has_opened_and_finds_no_part(bench: Bench) -> None:
    bench.file.run()
    with bench.path.open() as opened:
        bench.turn(2)
        assert json.loads(opened.read()) == {"turn": 1}
    assert bench.read() == {"turn": 2}
    assert sorted(path.name for path in bench.path.parent.iterdir()) == [
        "metrics_latest.json",
        "metrics_latest.json.lock",
    ]


def test_what_a_killed_process_left_half_written_is_in_nobodys_way(bench: Bench) -> None:
    bench.path.with_name("metrics_latest.json.tmp").write_text('{"tur')
    bench.file.run()
    assert bench.read() == {"turn": 1}


def test_another_process_writes_only_when_the_first_has_ended(bench: Bench) -> None:
    another = bench.another()
    bench.file.run()
    bench.turn(2, another)
    assert bench.read() == {"turn": 1}
    bench.file.finish()
    bench.turn(3, another)
    assert bench.read() == {"turn": 3}
    another.finish()


HOLDER = """
import sys, time
from pathlib import Path
from obskit.clock import SYSTEM_CLOCK
from obskit.metrics_file import MetricsFile
file = MetricsFile(Path(sys.argv[1]), 60.0, lambda: b'{"turn": 0}', SYSTEM_CLOCK)
file.run()
print("written", flush=True)
time.sleep(600)
"""


def test_a_process_that_is_killed_is_followed(bench: Bench) -> None:
    command = [sys.executable, "-c", HOLDER, str(bench.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        try:
            assert holder.stdout.readline() == "written\n"
            bench.turn(2)
            assert bench.read() == {"turn": 0}
        finally:
            holder.send_signal(signal.SIGKILL)
    bench.turn(3)
    assert bench.read() == {"turn": 3}


def test_a_script_that_ends_tells_of_its_work(bench: Bench) -> None:
    bench.file.finish()
    assert bench.read() == {"turn": 1}


def test_who_has_served_nothing_leaves_what_others_wrote_meanwhile(bench: Bench) -> None:
    worker = bench.another()
    worker.run()
    worker.finish()
    bench.told["turn"] = 2
    bench.file.finish()
    assert bench.read() == {"turn": 1}


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "obskit.metrics")
    return caplog


def test_a_folder_that_is_not_there_is_one_warning_until_it_is(
    tmp_path: Path, log: pytest.LogCaptureFixture
) -> None:
    bench = Bench(tmp_path / "later" / "latest.json")
    for number in range(3):
        bench.turn(number)
    (tmp_path / "later").mkdir()
    bench.turn(4)
    bench.turn(5)
    path = bench.path
    cause = f"[Errno 2] No such file or directory: '{path}.tmp'"
    assert [(line.levelname, line.getMessage()) for line in log.records] == [
        ("WARNING", f"metrics are not written to {path}: {cause}; it is tried again each 60 s"),
        ("INFO", f"metrics are written to {path} again"),
    ]
    assert bench.read() == {"turn": 5}
    bench.file.finish()


def test_a_full_disk_keeps_the_file_before_and_is_one_warning(
    bench: Bench, log: pytest.LogCaptureFixture
) -> None:
    """A limit on the size of files stands for the disk: the write itself fails, half way."""
    resource = pytest.importorskip("resource", reason="no limits here")
    bench.file.run()
    bench.told["filling"] = "x" * 200_000
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    try:
        bench.turn(2)
        bench.turn(3)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert bench.read() == {"turn": 1}
    assert not bench.path.with_name("metrics_latest.json.tmp").exists()
    bench.turn(4)
    assert bench.read()["turn"] == 4
    assert [line.levelname for line in log.records] == ["WARNING", "INFO"]


def test_content_that_cannot_be_made_is_told_with_its_cause(
    tmp_path: Path, log: pytest.LogCaptureFixture
) -> None:
    def broken() -> bytes:
        raise ValueError("no metrics")

    file = MetricsFile(tmp_path / "latest.json", 60.0, broken, StillClock())
    file.run()
    file.finish()
    assert [line.levelname for line in log.records] == ["WARNING"]
    assert log.records[0].exc_info is not None


def writing(path: Path, **given: Any) -> AbstractContextManager[Runtime]:
    attributes = {"service.instance.id": "instance-1"}
    return running(metrics_file=str(path), resource_attributes=attributes, **given)


def test_a_process_that_serves_tells_its_metrics_and_the_states_of_checks(tmp_path: Path) -> None:
    path, registry = tmp_path / "latest.json", Registry()
    registry.add("rows", lambda: None, every="1h", scope="process")
    with writing(path) as runtime:
        runtime.watch(registry).schedule.stop(0)
        results = runtime.watch(registry).results
        results.record(registry.checks["rows"], CheckResult.warning("hunter2", value=3))
        Probes(registry).start(runtime)
        eventually(path.exists)
        found = json.loads(path.read_text())
    assert {name: found[name] for name in ("service", "environment", "instance")} == {
        "service": "shop",
        "environment": None,
        "instance": "instance-1",
    }
    assert found["timestamp"].endswith("Z")
    (check,) = found["checks"]
    assert (check["name"], check["status"]) == ("rows", "warning")
    assert [point["value"] for point in found["metrics"]["obskit_check_value"]] == [3.0]
    assert found["metrics"]["obskit_check_value"][0]["labels"] == {
        "job": "shop",
        "instance": "instance-1",
        "service_name": "shop",
        "obskit_check_name": "rows",
    }
    assert "hunter2" not in str(found)  # a message is for who may see it


def test_a_process_that_serves_nothing_has_no_thread_for_it(tmp_path: Path) -> None:
    path = tmp_path / "latest.json"
    with writing(path) as runtime:
        assert runtime._exposition._worker._pid == 0
        assert not path.exists()
    assert json.loads(path.read_text())["checks"] == []


def test_the_file_alone_opens_no_endpoint(tmp_path: Path) -> None:
    with writing(tmp_path / "latest.json", health_networks="0.0.0.0/0") as runtime:
        probes = Probes(Registry())
        assert not probes.takes(runtime, "/metrics")
        assert probes.answer(runtime, Probe("/metrics", peer="10.0.0.1"))[0] == 404


FORKING = """
import json, os, sys, time
from obskit import Registry, default_runtime
import obskit
from obskit.probes import Probes
obskit.init("shop", log_format="none")
runtime = default_runtime.current()
path = os.environ["OBSKIT_METRICS_FILE"]
child = os.fork()
if child == 0:
    Probes(Registry()).start(runtime)
    while not os.path.exists(path):
        time.sleep(0.01)
    os._exit(0 if json.load(open(path))["instance"] == obskit.status()["instance_id"] else 1)
print(obskit.status()["instance_id"])
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes are forked here")
def test_a_workers_parent_neither_holds_the_file_nor_overwrites_it(tmp_path: Path) -> None:
    path = tmp_path / "latest.json"
    folders = {name: str(tmp_path) for name in ("OBSKIT_RUN_DIR", "OBSKIT_SPOOL_DIR")}
    environ = {**os.environ, **folders, "OBSKIT_METRICS_FILE": str(path)}
    done = subprocess.run(
        [sys.executable, "-c", FORKING], env=environ, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(path.read_text())["instance"] != done.stdout.strip()


def test_a_file_whose_name_ends_with_prom_is_the_text_of_prometheus(tmp_path: Path) -> None:
    registry = Registry()
    registry.add("rows", lambda: 3, every="1h", scope="process")
    paths = f"{tmp_path / 'latest.json'},{tmp_path / 'metrics.prom'}"
    attributes = {"service.instance.id": "instance-1"}
    with running(metrics_file=paths, resource_attributes=attributes) as runtime:
        runtime.watch(registry).results.record(registry.checks["rows"], CheckResult.ok(value=3))
    lines = (tmp_path / "metrics.prom").read_text().splitlines()
    assert (
        'obskit_check_value{instance="instance-1",job="shop",obskit_check_name="rows",'
        'service_name="shop"} 3.0'
    ) in lines
    assert "# TYPE obskit_check_value gauge" in lines
    assert json.loads((tmp_path / "latest.json").read_text())["service"] == "shop"
