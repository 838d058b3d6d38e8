"""A quantile of a histogram, as Prometheus' `histogram_quantile` estimates it."""

from __future__ import annotations

from collections.abc import Sequence


def quantile(share: float, bounds: Sequence[float], counts: Sequence[int]) -> float | None:
    """The value that a share of the measurements do not exceed.

    Within a bucket the measurements count as spread evenly; beyond the last bound that bound is all
    that can be told.

    Args:
        share: Of all measurements, 0 to 1.
        bounds: The buckets' upper bounds, rising, the first above 0.
        counts: The measurements of each bucket, and of those beyond the last bound.

    Returns:
        The value, or None where nothing was measured.

    >>> quantile(0.5, (1, 2, 5), (0, 10, 0, 0))
    1.5
    """
    rank = share * sum(counts)
    below, lower = 0, 0.0
    for upper, count in zip(bounds, counts, strict=False):
        if count and below + count >= rank:
            return lower + (upper - lower) * (rank - below) / count
        below, lower = below + count, upper
    return bounds[-1] if sum(counts) else None
