"""The latest result of each check, damped, and how long it has been so."""

from __future__ import annotations

from dataclasses import dataclass, replace
from threading import Lock

from obskit.checks.model import CheckResult, Status
from obskit.clock import Clock
from obskit.declaration import Check, Damping
from obskit.duration import format_duration

_FAILING = frozenset({Status.WARNING, Status.CRITICAL, Status.UNKNOWN})


@dataclass(frozen=True)
class Standing:
    """How a check stands.

    Attributes:
        result: The latest result. Its status is the damped one.
        since: When that status began, seconds since the Unix epoch.
        last_success: When a run was last ok, seconds since the Unix epoch, or None.
        decided: When the latest result was decided, by the monotonic clock.
        changed: Whether the latest result has another status than the one before, or is the first.
        ran: While it is skipped, what its last run came to; None where it never ran.
        counted: While it is skipped, the status of that run that counted.
    """

    result: CheckResult
    since: float
    last_success: float | None
    decided: float
    changed: bool = False
    ran: Status | None = None
    counted: Status | None = None

    @property
    def raw(self) -> Status:
        """What the latest run came to, before damping."""
        return self.result.raw or self.result.status


class Results:
    """The standings of a registry's checks, in memory.

    Args:
        clock: The time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.after_fork()

    def after_fork(self) -> None:
        """In a forked child: results of its own, and a lock that nobody holds."""
        self._lock = Lock()
        self._standings: dict[str, Standing] = {}
        self._begun = self._clock.monotonic()

    def record(self, check: Check, result: CheckResult) -> Standing:
        """Hold a result as the latest, damped as the check is declared.

        Args:
            check: The check.
            result: What a run came to.
        """
        now, monotonic = self._clock.now(), self._clock.monotonic()
        quiet = monotonic - self._begun < check.damping.quiet
        with self._lock:
            before = self._standings.get(check.name)
            damped = _damped(check.damping, before, result, quiet=quiet)
            changed = before is None or before.result.status is not damped.status
            since = now if before is None or changed else before.since
            success = before.last_success if before else None
            if result.status is Status.OK:
                success = now
            skipped = result.status is Status.SKIPPED
            frozen = _last_run(before) if skipped else (None, None)
            standing = Standing(damped, since, success, monotonic, changed, *frozen)
            self._standings[check.name] = standing
        return standing

    def adopt(self, name: str, standing: Standing) -> None:
        """Hold what another process found, unless something newer is known here.

        Args:
            name: The check's name.
            standing: How it stands there.
        """
        with self._lock:
            before = self._standings.get(name)
            if before is None or before.result.started < standing.result.started:
                self._standings[name] = standing

    def standing(self, name: str) -> Standing | None:
        """How a check stood when it was last decided, or None before its first run."""
        return self._standings.get(name)

    def began(self, check: Check) -> float | None:
        """When the latest run of a check began, by the monotonic clock, or None before the first."""
        standing = self._standings.get(check.name)
        return None if standing is None else standing.decided - standing.result.duration

    def age(self, name: str) -> float | None:
        """Seconds since the latest result was decided, or None before the first run."""
        standing = self._standings.get(name)
        return None if standing is None else max(0.0, self._clock.monotonic() - standing.decided)

    def current(self, check: Check) -> CheckResult | None:
        """What may be said of a check now: unknown where its result is too old to count.

        A result is too old after two periods and the time-out: then a run is overdue.

        Returns:
            The result, or None before the first run.
        """
        standing, age = self._standings.get(check.name), self.age(check.name)
        if standing is None or age is None:
            return None
        return counting(check, standing.result, age)


def lasts(check: Check) -> float:
    """How long a result says how the check stands, seconds.

    Args:
        check: The check.
    """
    return 2 * check.every + check.timeout


def counts(check: Check, age: float) -> bool:
    """Whether a result of some age still says how the check stands.

    Args:
        check: The check.
        age: Seconds since it was decided.
    """
    return age <= lasts(check)


def counting(check: Check, result: CheckResult, age: float) -> CheckResult:
    """What a result of some age says: unknown after two periods and the time-out.

    Args:
        check: The check.
        result: Its latest result.
        age: Seconds since it was decided.
    """
    if counts(check, age):
        return result
    period = format_duration(check.every)
    return CheckResult.unknown(f"its last result is {age:.0f} s old; it runs every {period}")


def _last_run(before: Standing | None) -> tuple[Status | None, Status | None]:
    """What the last run came to that was not skipped, and the status that counted."""
    if before is None:
        return None, None
    if before.raw is Status.SKIPPED:
        return before.ran, before.counted
    return before.raw, before.result.status


def _damped(
    damping: Damping, before: Standing | None, result: CheckResult, *, quiet: bool
) -> CheckResult:
    """The result with the status that counts, and how many there were of its kind in a row.

    A run that was skipped is neither a failure nor a success: the row stands still meanwhile.
    """
    earlier = before.result.attempt if before else 0
    last, shown = _last_run(before)
    if result.status is Status.SKIPPED:
        return result if last is None else replace(result, attempt=earlier)
    failing = result.status in _FAILING
    row = 1 + (earlier if last is not None and (last in _FAILING) == failing else 0)
    counted = shown in _FAILING
    status: Status = result.status
    if failing and not counted and (row < damping.failures or quiet):
        status = Status.OK
    elif not failing and shown is not None and counted and row < damping.successes:
        status = shown
    raw = result.status if status is not result.status else None
    return replace(result, status=status, attempt=row, raw=raw)
