"""What one process of a host does for the jobs of all: it takes over what others left, and sees them end."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from obskit.declared import Declarations
from obskit.exceptions import StoreError
from obskit.operations.inherited import inherit
from obskit.operations.surroundings import Surroundings

_LEASE = "housekeeping"
# A few rounds, seconds.
_LASTS = 15.0


def is_kept(around: Surroundings) -> bool:
    """Whether a process that lives longer looks after what this one leaves. Never raises.

    Args:
        around: The process's own surroundings.
    """
    if around.store is None:
        return False
    try:
        lease = around.store.lease(_LEASE, f"{around.instance} asks", 1.0)
        if lease is None:
            return True
        around.store.release(lease)
    except StoreError:
        pass
    return False


class Housekeeping:
    """Looks at the jobs of a service now and then.

    Args:
        around: The process's own surroundings.
        ended: Told of each job that has ended a run since the last look, as ``job:`` and its name, and
            when. At the first look that is each job: nobody may have been there to see it.
        declared: Gives the declarations at that moment.
    """

    def __init__(
        self,
        around: Surroundings,
        ended: Callable[[str, float], object],
        declared: Callable[[], Iterable[Declarations]],
    ) -> None:
        self._around = around
        self._ended = ended
        self._declared = declared
        self._seen = 0.0

    def look(self) -> None:
        """Look once.

        Raises:
            StoreError: The store cannot be used now.
        """
        if self._around.store is None:
            return
        self._around.store.lease(_LEASE, self._around.instance, _LASTS)
        self._around.know(name for each in self._declared() for name in tuple(each.jobs))
        inherit(self._around)
        newest = self._seen
        for job, runs in self._around.store.latest_jobs().items():
            finished = max((run.finished or 0.0 for run in runs), default=0.0)
            if finished > self._seen:
                self._ended(f"job:{job}", finished)
            newest = max(newest, finished)
        self._seen = newest
