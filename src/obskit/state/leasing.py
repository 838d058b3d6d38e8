"""Who gets a lease, and what comes too late for it: one rule for every store."""

from __future__ import annotations

from typing import NamedTuple

from obskit.state.store import Lease, Run

# So long after the last run with a lease, one without is no straggler: leases are out of use.
_FENCE_SECONDS = 3_600.0


class Held(NamedTuple):
    """A lease as it was granted last.

    Attributes:
        holder: To whom.
        number: Its number.
        until: When it ends; 0 where it was given back.
        seconds: For how long it was granted.
    """

    holder: str
    number: int
    until: float
    seconds: float


class Fence(NamedTuple):
    """What a check's runs have to come up to.

    Attributes:
        number: The highest number of a lease that one came with.
        started: When the last that came with one began.
    """

    number: int
    started: float


def fenced(run: Run, fence: Fence) -> Fence | None:
    """The fence that stands once a run is kept, or None where it comes too late: it is refused.

    Args:
        run: The run.
        fence: What the runs before it have left; zeros where there is none.
    """
    if run.lease > 0 and run.lease >= fence.number:
        return Fence(run.lease, run.started)
    straggles = run.lease > 0 or run.started < fence.started + _FENCE_SECONDS
    return None if fence.number > 0 and straggles else fence


def granted(name: str, held: Held | None, holder: str, seconds: float, now: float) -> Lease | None:
    """The lease that a holder gets, or None while another has it.

    Args:
        name: What for.
        held: What was granted last.
        holder: Who asks.
        seconds: For how long.
        now: The store's time.

    >>> granted("nightly", Held("a", 7, 160.0, 60.0), "b", 60.0, now=120.0) is None
    True
    >>> granted("nightly", Held("a", 7, 160.0, 60.0), "b", 60.0, now=3e-6).number
    8
    """
    until = now + seconds
    if held is None:
        return Lease(name, holder, _next(0, now), until)
    if held.holder == holder:
        return Lease(name, holder, held.number, until)
    # One that was granted in a far future outlives a clock that was set back.
    if now < held.until <= now + 2 * held.seconds:
        return None
    return Lease(name, holder, _next(held.number, now), until)


def _next(number: int, now: float) -> int:
    # The time keeps it rising where the store of the leases was emptied or replaced by another.
    return max(number + 1, int(now * 1e6))
