"""Hours of the week, as people and Alertmanager name them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

#: The days of the week, from Monday, as `datetime.weekday` counts them.
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
#: Minutes of a day.
MIDNIGHT = 24 * 60


class Span(NamedTuple):
    """Minutes of a day that do not go beyond midnight, on some days."""

    days: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True)
class Hours:
    """The same hours on some days of the week.

    Attributes:
        days: From 0, Monday, in order.
        start: The first minute of the day.
        end: The minute with which they end; not after `start` where that is on the next day.
        timezone: The name of the zone that they are read in.
    """

    days: tuple[int, ...]
    start: int
    end: int
    timezone: str

    def spans(self) -> Iterator[Span]:
        """The same hours, cut at midnight."""
        if self.start < self.end:
            yield Span(self.days, self.start, self.end)
            return
        yield Span(self.days, self.start, MIDNIGHT)
        if self.end:
            yield Span(tuple(sorted((day + 1) % 7 for day in self.days)), 0, self.end)

    def hold(self, moment: datetime) -> bool:
        """Whether a moment is within them.

        Args:
            moment: An instant with a zone.

        >>> from datetime import timezone
        >>> office = Hours((0, 1, 2, 3, 4), 9 * 60, 17 * 60, "Europe/Berlin")
        >>> office.hold(datetime(2026, 7, 1, 7, 0, tzinfo=timezone.utc))
        True
        """
        there = moment.astimezone(ZoneInfo(self.timezone))
        minute = there.hour * 60 + there.minute
        return any(
            there.weekday() in span.days and span.start <= minute < span.end
            for span in self.spans()
        )
