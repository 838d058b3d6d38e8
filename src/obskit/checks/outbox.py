"""Results on their way into the store: none is lost without being counted."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

from obskit.state.store import Run, Store

_log = logging.getLogger("obskit.checks")
_MOST_WAITING = 1_000
# They are written at each look; so many are not waited for.
_MANY = 200


class Outbox:
    """The results of one process: kept + waiting + refused + dropped are all that were put in.

    Attributes:
        kept: How many the store has taken.
        refused: How many it would not have: another process runs their check by now.
        dropped: How many did not fit while the store was away, or were left when the process ended.
    """

    def __init__(self) -> None:
        self._waiting: deque[Run] = deque()
        self._told = 0
        self.kept = self.refused = self.dropped = 0

    def put(self, run: Run) -> bool:
        """Let a result be written soon. Never waits.

        Args:
            run: The result.

        Returns:
            Whether so many wait that they should be written now.
        """
        if len(self._waiting) >= _MOST_WAITING:
            self.dropped += 1
        else:
            self._waiting.append(run)
        return len(self._waiting) >= _MANY

    def write(self, store: Store, on_refused: Callable[[str], object]) -> None:
        """Write what waits, in its order.

        Args:
            store: Where.
            on_refused: Told of each check that another process runs by now.

        Raises:
            StoreError: The store cannot be used now; what is left waits on.
        """
        while self._waiting:
            run = self._waiting[0]
            if store.keep(run):
                self.kept += 1
            else:
                self.refused += 1
                on_refused(run.check)
            self._waiting.popleft()
        self._tell()

    def give_up(self) -> None:
        """Nobody will write what still waits."""
        self.dropped += len(self._waiting)
        self._waiting.clear()
        self._tell()

    def _tell(self) -> None:
        lost, self._told = self.dropped - self._told, self.dropped
        if lost:
            _log.warning(
                "%d results of checks are missing in history: the store could not be used", lost
            )

    def account(self) -> dict[str, int]:
        """What became of all results.

        >>> Outbox().account()
        {'kept': 0, 'waiting': 0, 'refused': 0, 'dropped': 0}
        """
        return {
            "kept": self.kept,
            "waiting": len(self._waiting),
            "refused": self.refused,
            "dropped": self.dropped,
        }
