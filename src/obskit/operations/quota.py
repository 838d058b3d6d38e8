"""Quotas: how much of what a provider allows has been used."""

from __future__ import annotations

from typing import Any, cast

from obskit.checks.model import CheckResult
from obskit.declaration import Quota, Severity
from obskit.declare import caller
from obskit.declared import Declarations
from obskit.duration import Duration, format_duration
from obskit.operations import surroundings
from obskit.operations.declare import read_quota
from obskit.operations.window import PARTS, Window
from obskit.registry import default_registry

# What counts as the present rate: the last tenth of the window.
_RECENT = PARTS // 10


class DeclaredQuota(Quota):
    """A quota that is counted, for this process. `quota` makes it.

    Nothing here hinders a call: whoever asks decides what to do when the quota is used up.
    """

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)
        self._window: Window[list[int]] = Window(self.per, surroundings.monotonic, lambda: [0])

    def use(self, n: int = 1) -> bool:
        """Count calls.

        Args:
            n: How many.

        Returns:
            Whether what is used, these included, is within the limit.
        """

        def add(span: list[int]) -> None:
            span[0] += n

        if n > 0:
            self._window.change(add)
        return self.used <= self.limit

    @property
    def used(self) -> int:
        """How much was used in the window that ends now."""
        return sum(span[0] for span in self._window.read())

    @property
    def headroom(self) -> int:
        """How much may still be used now."""
        return max(0, self.limit - self.used)

    @property
    def recent(self) -> int:
        """How much was used of late: in the last tenth of the window."""
        return sum(span[0] for span in self._window.read(_RECENT))

    def seconds_until_empty(self) -> float | None:
        """How long the rest lasts at the rate of late; None where nothing was used of late.

        What is used becomes free again as the window goes on, which is not reckoned with.
        """
        return lasts(self, self.used, self.recent)

    def check(self) -> CheckResult:
        """How much of the quota is used, for a check: a warning from `warn_at` on, critical at the limit.

        >>> from obskit import Registry
        >>> crm = quota("crm-api", limit=120, per="1h")
        >>> Registry().add("crm-api", crm.check, every="1m").name
        'crm-api'
        """
        used, left = self.used, self.seconds_until_empty()
        rest = "" if not left else f"; the rest lasts {format_duration(left)} at the present rate"
        told = f"{used} of {self.limit} used in {format_duration(self.per)}{rest}"
        details = {"limit": self.limit, "headroom": max(0, self.limit - used)}
        if used >= self.limit:
            return CheckResult.critical(told, value=used, details=details)
        if used >= self.warn_at * self.limit:
            return CheckResult.warning(told, value=used, details=details)
        return CheckResult.ok(told, value=used, details=details)


def lasts(quota: Quota, used: int, recent: int) -> float | None:
    """How long the rest of a quota lasts at the rate of late, seconds; None where nothing was used.

    Args:
        quota: The declaration.
        used: How much was used in the window.
        recent: How much of it in its last tenth.
    """
    left = max(0, quota.limit - used)
    if not left:
        return 0.0
    return left * quota.per * _RECENT / PARTS / recent if recent else None


def quota(
    name: str,
    *,
    limit: int,
    per: Duration,
    warn_at: float = 0.8,
    severity: Severity = "sev2",
    owner: str | None = None,
    runbook: str | None = None,
    registry: Declarations = default_registry,
) -> DeclaredQuota:
    """Declare how often something may be used, such as the API of a provider.

    Args:
        name: 1 to 63 of ``a-z 0-9 . _ -``, a letter or digit first.
        limit: How many calls are allowed in any span of time of the length `per`.
        per: That length: ``"1h"``.
        warn_at: The share of the limit from which on it is a warning (0.8).
        severity: ``"sev1"`` (somebody is woken when it is used up), ``"sev2"`` or ``"sev3"``; a
            warning is told of with the next lower one.
        owner: Who acts.
        runbook: Where it is written what to do.
        registry: Where it is declared.

    Returns:
        What the calls are counted by.

    Raises:
        DuplicateName: Another line declares a quota of this name.
        DeclarationError: A value is wrong.

    >>> maps = quota("maps-api", limit=2, per="1m")
    >>> maps.use(), maps.use(), maps.use(), maps.headroom
    (True, True, False, 0)
    """
    fields = read_quota(
        name,
        caller(),
        limit=limit,
        per=per,
        warn_at=warn_at,
        severity=severity,
        owner=owner,
        runbook=runbook,
    )
    return cast("DeclaredQuota", registry.quotas.hold(DeclaredQuota(**fields)))
