"""Entries of beat's schedule, as jobs."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.config.child import run as run_script

import obskit
from obskit import Registry
from obskit.capture import Capture
from obskit.declaration import Place
from obskit.operations import surroundings
from obskit.operations.lateness import judge

pytest.importorskip("celery", reason="Celery is not installed")

from celery.beat import Scheduler  # type: ignore[import-untyped]
from celery.schedules import BaseSchedule, crontab, schedule  # type: ignore[import-untyped]
from tests.celery_app import make_app, result_of, working

from obskit.celery.beat import Schedule, expectation, name_entries

UTC = timezone.utc
PLACE = Place("shop.py", 7)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (30, {"expect_every": 30.0}),
        (timedelta(hours=1), {"expect_every": 3600.0}),
        (schedule(timedelta(minutes=5)), {"expect_every": 300.0}),
        (crontab(minute=0, hour=3), {"expect_cron": "0 3 * * *", "timezone": UTC}),
        (crontab(minute="*/20"), {"expect_cron": "0,20,40 * * * *", "timezone": UTC}),
        (
            crontab(minute=30, hour=7, day_of_week="mon-fri"),
            {"expect_cron": "30 7 * * 1,2,3,4,5", "timezone": UTC},
        ),
        (
            crontab(minute=0, hour=0, day_of_month="1,15"),
            {"expect_cron": "0 0 1,15 * *", "timezone": UTC},
        ),
        # Celery fires where both days meet, cron on each of them.
        (crontab(minute=0, hour=0, day_of_month="13", day_of_week="fri"), {}),
        (BaseSchedule(), {}),
        (0.5, {}),
    ],
)
def test_an_entry_is_expected_when_beat_sends_it(given: Any, expected: dict[str, Any]) -> None:
    assert expectation(given, UTC) == expected


def test_a_crontab_is_expected_at_the_moments_at_which_beat_sends_it() -> None:
    given = crontab(minute="*/20", hour="1-3", day_of_week="sun,sat")
    schedules = Schedule(registry := Registry(), PLACE)
    schedules.declare({"weekend": {"task": "add", "schedule": given}}, ZoneInfo("Europe/Berlin"))
    cron = registry.jobs["weekend"].expect_cron
    assert cron is not None
    now = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    fires = []
    for _ in range(10):
        now = cron.after(now)
        fires.append(datetime.fromtimestamp(now, ZoneInfo("Europe/Berlin")))
    # The first weekend of 2026 begins on the 3rd; Celery's own words for when it is due.
    for fire in fires:
        assert fire.minute in given.minute
        assert fire.hour in given.hour
        assert fire.isoweekday() % 7 in given.day_of_week
    assert (fires[0].day, fires[0].hour, fires[9].day) == (3, 1, 4)


def test_names_of_entries_become_names_of_jobs(caplog: pytest.LogCaptureFixture) -> None:
    schedules = Schedule(registry := Registry(), PLACE)
    entries = {
        "Nightly Import (full)": {"task": "a", "schedule": 60},
        "nightly import [full]": {"task": "b", "schedule": 60},
        "celery.backend_cleanup": {"task": "celery.backend_cleanup", "schedule": crontab()},
    }
    schedules.declare(entries, UTC)
    schedules.declare(entries, UTC)
    assert list(registry.jobs) == ["nightly-import-full"]
    assert schedules.job("nightly import [full]") is None
    (record,) = [one for one in caplog.records if one.name == "obskit"]
    assert record.getMessage() == (
        "The beat entry 'nightly import [full]' is no job of its own: another entry has the name"
        " 'nightly-import-full' already: name one of them otherwise"
    )


def test_an_entry_is_left_to_the_job_that_the_host_declares_under_its_name(
    obskit_capture: Capture, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(registry := Registry())
    app.conf.beat_schedule = {"tidy": {"task": "tidy", "schedule": 3600}}

    @app.task(shared=False, name="tidy")  # type: ignore[untyped-decorator,unused-ignore]
    @obskit.job("tidy", expect_every="1h", severity="sev1", registry=registry)
    def tidy() -> None:
        pass

    tick(app, "tidy")
    assert [run.outcome for run in surroundings.active().runs.latest_jobs()["tidy"]] == ["ok"]
    assert sum(point["value"] for point in obskit_capture.metrics()["obskit.job.runs"]) == 1
    assert registry.jobs["tidy"].severity == "sev1"
    assert [one for one in caplog.records if one.name == "obskit"] == []


def test_a_task_that_beat_sends_is_a_run_and_one_that_does_not_come_is_late(
    obskit_capture: Capture,
) -> None:
    app = make_app(registry := Registry())
    app.conf.beat_schedule = {"tidy": {"task": "tidy", "schedule": timedelta(hours=1)}}

    @app.task(shared=False, name="tidy")  # type: ignore[untyped-decorator,unused-ignore]
    def tidy() -> None:
        obskit.current_run().count(files=3)

    tick(app, "tidy")
    job = registry.jobs["tidy"]
    (run,) = surroundings.active().runs.latest_jobs()["tidy"]
    assert (run.outcome, run.counts) == ("ok", {"files": 3.0})
    (span,) = [span for span in obskit_capture.spans if span.name == "run/tidy"]
    assert span.context is not None
    assert run.trace_id == f"{span.context.trace_id:032x}"
    states = [
        judge([run], run.started + seconds, job=job, known_since=0.0).state
        for seconds in (3_600, 3_600 + 301)
    ]
    assert states == ["ok", "late"]


@pytest.mark.parametrize(
    ("failures", "outcomes"), [(1, ["nothing_to_do", "ok"]), (9, ["nothing_to_do", "failed"])]
)
def test_a_run_that_is_tried_again_has_failed_when_its_last_try_fails(
    obskit_capture: Capture, failures: int, outcomes: list[str]
) -> None:
    app = make_app(Registry())
    app.conf.beat_schedule = {"flaky": {"task": "flaky", "schedule": 3600}}

    @app.task(shared=False, name="flaky", bind=True, max_retries=1)  # type: ignore[untyped-decorator,unused-ignore]
    def flaky(self: Any) -> None:
        if self.request.retries < failures:
            raise self.retry(exc=ConnectionError("away"), countdown=0)

    tick(app, "flaky")
    ended = [
        point["attributes"]["obskit.job.outcome"]
        for point in obskit_capture.metrics()["obskit.job.runs"]
        if point["value"]
    ]
    assert sorted(ended) == sorted(outcomes)
    assert len(obskit_capture.errors) == outcomes.count("failed")


def test_what_others_send_is_no_run(obskit_capture: Capture) -> None:
    app = make_app(Registry())
    app.conf.beat_schedule = {"tidy": {"task": "tidy", "schedule": 3600}}

    @app.task(shared=False, name="tidy")  # type: ignore[untyped-decorator,unused-ignore]
    def tidy() -> None:
        pass

    with working(app):
        result_of(tidy.delay())
    assert surroundings.active().runs.latest_jobs() == {}


def tick(app: Any, entry: str) -> None:
    """Have Celery's own scheduler send an entry, and a worker work on it."""
    scheduler = Scheduler(app, lazy=True)
    scheduler.setup_schedule()
    name_entries(scheduler)
    with working(app):
        sent = scheduler.apply_async(scheduler.schedule[entry], advance=False)
        result_of(sent, fails=True)


def test_the_command_line_sees_what_beat_is_to_send(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(
        "from celery import Celery\n"
        "import obskit.celery\n"
        "app = obskit.celery.init_app(Celery('shop'))\n"
        "app.conf.beat_schedule = {'tidy': {'task': 'tidy', 'schedule': 3600.0}}\n"
    )
    script = """
import json
from obskit.cli.application import inert, load
with inert():
    registries = [load("shop"), load("shop:app")]
print(json.dumps([sorted(each.jobs) for each in registries]))
"""
    ended = run_script(script, {}, tmp_path)
    assert ended.status == 0, ended.errors
    assert ended.answer == [["tidy"], ["tidy"]]
