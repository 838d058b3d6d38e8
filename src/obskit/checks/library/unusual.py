"""What happened in the last hour, by key, against what is usual at this hour of the week.

The past is what the database itself knows: so it is judged from the first run on, and for each kind of
thing or each user apart.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from obskit.checks.changed import Changed
from obskit.checks.judge import Above, above
from obskit.checks.library.database import Database, Source
from obskit.checks.measurement import Measurement
from obskit.duration import Duration, parse_duration
from obskit.number import format_number

_HOUR = 3_600.0
_MOST = 200_000
_SHOWN = 50
_COLUMNS = ("key", "hour", "number")
_Numbers = Mapping[int, float]


@dataclass(frozen=True)
class Hours:
    """How many keys were seen far more often, or more seldom, in the last hour than is usual for them.

    Hours without a row count as 0, back to the oldest that any key has. A key of which too little is
    known is not judged.

    Args:
        database: A URL, an engine, or a function that connects.
        query: The SQL. It gives rows of a key, how many whole hours ago (0 for the sixty minutes that
            end now), and a number.
        usual: `changed("28d", warning=3.0)`: from how many times the usual on a key counts.
        least: Fewer than this many in the last hour are never too many, and a key that has never had
            as many is never too seldom.
        timeout: How long connecting, and then the query, may take.

    Returns:
        The number of keys, each with its number and the usual as evidence.

    Raises:
        ValueError: The query gives other rows, or more than 200 000.

    >>> from obskit import changed
    >>> hours = Hours("sqlite:///shop.db", "SELECT kind, hour, n FROM seen", changed("28d", warning=3.0))
    >>> hours.default_judge(1).state
    'warning'
    """

    default_judge: ClassVar[Above] = above(warning=1)
    database: Source = field(repr=False)
    query: str
    usual: Changed
    least: float = 10
    timeout: Duration = field(default=5.0, kw_only=True)

    def __post_init__(self) -> None:
        """Refuse what would be refused at each run."""
        Database(self.database, parse_duration(self.timeout))

    def __call__(self) -> Measurement:
        """Ask, and compare."""
        database = Database(self.database, parse_duration(self.timeout))
        keys = _by_key(database.ask(lambda session: session.rows(self.query, _MOST + 1)))
        oldest = max((hour for numbers in keys.values() for hour in numbers), default=0)
        told = [(key, self._told(numbers, oldest)) for key, numbers in sorted(keys.items())]
        wrong = [f"{key}: {said}" for key, said in told if said]
        return Measurement(
            len(wrong),
            "{key}",
            "; ".join(wrong[:3]),
            {"keys": len(keys), "hours": oldest},
            wrong[:_SHOWN],
        )

    def _told(self, numbers: _Numbers, oldest: int) -> str:
        """What is unusual about a key, or nothing."""
        now = time.time()
        past = [(now - hour * _HOUR, numbers.get(hour, 0.0)) for hour in range(1, oldest + 1)]
        current = numbers.get(0, 0.0)
        if current < self.least and not (self._falls and max(numbers.values()) >= self.least):
            return ""
        verdict = self.usual.against(current, past, now)
        if verdict.state not in {"warning", "critical"}:
            return ""
        return f"{format_number(current)} in the last hour, {verdict.reason}"

    @property
    def _falls(self) -> bool:
        return (self.usual.warning_below, self.usual.critical_below) != (None, None)


def _by_key(rows: list[dict[str, object]]) -> Mapping[str, _Numbers]:
    if len(rows) > _MOST:
        raise ValueError(
            f"the query gives more than {_MOST} rows: group them, or look less far back"
        )
    keys: dict[str, dict[int, float]] = {}
    for row in rows:
        if len(row) != len(_COLUMNS):
            raise ValueError(
                f"the query gives the columns {', '.join(row)}: a key, how many hours ago, and a number"
            )
        key, hour, number = row.values()
        numbers = keys.setdefault(str(key), {})
        numbers[int(str(hour))] = numbers.get(int(str(hour)), 0.0) + float(str(number))
    return keys
