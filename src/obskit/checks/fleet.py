"""The checks of a fleet that this process runs: those that it holds a lease for."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple
from uuid import uuid4

from obskit.clock import Clock
from obskit.declaration import Check
from obskit.state.store import Lease, Store

# How long a lease lasts, seconds: a holder that died is followed within this, and within a period
# of the check unless that is shorter still.
_SHORTEST, _LONGEST = 6.0, 60.0


class _Held(NamedTuple):
    """A lease, and by the monotonic clock: when to take it again, and when it has ended."""

    lease: Lease
    again: float
    until: float


class Fleet:
    """The leases of one process.

    Args:
        clock: The time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # The workers of a pod may all be told its name as theirs, and two machines may have one name.
        self._mark = uuid4().hex[:12]
        self._held: dict[str, _Held] = {}

    def holds(self, name: str) -> bool:
        """Whether this process holds the lease of a check. One that stood still no longer does."""
        held = self._held.get(name)
        return held is not None and self._clock.monotonic() < held.until

    def number(self, name: str) -> int:
        """The number of the lease of a check; 0 without one."""
        held = self._held.get(name)
        return held.lease.number if held else 0

    def take(self, checks: Iterable[Check], lessor: Store, instance: str) -> None:
        """Take the leases that are free, and in time those again that are held.

        Args:
            checks: The checks of the fleet.
            lessor: What gives leases.
            instance: The `service.instance.id` of this process.
        """
        for check in checks:
            now, held = self._clock.monotonic(), self._held.get(check.name)
            if held is not None and now < held.again:
                continue
            seconds = min(_LONGEST, max(_SHORTEST, check.every))
            lease = lessor.lease(f"check:{check.name}", f"{instance} {self._mark}", seconds)
            if lease is None:
                self.lose(check.name)
            else:
                self._held[check.name] = _Held(lease, now + seconds / 3, now + seconds)

    def lose(self, name: str) -> None:
        """Another process has followed this one."""
        self._held.pop(name, None)

    def forget(self) -> None:
        """Nobody knows what is held: who cannot tell must not act on it."""
        self._held.clear()

    def give_back(self, lessor: Store) -> None:
        """Let other processes run the checks."""
        for name in list(self._held):
            with suppress(Exception):
                lessor.release(self._held[name].lease)
            self.lose(name)
