"""What beat sends, as jobs: an entry of the schedule that does not come is late."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from datetime import timedelta, tzinfo
from functools import wraps
from typing import Any, cast

from obskit.celery import sending
from obskit.declaration import Place
from obskit.duration import LONGEST
from obskit.exceptions import DeclarationError
from obskit.operations.declare import read_job
from obskit.operations.job import DeclaredJob
from obskit.registry import Registry

_log = logging.getLogger("obskit")
# What is no part of a job's name becomes a hyphen.
_NO_NAME = re.compile("[^a-z0-9._-]+")
_LONGEST_NAME = 63
# Celery adds it by itself, and nobody waits for it.
_CLEANUP = "celery.backend_cleanup"
# Minute, hour, day of month, month, day of week: how many values each may have.
_FIELDS = {
    "minute": 60,
    "hour": 24,
    "day_of_month": 31,
    "month_of_year": 12,
    "day_of_week": 7,
}


class Schedule:
    """The jobs of one app's schedule.

    Args:
        registry: Where they are declared.
        place: What is said of where: the line that made the app observable.
    """

    def __init__(self, registry: Registry, place: Place) -> None:
        self._registry = registry
        self._place = place
        self._jobs: dict[str, DeclaredJob | None] = {}

    def declare(self, entries: Mapping[Any, Any], timezone: tzinfo) -> None:
        """Declare the entries that are new. Never raises.

        Args:
            entries: Name → entry, as `app.conf.beat_schedule` or a scheduler has them.
            timezone: What crontabs are read in.
        """
        for name, entry in list(entries.items()):
            if name not in self._jobs:
                when = entry.get("schedule") if isinstance(entry, Mapping) else entry.schedule
                self._jobs[name] = self._declared(str(name), expectation(when, timezone))

    def job(self, name: str) -> DeclaredJob | None:
        """The job of an entry. One that only beat's own database knows has no time to come at.

        Args:
            name: The entry's name, as its task's message tells it.
        """
        if name not in self._jobs:
            self._jobs[name] = self._declared(name, {})
        return self._jobs[name]

    def _declared(self, entry: str, expected: Mapping[str, Any]) -> DeclaredJob | None:
        name = _name_of(entry)
        held = self._registry.jobs.get(name)
        if entry == _CLEANUP:
            return None
        if held is not None and held.place != self._place:
            return None  # the host declares it itself
        if held is not None:
            _log.warning(
                "The beat entry %r is no job of its own: another entry has the name %r already:"
                " name one of them otherwise",
                *(entry, name),
            )
            return None
        try:
            made = DeclaredJob(**_read(name, self._place, expected))
            return cast("DeclaredJob", self._registry.jobs.hold(made))
        except DeclarationError as error:
            _log.warning("The beat entry %r is no job of its own: %s", entry, error)
            return None


def expectation(given: Any, timezone: tzinfo) -> dict[str, Any]:
    """When runs are expected, of an entry's schedule; nothing where only Celery can tell.

    Args:
        given: Seconds, a `timedelta`, or a schedule of Celery's.
        timezone: What a crontab is read in.

    >>> expectation(90, timezone=None)
    {'expect_every': 90.0}
    """
    every = getattr(given, "run_every", given)
    seconds = every.total_seconds() if isinstance(every, timedelta) else every
    if isinstance(seconds, (int, float)):
        return {"expect_every": float(seconds)} if 1 <= seconds <= LONGEST else {}
    fields = [getattr(given, name, None) for name in _FIELDS]
    if not all(isinstance(field, (set, frozenset)) and field for field in fields):
        return {}
    sets = cast("list[set[int]]", fields)
    written = [
        "*" if len(values) == most else ",".join(map(str, sorted(values)))
        for values, most in zip(sets, _FIELDS.values(), strict=True)
    ]
    # Cron fires on each of the two days, Celery where both meet.
    if written[2] != "*" and written[4] != "*":
        return {}
    return {"expect_cron": " ".join(written), "timezone": timezone}


def name_entries(scheduler: Any) -> None:
    """Have beat say with each task which entry it is sent for.

    Args:
        scheduler: Of Celery's beat; of any kind.
    """
    send: Callable[..., Any] = scheduler.apply_async

    @wraps(send)
    def apply_async(entry: Any, *args: Any, **options: Any) -> Any:
        before = sending.entry.set(str(entry.name))
        try:
            return send(entry, *args, **options)
        finally:
            sending.entry.reset(before)

    scheduler.apply_async = apply_async


def _read(name: str, place: Place, expected: Mapping[str, Any]) -> dict[str, Any]:
    return read_job(
        name,
        place,
        expect_every=expected.get("expect_every"),
        expect_cron=expected.get("expect_cron"),
        timezone=expected.get("timezone"),
        late_after="5m",
        max_runtime=None,
        overlap="allow",
        severity="sev2",
        owner=None,
        runbook=None,
        description=None,
    )


def _name_of(entry: str) -> str:
    return _NO_NAME.sub("-", entry.lower()).strip("._-")[:_LONGEST_NAME]
