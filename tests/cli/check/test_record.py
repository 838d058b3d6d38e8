"""How a check has watched, of its kept runs."""

from __future__ import annotations

import pytest
from tests.cli.host import kept

from obskit import Registry
from obskit.alerts.report import Firing
from obskit.cli.check.record import Watched, watched
from obskit.declaration import Check
from obskit.state.store import Run

MINUTE = 60.0


@pytest.fixture
def check() -> Check:
    registry = Registry()
    registry.add("rows", lambda: None, every="1m", timeout="10s")
    return registry.checks["rows"]


def runs(statuses: str, every: float = MINUTE) -> list[Run]:
    """Runs one after the other: o is ok, w a warning, c critical, u unknown, s skipped, h critical and held back."""
    names = {"o": "ok", "w": "warning", "c": "critical", "u": "unknown", "s": "skipped"}
    return [
        kept(
            "rows",
            number * every,
            status=names.get(letter, "critical"),
            damped=names.get(letter, "ok"),
            duration=2.0,
        )
        for number, letter in enumerate(statuses)
    ]


def told(check: Check, found: list[Run], now: float, **more: float | None) -> Watched:
    one = watched(check, found, -1.0, now, more.get("silenced"))
    assert one is not None
    return one


def test_a_check_that_always_ran_and_was_well_has_watched_all_the_time(check: Check) -> None:
    one = told(check, runs("ooow"), 4 * MINUTE)
    assert (one.watched, one.up, one.failings.firings, one.detection) == (1.0, 1.0, (), None)


def test_what_never_ran_is_told_nothing_of(check: Check) -> None:
    assert watched(check, [], 0.0, 100.0, None) is None


def test_time_without_a_result_that_counts_was_not_watched(check: Check) -> None:
    # A result counts for two periods and the time-out, 130 seconds.
    found = [kept("rows", 0.0), kept("rows", 1_000.0)]
    assert told(check, found, 1_040.0).watched == pytest.approx((130 + 40) / 1_040)


def test_its_uptime_is_of_the_time_that_was_watched(check: Check) -> None:
    one = told(check, runs("oocco"), 5 * MINUTE)
    assert one.up == pytest.approx(3 / 5)


def test_a_failing_lasts_from_the_first_run_that_counts_to_the_next_good_one(check: Check) -> None:
    one = told(check, runs("ohccoucw"), 8 * MINUTE)
    assert one.failings.firings == (Firing(120.0, 120.0), Firing(300.0, 120.0))
    assert (one.failings.mended, one.failings.flapped, one.failings.longest) == (2, 1, 120.0)


def test_what_goes_on_has_not_ended(check: Check) -> None:
    assert told(check, runs("oc"), 180.0).failings.firings == (Firing(60.0, 120.0, lasts=True),)


def test_while_it_is_skipped_nothing_begins_and_nothing_ends(check: Check) -> None:
    assert told(check, runs("ososco"), 360.0).failings.firings == (Firing(240.0, 60.0),)
    assert told(check, runs("ocsco"), 300.0).failings.firings == (Firing(60.0, 180.0),)


def test_it_was_known_from_the_end_of_the_run_that_told(check: Check) -> None:
    # Good at 0, wrong at 60 and held back, told at 120.
    one = told(check, runs("ohc"), 180.0)
    assert (one.failings.detections, one.detection) == ((122.0,), 122.0)


def test_what_failed_from_the_first_run_on_has_no_beginning_that_is_known(check: Check) -> None:
    assert told(check, runs("cc"), 120.0).detection is None


def test_what_ended_within_the_hour_was_seen_to_in_time(check: Check) -> None:
    one = told(check, runs("oco" + "c" * 61 + "oc"), 66 * MINUTE)
    assert (len(one.failings.firings), one.in_time) == (3, 1)


def test_what_somebody_silenced_within_the_hour_was_seen_to_in_time(check: Check) -> None:
    found = runs("oc")
    assert told(check, found, 120.0, silenced=3_660.0).in_time == 1
    assert told(check, found, 120.0, silenced=3_661.0).in_time == 0
