"""The latest number of every series that was received."""

from __future__ import annotations

from obskit.dev.signals import Point

#: The most series that are kept.
MOST = 10_000


class Series:
    """Keeps the latest number of each series.

    >>> series = Series()
    >>> series.take(Point("requests", "shop/1", (("status", "200"),), 3))
    >>> series.take(Point("requests", "shop/2", (("status", "200"),), 2))
    >>> series.total("requests", status="200")
    5.0
    """

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str, tuple[tuple[str, str], ...]], float] = {}

    def take(self, point: Point) -> None:
        """Take a point: it replaces the number of its series, or adds to it when it is a delta."""
        key = (point.metric, point.origin, point.attributes)
        if key not in self._numbers and len(self._numbers) >= MOST:
            return
        before = self._numbers.get(key, 0.0) if point.delta else 0.0
        self._numbers[key] = before + point.value

    def total(self, metric: str, **attributes: str) -> float:
        """Add up the series of one metric.

        Args:
            metric: The metric's name.
            attributes: What the series must have; dots in a name are written as underscores.

        Returns:
            The sum over all senders; for histograms, of how many values they hold.
        """
        wanted = attributes.items()
        return float(
            sum(
                number
                for (name, _, pairs), number in self._numbers.items()
                if name == metric and wanted <= {k.replace(".", "_"): v for k, v in pairs}.items()
            )
        )
