"""What processes left in the store that are gone: their counts, and runs that nobody ends."""

from __future__ import annotations

from obskit import names
from obskit.number import format_number
from obskit.operations.lateness import at, settled
from obskit.operations.surroundings import Surroundings, tell


def inherit(around: Surroundings) -> int:
    """Take over what other processes have left. Called by a resident process, now and then.

    Counts are added to the counters of this process. Runs whose process is gone end as `lost`.

    Args:
        around: The process's own.

    Returns:
        How much was taken over.

    Raises:
        StoreError: The store cannot be used now.
    """
    if around.store is None:
        return 0
    return _take_counts(around) + _end_lost(around)


def _take_counts(around: Surroundings) -> int:
    left = around.store.take_counts() if around.store else []
    for count in left:
        counter = around.counters.get(count.metric)
        if counter is None:  # left by another version
            around.refuse("unknown_counter")
            tell(
                30,
                f"nobody counts {count.metric!r} here: {format_number(count.amount)} of it are lost",
            )
        else:
            counter.add(count.amount, count.attributes)
    return len(left)


def _end_lost(around: Surroundings) -> int:
    if around.store is None:
        return 0
    ended = 0
    for runs in around.store.latest_jobs().values():
        for run in runs:
            found = settled(run, around.clock.now())
            if found is not run:
                around.store.put_job(found)
                attributes = {names.JOB_NAME: run.job, names.JOB_OUTCOME: found.outcome}
                around.count(names.JOB_RUNS, 1, attributes)
                heard = at(max(run.beat, run.started))
                tell(
                    40, f"a run of {run.job} is lost: its process is gone, last heard of at {heard}"
                )
                ended += 1
    return ended
