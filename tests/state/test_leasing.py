"""Who gets a lease, and what comes too late: whatever several holders do, whatever the clock does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.export.spooled import Time
from tests.state.contract import RUN
from tests.state.lease_contract import taken

from obskit.state.leasing import Fence, Held, fenced, granted
from obskit.state.memory import MemoryStore
from obskit.state.store import Lease

HOLDERS = st.sampled_from("abcd")
SECONDS = st.floats(0.5, 100.0)


class Holders(RuleBasedStateMachine):
    """Several holders that take, keep, lose and give back a lease, and write under it."""

    def __init__(self) -> None:
        super().__init__()
        self.time = Time()
        self.store = MemoryStore(self.time)
        self.held: dict[str, Lease] = {}
        self.highest = 0
        self.kept = 0

    @rule(holder=HOLDERS, seconds=SECONDS)
    def take(self, holder: str, seconds: float) -> None:
        others = [one for name, one in self.held.items() if name != holder]
        lease = self.store.lease("nightly", holder, seconds)
        if lease is None:
            assert any(one.until > self.time.now() for one in others)
            return
        assert lease.until == self.time.now() + seconds
        before = self.held.get(holder)
        if before is not None and before.number == self.highest:
            assert lease.number == before.number
        else:
            assert lease.number > self.highest
        self.highest = lease.number
        self.held[holder] = lease

    @rule(holder=HOLDERS)
    def give_back(self, holder: str) -> None:
        lease = self.held.get(holder)
        if lease is not None:
            self.store.release(lease)
            self.held[holder] = replace(lease, until=0.0)

    @rule(holder=HOLDERS)
    def write(self, holder: str) -> None:
        lease = self.held.get(holder)
        if lease is not None:
            run = replace(RUN, lease=lease.number, started=self.time.now(), instance=holder)
            assert self.store.keep(run) == (lease.number >= self.kept)
            self.kept = max(self.kept, lease.number)

    @rule(seconds=st.floats(0.0, 200.0))
    def time_passes(self, seconds: float) -> None:
        self.time.pass_by(seconds)

    @rule()
    @precondition(lambda self: all(one.until <= self.time.now() for one in self.held.values()))
    def a_free_lease_is_given_to_the_first_who_asks(self) -> None:
        self.held["e"] = taken(self.store, "nightly", "e")
        self.highest = self.held["e"].number

    @invariant()
    def no_two_hold_it_at_one_time(self) -> None:
        holding = [one for one in self.held.values() if one.until > self.time.now()]
        assert len(holding) <= 1

    @invariant()
    def no_two_have_the_same_number(self) -> None:
        numbers = [one.number for one in self.held.values()]
        assert len(numbers) == len(set(numbers))


TestHolders = Holders.TestCase
TestHolders.settings = settings(max_examples=60, stateful_step_count=40)


@pytest.mark.parametrize(
    ("now", "number"),
    [
        (159.0, None),
        (160.0, 160_000_000),
        (41.0, None),
        # Until 160 for 60 seconds: such a lease is granted at 100, not before 40.
        (39.0, 39_000_000),
        (3e-6, 8),
    ],
)
def test_a_lease_ends_with_its_time_and_where_the_clock_was_set_far_back(
    now: float, number: int | None
) -> None:
    lease = granted("nightly", Held("a", 7, 160.0, 60.0), "b", 30.0, now)
    assert (lease and lease.number) == number


@pytest.mark.parametrize(
    ("lease", "started", "fence"),
    [
        (8, 0.0, Fence(8, 0.0)),
        (7, 2_000.0, Fence(7, 2_000.0)),
        (6, 9_999.0, None),
        (0, 4_599.0, None),
        (0, 4_600.0, Fence(7, 1_000.0)),
    ],
)
def test_a_run_must_come_up_to_the_fence(lease: int, started: float, fence: Fence | None) -> None:
    assert fenced(replace(RUN, lease=lease, started=started), Fence(7, 1_000.0)) == fence


def test_the_first_run_finds_no_fence() -> None:
    assert fenced(RUN, Fence(0, 0.0)) == Fence(0, 0.0)
    assert fenced(replace(RUN, lease=3), Fence(0, 0.0)) == Fence(3, 1_000.0)
