"""Quantiles as Prometheus estimates them."""

from __future__ import annotations

import pytest

from obskit.operations.quantile import quantile


# What `histogram_quantile` gives for the same buckets.
@pytest.mark.parametrize(
    ("share", "counts", "value"),
    [
        (0.95, (0, 100, 0, 0), 1.95),
        (0.95, (100, 0, 0, 0), 0.95),
        (0.95, (90, 5, 5, 0), 2.0),
        (0.95, (90, 4, 6, 0), 2.5),
        (0.95, (0, 0, 0, 3), 5.0),
        (0.95, (94, 0, 0, 6), 5.0),
        (0.5, (1, 0, 0, 0), 0.5),
        (0.0, (0, 3, 0, 0), 1.0),
        (1.0, (1, 1, 1, 0), 5.0),
    ],
)
def test_it_is_what_prometheus_says(share: float, counts: tuple[int, ...], value: float) -> None:
    assert quantile(share, (1, 2, 5), counts) == pytest.approx(value)


def test_of_nothing_there_is_none() -> None:
    assert quantile(0.95, (1, 2, 5), (0, 0, 0, 0)) is None
