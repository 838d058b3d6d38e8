"""The registry: what has been declared to be watched."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import tzinfo
from typing import TYPE_CHECKING, TypedDict, TypeVar

from obskit.declaration import (
    Bands,
    Check,
    Judge,
    Level,
    OnTimeout,
    Scope,
    Severity,
    Subject,
    UnknownOn,
)
from obskit.declare import caller, declare
from obskit.declared import Declarations, Declared
from obskit.duration import Duration
from obskit.exceptions import DeclarationError

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from typing_extensions import Unpack

#: Opens what a host's code needs around it, such as Flask's application context.
HostEntry = Callable[[], AbstractContextManager[object]]
_Function = TypeVar("_Function", bound=Callable[[], object])


class Options(TypedDict, total=False):
    """What every declaration may say; `Registry.add` explains each."""

    every: Duration | None
    cron: str | None
    on: str | None
    timezone: str | tzinfo | None
    timeout: Duration
    severity: Severity
    owner: str | None
    runbook: str | None
    description: str | None
    readiness: bool
    group: str | None
    tags: Sequence[str]
    failures_before_alert: int
    successes_before_recovery: int
    quiet_at_start: Duration
    scope: Scope | None
    isolate: bool
    depends_on: Sequence[str]
    on_timeout: OnTimeout
    unknown_on: UnknownOn


class Registry(Declarations):
    """What one application has declared: its checks, jobs, operations and quotas.

    Attributes:
        entry: Opened around each run, or None. A framework's `init_app` sets it.
        loop: The event loop that the host runs, or None: async checks run on it, beside what the
            host does there, and may use its connection pools. Set it where that loop has begun.

    >>> checks = Registry()
    >>> @checks.check("queue", every="1m")
    ... def queue() -> int:
    ...     '''Jobs that wait.'''
    ...     return 3
    >>> checks.checks["queue"].description
    'Jobs that wait.'
    """

    def __init__(self) -> None:
        super().__init__()
        self.entry: HostEntry | None = None
        self.loop: AbstractEventLoop | None = None
        self._checks: Declared[Check] = Declared("check", Check.repeats)

    @property
    def checks(self) -> Mapping[str, Check]:
        """The checks by name, in the order of their declaration.

        A mapping that never changes: a later declaration makes another one.
        """
        return self._checks.held

    def add(
        self,
        name: str,
        subject: Subject,
        *,
        judge: Judge | None = None,
        unit: str = "",
        warning_after: Duration | None = None,
        critical_after: Duration | None = None,
        alert_above: Mapping[Level, int] | None = None,
        score: bool | Bands = False,
        dimension: str | None = None,
        **options: Unpack[Options],
    ) -> Check:
        """Declare a check. What the subject returns says how things stand.

        Without a judge, None and True are ok, False is critical, a number is a measurement, a list
        of `Issue` is counted by level, and a `CheckResult` is taken as it is. With one, the number
        is judged. With `warning_after` or `critical_after` it returns when something last happened,
        or None for never. An exception is critical. A `Measurement` is judged as its value.

        Args:
            name: 1 to 63 of ``a-z 0-9 . _ -``, a letter or digit first.
            subject: A function or another object that is called without arguments; may be async.
            judge: Judges the number: `above`, `below`, `outside` or `changed`; the one that a ready-made
                check brings by default.
            unit: The number's unit, as OpenTelemetry writes it: ``s``, ``By``, ``{row}``.
            warning_after: The age from which on an instant is a warning.
            critical_after: The age from which on an instant is critical.
            alert_above: Of a validation: by level, how many issues are still well
                (``{"critical": 0, "error": 0}``; levels that are not named never alert).
            score: The subject returns a share of 0 to 1: True, or `Bands` of your own.
            dimension: What of its group a score measures, such as ``completeness``.
            **options: Of every kind of check; one of the first three says when it runs:
                every: How often: ``"90s"``, ``"5m"``, seconds or a `timedelta`, from 1 s.
                cron: At which times: ``"0 3 * * *"``, with a time zone.
                on: After what: ``"job:nightly-import"``, after each run of that job.
                timezone: What `cron`, and an instant without a zone, is read in: ``"Europe/Berlin"``.
                timeout: How long a run may take (10 s).
                severity: ``sev1`` act now, ``sev2`` this working day (default), ``sev3`` daily.
                owner: Who acts. A team's name.
                runbook: Where it is written what to do. A URL.
                description: One line; else the first of the docstring.
                readiness: Whether this process must not be sent work while it fails.
                group: What it is shown with, such as ``database``.
                tags: What it can be chosen by, such as ``["daily"]``.
                failures_before_alert: Failed runs in a row from which on the check fails (1).
                successes_before_recovery: Runs in a row that are ok from which on it is ok again (1).
                quiet_at_start: How long after the start of the process no failure counts (0).
                scope: ``"process"`` in each process (default with `readiness`), ``"host"`` in one
                    process of a host (default), ``"fleet"`` in one process of all hosts.
                isolate: Whether it runs in a process of its own, which is killed at the time-out.
                depends_on: Names of checks; while one of them fails, this one is skipped.
                on_timeout: ``"critical"`` (default) or ``"unknown"``.
                unknown_on: Exceptions that mean "could not be judged" rather than "failed".

        Returns:
            The declaration.

        Raises:
            DuplicateName: Another function already has this name.
            DeclarationError: A value is wrong.

        >>> Registry().add("always", lambda: True, every="1h").every
        3600.0
        """
        return self._checks.hold(
            declare(
                name,
                subject,
                caller(),
                judge=judge,
                unit=unit,
                warning_after=warning_after,
                critical_after=critical_after,
                alert_above=alert_above,
                score=score,
                dimension=dimension,
                **options,
            )
        )

    def check(
        self,
        name: str,
        *,
        judge: Judge | None = None,
        unit: str = "",
        alert_above: Mapping[Level, int] | None = None,
        score: bool | Bands = False,
        dimension: str | None = None,
        **options: Unpack[Options],
    ) -> Callable[[_Function], _Function]:
        """Declare the decorated function as a check, and leave it as it is. See `Registry.add`.

        >>> checks = Registry()
        >>> @checks.check("disk", every="5m", severity="sev1", owner="ops")
        ... def disk() -> bool:
        ...     return True
        >>> disk()
        True
        """
        place = caller()

        def decorate(function: _Function) -> _Function:
            check = declare(
                name,
                function,
                place,
                judge=judge,
                unit=unit,
                alert_above=alert_above,
                score=score,
                dimension=dimension,
                **options,
            )
            self._checks.hold(check)
            return function

        return decorate

    def freshness(
        self,
        name: str,
        *,
        warning_after: Duration | None = None,
        critical_after: Duration | None = None,
        **options: Unpack[Options],
    ) -> Callable[[_Function], _Function]:
        """Declare the decorated function, which says when something last happened. See `Registry.add`.

        >>> from datetime import datetime, timezone
        >>> checks = Registry()
        >>> @checks.freshness("import", every="5m", warning_after="25h", critical_after="2d")
        ... def last_import() -> datetime:
        ...     return datetime(2026, 1, 1, tzinfo=timezone.utc)
        """
        place = caller()
        if warning_after is None and critical_after is None:
            raise DeclarationError(
                f"the check {name!r} ({place}): it has no limit: give warning_after,"
                " critical_after or both"
            )

        def decorate(function: _Function) -> _Function:
            check = declare(
                name,
                function,
                place,
                warning_after=warning_after,
                critical_after=critical_after,
                **options,
            )
            self._checks.hold(check)
            return function

        return decorate


#: What the module-level `check` and `freshness` declare into.
default_registry = Registry()
check = default_registry.check
freshness = default_registry.freshness
