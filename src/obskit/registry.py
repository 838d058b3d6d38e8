"""The registry: what has been declared to be watched."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import tzinfo
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, TypedDict, TypeVar

from obskit.declaration import Check, Judge, OnTimeout, Severity, Subject, UnknownOn
from obskit.declare import caller, declare
from obskit.duration import Duration
from obskit.exceptions import DeclarationError, DuplicateName

if TYPE_CHECKING:
    from typing_extensions import Unpack

#: Opens what a host's code needs around it, such as Flask's application context.
HostEntry = Callable[[], AbstractContextManager[object]]
_Function = TypeVar("_Function", bound=Callable[[], object])


class Options(TypedDict, total=False):
    """What every declaration may say; `Registry.add` explains each."""

    timeout: Duration
    severity: Severity
    owner: str | None
    runbook: str | None
    description: str | None
    readiness: bool
    depends_on: Sequence[str]
    on_timeout: OnTimeout
    unknown_on: UnknownOn


class Registry:
    """The declared checks of one application.

    Attributes:
        entry: Opened around each run, or None. A framework's `init_app` sets it.

    >>> checks = Registry()
    >>> @checks.check("queue", every="1m")
    ... def queue() -> int:
    ...     '''Jobs that wait.'''
    ...     return 3
    >>> checks.checks["queue"].description
    'Jobs that wait.'
    """

    def __init__(self) -> None:
        self.entry: HostEntry | None = None
        self._lock = Lock()
        self._checks: Mapping[str, Check] = MappingProxyType({})

    @property
    def checks(self) -> Mapping[str, Check]:
        """The checks by name, in the order of their declaration.

        A mapping that never changes: a later declaration makes another one.
        """
        return self._checks

    def add(
        self,
        name: str,
        subject: Subject,
        *,
        every: Duration,
        judge: Judge | None = None,
        unit: str = "",
        warning_after: Duration | None = None,
        critical_after: Duration | None = None,
        timezone: str | tzinfo | None = None,
        **options: Unpack[Options],
    ) -> Check:
        """Declare a check. What the subject returns says how things stand.

        Without a judge, None and True are ok, False is critical, a number is a measurement and a
        `CheckResult` is taken as it is. With one, the number is judged. With `warning_after` or
        `critical_after` it returns when something last happened, or None for never. An exception is
        critical.

        Args:
            name: 1 to 63 of ``a-z 0-9 . _ -``, a letter or digit first.
            subject: A function or another object that is called without arguments; may be async.
            every: How often it runs: ``"90s"``, ``"5m"``, seconds or a `timedelta`, from 1 s.
            judge: Judges the number: `above`, `below` or `outside`.
            unit: The number's unit, as OpenTelemetry writes it: ``s``, ``By``, ``{row}``.
            warning_after: The age from which on an instant is a warning.
            critical_after: The age from which on an instant is critical.
            timezone: What an instant without a zone is read in, such as ``"Europe/Berlin"``.
            **options: Of every kind of check:
                timeout: How long a run may take (10 s).
                severity: ``sev1`` act now, ``sev2`` this working day (default), ``sev3`` daily.
                owner: Who acts. A team's name.
                runbook: Where it is written what to do. A URL.
                description: One line; else the first of the docstring.
                readiness: Whether this process must not be sent work while it fails.
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
        return self._hold(
            declare(
                name,
                subject,
                caller(),
                every=every,
                judge=judge,
                unit=unit,
                warning_after=warning_after,
                critical_after=critical_after,
                timezone=timezone,
                **options,
            )
        )

    def check(
        self,
        name: str,
        *,
        every: Duration,
        judge: Judge | None = None,
        unit: str = "",
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
            check = declare(name, function, place, every=every, judge=judge, unit=unit, **options)
            self._hold(check)
            return function

        return decorate

    def freshness(
        self,
        name: str,
        *,
        every: Duration,
        warning_after: Duration | None = None,
        critical_after: Duration | None = None,
        timezone: str | tzinfo | None = None,
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
                every=every,
                warning_after=warning_after,
                critical_after=critical_after,
                timezone=timezone,
                **options,
            )
            self._hold(check)
            return function

        return decorate

    def _hold(self, check: Check) -> Check:
        with self._lock:
            held = self._checks.get(check.name)
            if held is not None and not check.repeats(held):
                raise DuplicateName(
                    f"the check {check.name!r} ({check.place}): the name is taken by another one"
                    f" ({held.place}): choose another name"
                )
            self._checks = MappingProxyType({**self._checks, check.name: check})
            return check


#: What the module-level `check` and `freshness` declare into.
default_registry = Registry()
check = default_registry.check
freshness = default_registry.freshness
