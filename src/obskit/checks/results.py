"""The latest result of each check, and how long it has been so."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

from obskit.checks.model import CheckResult, Status
from obskit.clock import Clock
from obskit.declaration import Check
from obskit.duration import format_duration


@dataclass(frozen=True)
class Standing:
    """How a check stands.

    Attributes:
        result: The latest result.
        since: When its status began, seconds since the Unix epoch.
        last_success: When it was last ok, seconds since the Unix epoch, or None.
        decided: When the latest result was decided, by the monotonic clock.
    """

    result: CheckResult
    since: float
    last_success: float | None
    decided: float


class Results:
    """The standings of a registry's checks, in memory.

    Args:
        clock: The time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._standings: dict[str, Standing] = {}
        self._lock = Lock()

    def record(self, name: str, result: CheckResult) -> bool:
        """Hold a result as the latest.

        Returns:
            Whether the status is another than before, or the first.
        """
        now = self._clock.now()
        with self._lock:
            before = self._standings.get(name)
            changed = before is None or before.result.status is not result.status
            since = now if before is None or changed else before.since
            success = before.last_success if before else None
            if result.status is Status.OK:
                success = now
            self._standings[name] = Standing(result, since, success, self._clock.monotonic())
        return changed

    def standing(self, name: str) -> Standing | None:
        """How a check stood when it was last decided, or None before its first run."""
        return self._standings.get(name)

    def age(self, name: str) -> float | None:
        """Seconds since the latest result was decided, or None before the first run."""
        standing = self._standings.get(name)
        return None if standing is None else self._clock.monotonic() - standing.decided

    def current(self, check: Check) -> CheckResult | None:
        """What may be said of a check now: unknown where its result is too old to count.

        A result is too old after two periods and the time-out: then a run is overdue.

        Returns:
            The result, or None before the first run.
        """
        standing, age = self._standings.get(check.name), self.age(check.name)
        if standing is None or age is None:
            return None
        if age > 2 * check.every + check.timeout:
            period = format_duration(check.every)
            return CheckResult.unknown(
                f"its last result is {age:.0f} s old; it runs every {period}"
            )
        return standing.result

    def after_fork(self) -> None:
        """In a forked child: results of its own, and a lock that nobody holds."""
        self._lock = Lock()
        self._standings = {}
