"""Quotas: what is used of them in a window that slides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from obskit import Status
from obskit.capture import Capture
from obskit.declared import Declarations
from obskit.exceptions import DeclarationError
from obskit.operations.quota import DeclaredQuota, quota
from obskit.operations.surroundings import Surroundings


@pytest.fixture
def crm(install: Callable[..., Surroundings], registry: Declarations) -> DeclaredQuota:
    install()
    return quota("crm-api", limit=120, per="1h", warn_at=0.75, registry=registry)


def test_calls_up_to_the_limit_are_within_it(crm: DeclaredQuota) -> None:
    assert crm.use(119)
    assert crm.use()
    assert not crm.use()
    assert (crm.used, crm.headroom) == (121, 0)


def test_what_was_used_becomes_free_as_the_window_goes_on(
    crm: DeclaredQuota, obskit_capture: Capture
) -> None:
    crm.use(100)
    obskit_capture.clock.advance(1800)
    crm.use(20)
    obskit_capture.clock.advance(1800)
    assert crm.used == 120
    obskit_capture.clock.advance(60)
    assert (crm.used, crm.headroom) == (20, 100)


def test_nothing_is_used_by_less_than_one_call(crm: DeclaredQuota) -> None:
    assert crm.use(0)
    assert crm.use(-5)
    assert crm.used == 0


def test_the_rest_lasts_as_long_as_the_rate_of_late_goes_on(
    crm: DeclaredQuota, obskit_capture: Capture
) -> None:
    assert crm.seconds_until_empty() is None
    crm.use(60)
    # 60 in the last six minutes: the 60 that are left last as long again.
    assert crm.seconds_until_empty() == 360.0
    obskit_capture.clock.advance(600)
    assert crm.seconds_until_empty() is None
    crm.use(60)
    assert crm.seconds_until_empty() == 0.0


@pytest.mark.parametrize(
    ("used", "status", "message"),
    [
        (89, Status.OK, "89 of 120 used in 1h; the rest lasts 2m5s at the present rate"),
        (90, Status.WARNING, "90 of 120 used in 1h; the rest lasts 2m at the present rate"),
        (120, Status.CRITICAL, "120 of 120 used in 1h"),
    ],
)
def test_its_check_warns_before_it_is_used_up(
    crm: DeclaredQuota, used: int, status: Status, message: str
) -> None:
    crm.use(used)
    found = crm.check()
    assert (found.status, found.value, found.message) == (status, used, message)
    assert found.details == {"limit": 120, "headroom": 120 - used}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"limit": 0, "per": "1h"}, "limit is 0: use a whole number from 1"),
        ({"limit": 1, "per": "often"}, "per: 'often' is no span of time"),
        ({"limit": 1, "per": "1h", "warn_at": 0}, "warn_at is 0: use a share of 1"),
        (
            {"limit": 1, "per": "1h", "severity": "high"},
            "severity is 'high': use sev1, sev2 or sev3",
        ),
        ({"limit": 1, "per": "1h", "owner": 7}, "owner is 7: use text"),
    ],
)
def test_a_wrong_declaration_is_told(
    registry: Declarations, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(DeclarationError) as caught:
        quota("crm-api", registry=registry, **options)
    assert message in str(caught.value)


def test_of_late_is_the_last_tenth_of_the_window(
    crm: DeclaredQuota, obskit_capture: Capture
) -> None:
    crm.use(100)
    assert crm.recent == 100
    obskit_capture.clock.advance(420)
    crm.use(7)
    assert (crm.recent, crm.used) == (7, 107)
