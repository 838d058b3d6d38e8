"""Tokens: how long one still lives, and whether it can be renewed."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import ClassVar

from obskit.checks.judge import Below, below
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult, number
from obskit.duration import Duration, format_duration, parse_duration
from obskit.redaction import describe, kind_of

_PARTS = 3


@dataclass(frozen=True)
class TimeToLive:
    """How long a token still lives, in seconds; less than none where it has expired.

    Args:
        source: Gives the token, a JWT, whose `exp` is read and whose signature is not verified; or
            the instant at which it expires, aware or in seconds since the Unix epoch.
        refresh: Renews the token, so that `source` gives the new one. Called where the token lives
            no longer than `refresh_below`, by one run at a time. Bound its own time.
        refresh_below: See there.

    Raises:
        ValueError: `refresh_below` is no span of time.

    >>> from datetime import datetime, timedelta, timezone
    >>> hour = TimeToLive(lambda: datetime.now(timezone.utc) + timedelta(hours=1))
    >>> round(hour().value)
    3600
    """

    #: Where the declaration names no judge.
    default_judge: ClassVar[Below] = below(critical=0)

    source: Callable[[], str | datetime | float] = field(repr=False)
    refresh: Callable[[], object] | None = field(default=None, repr=False)
    refresh_below: Duration = "1h"
    _refreshing: Lock = field(default_factory=Lock, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what is no span of time."""
        parse_duration(self.refresh_below)

    def __reduce__(self) -> tuple[object, ...]:
        """For a process of its own, without the lock."""
        return TimeToLive, (self.source, self.refresh, self.refresh_below)

    def __call__(self) -> Measurement | CheckResult:
        """Look at the token, and renew it where that is due.

        Returns:
            The seconds that it lives. Where it could not be renewed, a warning while it lives, and
            critical after. Unknown, where it does not say when it expires.

        Raises:
            ValueError: It is no token.
            Exception: What `source` raises.
        """
        left = self._left()
        if left is None:
            return CheckResult.unknown("the token has no exp: it does not say when it expires")
        due = self.refresh is not None and left <= parse_duration(self.refresh_below)
        if not due or not self._refreshing.acquire(blocking=False):
            return Measurement(left, "s")
        try:
            return self._refreshed(left)
        finally:
            self._refreshing.release()

    def _refreshed(self, before: float) -> Measurement | CheckResult:
        try:
            if self.refresh is not None:
                self.refresh()
            after = self._left()
        except Exception as error:
            return _not_renewed(before, f"it could not be renewed: {describe(error)}")
        if after is None or after <= before:
            return _not_renewed(before, "it was renewed, and does not live longer")
        return Measurement(after, "s", "renewed", {"before_seconds": before})

    def _left(self) -> float | None:
        given = self.source()
        if isinstance(given, str):
            expires = _expiry(given)
        elif isinstance(given, datetime):
            if given.utcoffset() is None:
                raise ValueError(
                    f"the token's expiry {given.isoformat()} has no time zone: make it aware"
                )
            expires = given.timestamp()
        else:
            expires = number(given)
            if expires is None:
                raise ValueError(
                    f"the token's source gave {kind_of(given)}: give a JWT, an instant or seconds"
                )
        return None if expires is None else expires - time.time()


def _not_renewed(left: float, why: str) -> CheckResult:
    facts = {"seconds": left}
    if left <= 0:
        gone = format_duration(-left)
        return CheckResult.critical(f"expired {gone} ago; {why}", value=left, details=facts)
    still = format_duration(left)
    return CheckResult.warning(f"expires in {still}; {why}", value=left, details=facts)


def _expiry(token: str) -> float | None:
    """The `exp` of a JWT. What it raises never shows any of the token."""
    parts = token.strip().removeprefix("Bearer ").split(".")
    if len(parts) != _PARTS:
        raise ValueError(
            f"the token's source gave a text with {len(parts) - 1} dots: a JWT has {_PARTS - 1};"
            " of another token give the instant of its expiry"
        )
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        expires = claims.get("exp")
    except (ValueError, AttributeError, RecursionError):
        raise ValueError("the token is no JWT: its second part is no JSON object") from None
    if expires is not None and number(expires) is None:
        raise ValueError(f"the token's exp is {kind_of(expires)}: a JWT has seconds there")
    return number(expires)
