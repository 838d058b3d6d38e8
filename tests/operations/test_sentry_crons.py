"""Jobs as Sentry's monitors, at a real receiver of envelopes."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("sentry_sdk")

from tests.telemetry.envelopes import Receiver, receiving

from obskit import default_runtime
from obskit.declared import Declarations
from obskit.operations.job import job
from obskit.operations.sentry_crons import check_in, monitor
from obskit.operations.surroundings import Surroundings, install


def checked_in(receiver: Receiver, count: int) -> list[dict[str, Any]]:
    return receiver.wait_for("check_in", count)


@pytest.fixture
def running() -> Any:
    with receiving() as receiver:
        default_runtime.init("shop", sentry_dsn=receiver.dsn, environment="test", version="1.2.3")
        install(Surroundings(check_in=check_in))
        yield receiver


def test_a_run_upserts_its_monitor_and_checks_in_twice(
    running: Receiver, registry: Declarations
) -> None:
    options = {"expect_cron": "0 3 * * *", "timezone": "Europe/Berlin", "max_runtime": "90s"}
    with job("import", late_after="30m", registry=registry, **options) as run:  # type: ignore[arg-type]
        pass
    begun, ended = checked_in(running, 2)
    config = {
        "schedule": {"type": "crontab", "value": "0 3 * * *"},
        "checkin_margin": 30,
        "max_runtime": 2,
        "timezone": "Europe/Berlin",
    }
    same = {
        "type": "check_in",
        "check_in_id": run.run_id,
        "monitor_slug": "import",
        "monitor_config": config,
        "environment": "test",
        "release": "1.2.3",
    }
    assert {name: begun.get(name) for name in same} == same
    assert {name: ended.get(name) for name in same} == same
    assert (begun["status"], begun["duration"]) == ("in_progress", None)
    assert ended["status"] == "ok"
    assert ended["duration"] >= 0


def test_a_failed_run_is_an_error_and_nothing_to_do_is_none(
    running: Receiver, registry: Declarations
) -> None:
    declared = job("import", expect_every="24h", registry=registry)
    with declared as run:
        run.fail("no")
    with declared as run:
        run.nothing_to_do("no events")
    statuses = [each["status"] for each in checked_in(running, 4)]
    assert statuses == ["in_progress", "error", "in_progress", "ok"]


def test_a_job_without_a_schedule_is_no_monitor(running: Receiver, registry: Declarations) -> None:
    with job("free", registry=registry):
        pass
    with job("import", expect_every="24h", registry=registry):
        pass
    assert {each["monitor_slug"] for each in checked_in(running, 2)} == {"import"}


@pytest.mark.parametrize(
    ("every", "minutes"), [("5s", 1), ("90s", 2), ("24h", 1440)], ids=["short", "odd", "day"]
)
def test_an_interval_is_told_in_whole_minutes(
    registry: Declarations, every: str, minutes: int
) -> None:
    assert monitor(job("import", expect_every=every, registry=registry)) == {
        "schedule": {"type": "interval", "value": minutes, "unit": "minute"},
        "checkin_margin": 5,
    }


def test_without_a_client_nothing_is_told_and_nothing_raised(registry: Declarations) -> None:
    install(Surroundings(check_in=check_in))
    with job("import", expect_every="24h", registry=registry) as run:
        assert run.run_id
