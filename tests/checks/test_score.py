"""Shares of 0 to 1: what each is called, and the score of the whole."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest
from tests.checks.given import check

from obskit import CheckResult
from obskit.checks.score import grade_of, overall
from obskit.checks.verdict import of_returned
from obskit.declaration import Bands


@pytest.mark.parametrize(
    ("share", "status", "message"),
    [
        (1, "ok", "100.0 %: Excellent"),
        (0.95, "ok", "95.0 %: Excellent"),
        (0.949, "ok", "94.9 %: Good"),
        (Decimal("0.85"), "ok", "85.0 %: Good"),
        (0.849, "warning", "84.9 %: Warning"),
        (0.7, "warning", "70.0 %: Warning"),
        (0.699, "critical", "69.9 %: Error"),
        (0, "critical", "0.0 %: Error"),
    ],
)
def test_a_share_is_called_by_the_band_that_it_lies_in(
    share: Any, status: str, message: str
) -> None:
    result = of_returned(check(score=True), share, 0.0)
    assert (result.status.value, result.message) == (status, message)
    assert (result.value, result.unit) == (float(share), "1")


@pytest.mark.parametrize("returned", [None, True, False, "0.9", -0.01, 1.01, math.nan, math.inf])
def test_what_is_no_share_is_not_judged(returned: object) -> None:
    result = of_returned(check(score=True), returned, 0.0)
    assert result.status.value == "unknown"
    assert result.message == f"it returned {returned!r} where a share of 0 to 1 is scored"
    assert result.value is None


def test_bands_can_be_chosen() -> None:
    bands = Bands(excellent=0.5, good=0.25, warning=0.0)
    shares = (0.5, 0.25, 0.0)
    assert [grade_of(bands, share) for share in shares] == ["Excellent", "Good", "Warning"]


def test_each_group_counts_alike_in_the_whole_however_many_scores_it_has() -> None:
    def found(name: str, share: float | None, **options: Any) -> Any:
        result = None if share is None else CheckResult.ok(value=share)
        return check(name, **{"score": True, **options}), result

    assert overall(
        [
            found("hours", 1.0, group="events"),
            found("places", 0.5, group="events"),
            found("names", 0.75, group="events"),
            found("mail", 0.25),
            found("late", None, group="events"),
            found("rows", 7.0, score=False, group="events"),
        ]
    ) == {"": 0.5, "events": 0.75, "mail": 0.25}


def test_a_score_that_could_not_be_judged_counts_nowhere() -> None:
    unknown = CheckResult.unknown("no answer")
    assert overall([(check(score=True), unknown)]) == {}
    assert overall([]) == {}
