"""Deploys of one process, gone with it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import islice

from obskit.state.deploys import MOST, Deploy


class MemoryDeploys:
    """The `Deploys` of one process.

    Args:
        held: Gives what is kept, to one thread at a time.
    """

    def __init__(self, held: Callable[[], AbstractContextManager[list[Deploy]]]) -> None:
        self._held = held

    def mark(self, deploy: Deploy, *, again: bool) -> bool:
        """See `Deploys.mark`."""
        with self._held() as kept:
            own = [each for each in kept if each.environment == deploy.environment]
            if not again and any(each.release == deploy.release for each in own):
                return False
            if len(own) >= MOST:
                kept.remove(own[0])
            kept.append(deploy)
            return True

    def latest(self, environment: str) -> Deploy | None:
        """See `Deploys.latest`."""
        return next(iter(self.recent(environment, 1)), None)

    def recent(self, environment: str, most: int) -> list[Deploy]:
        """See `Deploys.recent`."""
        with self._held() as kept:
            own = (each for each in reversed(kept) if each.environment == environment)
            return list(islice(own, most))
