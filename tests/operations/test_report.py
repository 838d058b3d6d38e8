"""Jobs and quotas as telemetry, seen where they would leave the process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.metrics import Meter

from obskit import default_runtime
from obskit.capture import Capture
from obskit.declared import Declarations
from obskit.operations import report
from obskit.operations.job import job
from obskit.operations.quota import quota
from obskit.operations.surroundings import Surroundings
from obskit.state.memory import MemoryStore
from obskit.telemetry.pipeline import Record

Install = Callable[..., Surroundings]
NAMED = {"obskit.job.name": "import"}
BEGIN = 1767225600.0


@pytest.fixture
def meter(install: Install) -> Meter:
    del install
    runtime = default_runtime.current()
    assert runtime is not None
    # The runtime's own has these instruments, and tells of what is declared in it.
    found: Meter = runtime.providers.meter.get_meter("jobs")
    return found


@pytest.fixture
def observed(install: Install, meter: Meter, registry: Declarations) -> Surroundings:
    """Runs that are observed in their own process."""
    around = install()
    report.register_instruments(
        meter, lambda: (registry,), around.runs.latest_jobs, around.clock, around.known_since
    )
    return around


def points(capture: Capture, name: str) -> list[tuple[dict[str, Any], float]]:
    return [(point["attributes"], point["value"]) for point in capture.metrics().get(name, [])]


def states(capture: Capture) -> dict[str, float]:
    return {
        attributes["obskit.job.state"]: value
        for attributes, value in points(capture, "obskit.job.status")
    }


def test_a_job_that_has_not_run_has_a_state_and_a_deadline(
    observed: Surroundings, registry: Declarations, obskit_capture: Capture
) -> None:
    job("import", expect_every="1h", late_after="5m", registry=registry)
    assert states(obskit_capture) == {
        "never": 1,
        **dict.fromkeys(("running", "ok", "nothing_to_do", "failed"), 0),
        **dict.fromkeys(("lost", "too_long", "late"), 0),
    }
    assert points(obskit_capture, "obskit.job.deadline.timestamp") == [(NAMED, BEGIN + 3900)]
    found = {name for name in obskit_capture.metrics() if name.startswith("obskit.job.")}
    assert found == {"obskit.job.status", "obskit.job.deadline.timestamp"}


def test_a_run_that_goes_on_is_measured(
    observed: Surroundings, registry: Declarations, obskit_capture: Capture
) -> None:
    with job("import", registry=registry) as run:
        run.progress(3, 4)
        obskit_capture.clock.advance(30)
        assert states(obskit_capture)["running"] == 1
        assert points(obskit_capture, "obskit.job.progress") == [(NAMED, 0.75)]
        assert points(obskit_capture, "obskit.job.last_run.timestamp") == [(NAMED, BEGIN)]
        assert points(obskit_capture, "obskit.job.last_beat.timestamp") == [(NAMED, BEGIN + 30)]
    assert points(obskit_capture, "obskit.job.progress") == []


def test_a_run_that_has_ended_is_measured(
    observed: Surroundings, registry: Declarations, obskit_capture: Capture
) -> None:
    declared = job("import", registry=registry)
    with declared:
        obskit_capture.clock.advance(7)
    with declared as run:
        run.fail("no")
        obskit_capture.clock.advance(3)
    assert states(obskit_capture)["failed"] == 1
    assert points(obskit_capture, "obskit.job.duration") == [(NAMED, 3.0)]
    assert points(obskit_capture, "obskit.job.last_run.timestamp") == [(NAMED, BEGIN + 7)]
    assert points(obskit_capture, "obskit.job.last_success.timestamp") == [(NAMED, BEGIN + 7)]


def test_runs_of_other_processes_are_measured_though_nobody_declares_them_here(
    install: Install,
    meter: Meter,
    store: MemoryStore,
    registry: Declarations,
    obskit_capture: Capture,
) -> None:
    around = install(store=store)
    with job("import", expect_every="1h", late_after=0, registry=registry):
        pass
    report.register_instruments(meter, tuple, store.latest_jobs, around.clock, around.known_since)
    assert points(obskit_capture, "obskit.job.deadline.timestamp") == [(NAMED, BEGIN + 3600)]
    obskit_capture.clock.advance(3601)
    assert states(obskit_capture)["late"] == 1


def test_runs_and_what_they_count_are_counted(
    install: Install, registry: Declarations, obskit_capture: Capture
) -> None:
    install()
    declared = job("import", registry=registry)
    for reason in ("", "no", ""):
        with declared as run:
            run.count(rows=5)
            if reason:
                run.fail(reason)
    assert points(obskit_capture, "obskit.job.runs") == [
        ({**NAMED, "obskit.job.outcome": "ok"}, 2),
        ({**NAMED, "obskit.job.outcome": "failed"}, 1),
    ]
    assert points(obskit_capture, "obskit.job.counted") == [
        ({**NAMED, "obskit.count.name": "rows"}, 15.0)
    ]


def test_quotas_are_measured(
    install: Install, meter: Meter, registry: Declarations, obskit_capture: Capture
) -> None:
    install()
    report.register_quotas(meter, lambda: (registry,))
    quota("orders-api", limit=120, per="1h", registry=registry).use(7)
    named = {"obskit.quota.name": "orders-api"}
    for name, value in (("obskit.quota.used", 7), ("obskit.quota.limit", 120)):
        # Examples of the documentation have declared quotas of the process, too.
        found = [point for point in points(obskit_capture, name) if point[0] == named]
        assert found == [(named, value)]


def test_the_begin_and_the_end_of_a_run_are_log_records(
    install: Install,
    registry: Declarations,
    obskit_capture: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    records: list[Record] = []
    monkeypatch.setattr(obskit_capture, "write", records.append)
    install()
    with job("import", runbook="https://w", owner="data", registry=registry) as run:
        obskit_capture.clock.advance(90)
        run.count(rows=3)
        run.nothing_to_do("no events")
    begun, ended = records
    assert (begun.event_name, begun.event) == ("obskit.job.started", "import has begun")
    assert begun.fields == {"obskit.job.name": "import", "obskit.job.run.id": run.run_id}
    assert ended.event_name == "obskit.job.finished"
    assert ended.event == "import had nothing to do after 1m30s: no events"
    assert ended.fields == {
        "obskit.job.name": "import",
        "obskit.job.run.id": run.run_id,
        "obskit.job.outcome": "nothing_to_do",
        "obskit.job.run.duration": 90.0,
        "obskit.job.run.counts": {"rows": 3.0},
        "obskit.job.run.message": "no events",
    }


def test_a_failure_says_who_is_to_act(
    install: Install, registry: Declarations, obskit_capture: Capture
) -> None:
    install()
    with (
        pytest.raises(ValueError, match="no"),
        job("import", runbook="https://w", owner="data", severity="sev1", registry=registry),
    ):
        raise ValueError("no")
    line = obskit_capture.lines[-1]
    assert (line["level"], line["event"]) == (
        "error",
        "import has failed after 0ms: ValueError: no",
    )
    assert line["obskit.job.severity"] == "sev1"
    assert line["obskit.job.owner"] == "data"
    assert line["obskit.job.runbook"] == "https://w"
    assert line["exception"]["type"] == "ValueError"
