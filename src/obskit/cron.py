"""Cron expressions: when they fire next, in a time zone with its changes of the clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo

# A year of a daily job, and a month of an hourly one.
_LOOKED_AT = 800
_YEAR = 366 * 86_400.0
_FIELDS = 5


@dataclass(frozen=True)
class Cron:
    """A schedule as cron has it. `parse_cron` makes one.

    Debian's cron decides what happens as the clock is changed, and `cronsim` does as it does: a job
    at a fixed time that the clock leaps over runs right after the leap, one that the clock shows
    twice runs once.

    Attributes:
        expression: Five fields: minute, hour, day of month, month, day of week.
        timezone: What they are read in.
    """

    expression: str
    timezone: tzinfo

    def after(self, moment: float) -> float:
        """When it fires next.

        Args:
            moment: Seconds since the Unix epoch.

        Returns:
            Seconds since the Unix epoch, later than `moment`.

        >>> from datetime import timezone
        >>> parse_cron("0 3 * * *", timezone.utc).after(0.0) / 3600
        3.0
        """
        return next(self._fires(moment))

    def longest_gap(self, moment: float) -> float:
        """The longest time between two fires in the year to come, seconds; the next where it is longer.

        Args:
            moment: Seconds since the Unix epoch.
        """
        longest, fires = 0.0, self._fires(moment)
        earlier = next(fires)
        for _ in range(_LOOKED_AT):
            later = next(fires)
            longest, earlier = max(longest, later - earlier), later
            if later > moment + _YEAR:
                break
        return longest

    def _fires(self, moment: float) -> Iterator[float]:
        from cronsim import CronSim

        for fire in CronSim(self.expression, datetime.fromtimestamp(moment, self.timezone)):
            # In an hour that the clock shows twice cronsim begins with the first of the two.
            if fire.timestamp() > moment:
                yield fire.timestamp()


def parse_cron(expression: str, timezone: tzinfo) -> Cron:
    """Read a cron expression.

    Args:
        expression: Five fields, as in a crontab; names of months and days, `L` and `#` too.
        timezone: What they are read in.

    Raises:
        ValueError: It is none, or it never fires.

    >>> from datetime import timezone
    >>> parse_cron("61 * * * *", timezone.utc)
    Traceback (most recent call last):
    ValueError: '61 * * * *' is no cron expression (Bad minute): write five fields, such as '0 3 * * *'
    """
    from cronsim import CronSimError

    cron, wrong = Cron(expression, timezone), ""
    if len(expression.split()) != _FIELDS:  # a sixth would be seconds
        wrong = "Wrong number of fields"
    else:
        try:
            cron.after(0.0)
        except StopIteration:
            wrong = "it never fires"
        except (CronSimError, TypeError, AttributeError) as error:
            wrong = str(error)
    if wrong:
        raise ValueError(
            f"{expression!r} is no cron expression ({wrong}): write five fields, such as '0 3 * * *'"
        )
    return cron
