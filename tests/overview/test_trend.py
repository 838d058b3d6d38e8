"""What was measured of late, as a trend."""

from __future__ import annotations

import pytest
from tests.overview.given import NOW, run

from obskit.overview.trend import change, columns, lasts, series, spread


def test_what_runs_measured_stands_in_order_beside_what_is_known() -> None:
    runs = [run(ago=60, value=3.0), run(ago=120, value=2.0), run(ago=30)]
    assert series(runs, [(NOW - 500, 1.0), (NOW - 120, 9.0)]) == [
        (NOW - 500, 1.0),
        (NOW - 120, 2.0),
        (NOW - 60, 3.0),
    ]


def test_what_is_no_finite_number_is_left_out() -> None:
    runs = [run(ago=60, value=float("inf")), run(ago=50, value=float("nan")), run(ago=40, value=1)]
    assert series(runs) == [(NOW - 40, 1)]


@pytest.mark.parametrize(
    ("measured", "most", "shown"),
    [
        ([], 5, []),
        ([(0, 3.0)], 5, [3.0]),
        ([(0, 1.0), (50, 2.0), (90, 3.0), (100, 4.0)], 2, [3.0, 4.0]),
        ([(5, 1.0), (5, 2.0), (5, 3.0)], 5, [3.0]),
        ([(n, float(n)) for n in range(101)], 4, [33.0, 66.0, 99.0, 100.0]),
    ],
)
def test_columns_are_as_far_apart_as_time_is(
    measured: list[tuple[float, float]], most: int, shown: list[float]
) -> None:
    assert columns(measured, most) == shown


def test_a_change_is_from_the_first_to_the_last() -> None:
    assert change([(0, 9.0), (10, 1.0), (60, 4.0)]) == (-5.0, 60)


@pytest.mark.parametrize(
    "measured", [[], [(0, 90.0)], [(0, 90.0), (60, 90.0)], [(0, 1.0), (60, 101.0)]]
)
def test_without_a_rise_or_with_nothing_left_nobody_can_say_how_long_it_lasts(
    measured: list[tuple[float, float]],
) -> None:
    assert lasts(measured, 100.0) is None


def test_what_is_to_come_and_what_is_too_long_ago_is_not_counted() -> None:
    assert spread([0, 50, 51, 100, 101], now=100, span=50, parts=2) == [1, 1]
