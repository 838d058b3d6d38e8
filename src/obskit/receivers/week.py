"""How hours of the week are written in the file."""

from __future__ import annotations

import re

from obskit.declared_values import read_timezone
from obskit.receivers.hours import DAYS, MIDNIGHT, Hours
from obskit.receivers.section import Section, text, texts

_TIME = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])")


def read_hours(section: Section) -> Hours | None:
    """Days, a time to begin and one to end, and the zone of both; None where one is wrong.

    Args:
        section: The table that says so.
    """
    days = section.need("days", _days)
    start = section.need("from", _minute)
    end = section.need("until", _minute)
    timezone = section.need("timezone", _timezone)
    if days is None or start is None or end is None or timezone is None:
        return None
    if start in {end, MIDNIGHT}:
        section.wrong("from", "leaves no hours: use another time than until, and less than 24:00")
        return None
    return Hours(days, start, end, timezone)


def _days(given: object) -> tuple[int, ...]:
    found: set[int] = set()
    for one in texts(given):
        first, _, last = one.lower().partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise ValueError("use days such as monday, or monday-friday, or a list of them")
        begin, stop = DAYS.index(first), DAYS.index(last or first)
        found.update(day % 7 for day in range(begin, stop + (7 if stop < begin else 0) + 1))
    return tuple(sorted(found))


def _minute(given: object) -> int:
    written = _TIME.fullmatch(given) if isinstance(given, str) else None
    minute = int(written[1]) * 60 + int(written[2]) if written else MIDNIGHT + 1
    if minute > MIDNIGHT:
        raise ValueError('use a time of the day from "00:00" to "24:00"')
    return minute


def _timezone(given: object) -> str:
    name = text(given)
    try:
        read_timezone(name)
    except ValueError:
        raise ValueError("use the name of a zone, such as Europe/Berlin") from None
    return name
