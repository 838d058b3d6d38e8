"""One budget of time for all ways out, so that the slowest does not add to the others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from time import monotonic


def within(budget: float, ways: Sequence[Callable[[], object]]) -> bool:
    """Call all of them at once, and wait for all of them no longer than the budget.

    Args:
        budget: Seconds at most, however many there are.
        ways: What is called, each on a thread of its own.

    Returns:
        Whether all of them returned in time. One that raises has not.

    >>> within(1.0, [lambda: None])
    True
    """
    deadline = monotonic() + budget
    done: list[bool] = []
    threads = []
    for way in ways:

        def call(way: Callable[[], object] = way) -> None:
            way()
            done.append(True)

        thread = threading.Thread(target=call, name="obskit-flush", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the interpreter is ending and starts no more threads
            call()
        else:
            threads.append(thread)
    for thread in threads:
        thread.join(max(0.0, deadline - monotonic()))
    return len(done) == len(ways)
