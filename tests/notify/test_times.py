"""When who may be told, by the clock of those who hear."""

from __future__ import annotations

import pytest
from tests.notify.given import DAY, HOUR, MINUTE, NOON, OFFICE, directory, problem

from obskit.declaration import Severity
from obskit.notify.times import digest_is_due, is_muted, may_hear
from obskit.receivers.hours import Hours
from obskit.receivers.model import Mute

MORNING = NOON - 4 * HOUR  # 08:00 UTC
ALWAYS = Hours((0, 1, 2, 3, 4, 5, 6), 0, 24 * 60, "UTC")


@pytest.mark.parametrize(
    ("severity", "now", "is_digest", "hears"),
    [
        ("sev1", NOON, False, True),
        ("sev1", NOON + 10 * HOUR, False, True),
        ("sev2", NOON, False, True),
        ("sev2", NOON + 10 * HOUR, False, False),
        ("sev2", NOON + 10 * HOUR, True, False),
        ("sev3", NOON, False, False),
        ("sev3", NOON, True, True),
    ],
)
def test_sev1_is_heard_at_any_time_sev2_at_work_and_sev3_in_the_digest(
    severity: Severity, now: float, is_digest: bool, hears: bool
) -> None:
    office = directory(working_hours=OFFICE)
    assert may_hear(office, severity, now, is_digest=is_digest) is hears


def test_without_working_hours_sev2_is_heard_at_any_time() -> None:
    assert may_hear(directory(), "sev2", NOON + 10 * HOUR, is_digest=False) is True


@pytest.mark.parametrize(
    ("last", "now", "due"),
    [
        (0.0, MORNING - 1, False),
        (0.0, MORNING, True),
        (0.0, MORNING + 16 * HOUR - 1, True),
        (MORNING, MORNING + MINUTE, False),
        (MORNING - DAY, MORNING, True),
        (MORNING + DAY, MORNING, False),  # a clock that was set back
    ],
)
def test_a_digest_is_made_once_a_day_from_eight_on(last: float, now: float, due: bool) -> None:
    assert digest_is_due(directory(), last, now) is due


def test_in_working_hours_a_day_is_that_of_their_zone() -> None:
    auckland = directory(working_hours=Hours(ALWAYS.days, 0, 24 * 60, "Pacific/Auckland"))
    midnight = NOON - HOUR  # Auckland is 13 hours ahead in March
    assert digest_is_due(auckland, midnight - MINUTE, midnight - 1) is False
    assert digest_is_due(auckland, midnight - MINUTE, midnight) is True


@pytest.mark.parametrize(
    ("trait", "value", "muted"),
    [
        ("service", "shop", True),
        ("service", "crm", False),
        ("environment", "production", True),
        ("environment", "staging", False),
        ("severity", "sev2", True),
        ("severity", "sev1", False),
        ("owner", "data", True),
        ("owner", "web", False),
        ("job", "import", True),
        ("check", "import", False),
        ("operation", "import", False),
    ],
)
def test_a_window_is_meant_for_what_has_its_traits(trait: str, value: str, muted: bool) -> None:
    mute = Mute("move", ALWAYS, {trait: (value, "x")})  # type: ignore[dict-item]
    one = problem("import", kind="job", owner="data")
    assert is_muted(mute, one, "sev2", "shop", "production", NOON) is muted


@pytest.mark.parametrize("kind", ["check", "job", "operation"])
def test_a_window_is_meant_for_one_of_each_kind(kind: str) -> None:
    mute = Mute("move", ALWAYS, {kind: ("db",)})  # type: ignore[dict-item]
    assert is_muted(mute, problem(kind=kind), "sev1", "shop", "", NOON) is True


def test_a_closed_window_mutes_nothing() -> None:
    at_night = Hours(ALWAYS.days, 22 * 60, 6 * 60, "UTC")
    assert is_muted(Mute("night", at_night), problem(), "sev1", "shop", "", NOON) is False
