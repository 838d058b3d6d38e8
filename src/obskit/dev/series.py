"""The latest number of every series that was received."""

from __future__ import annotations

from obskit.stories.signals import Point

#: The most series that are kept.
MOST = 10_000


class Series:
    """Keeps the latest number of each series.

    Attributes:
        left_out: How many points were not taken, because there were too many series.

    >>> series = Series()
    >>> series.take(Point("requests", "shop/1", (("status", "200"),), 3))
    >>> series.take(Point("requests", "shop/2", (("status", "200"),), 2))
    >>> series.total("requests", status="200")
    5.0
    """

    def __init__(self) -> None:
        self.left_out = 0
        self._numbers: dict[tuple[str, str, tuple[tuple[str, str], ...]], float] = {}

    def take(self, point: Point) -> None:
        """Take a point: it replaces the number of its series, or adds to it when it is a delta."""
        key = (point.metric, point.origin, point.attributes)
        if key not in self._numbers and len(self._numbers) >= MOST:
            self.left_out += 1
            return
        before = self._numbers.get(key, 0.0) if point.delta else 0.0
        self._numbers[key] = before + point.value

    def newest(self, text: str = "") -> list[Point]:
        """Return every series by name.

        Args:
            text: What the metric's name must contain.
        """
        # In one step, because another thread may take a point meanwhile.
        numbers = sorted(self._numbers.items(), key=lambda item: item[0])
        return [Point(*key, value) for key, value in numbers if text in key[0]]

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
