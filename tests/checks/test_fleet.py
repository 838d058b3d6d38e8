"""The leases of one process: how long each lasts, when it is taken again, and who has it then."""

from __future__ import annotations

import pytest
from tests.checks.given import check

from obskit.capture import StillClock
from obskit.checks.fleet import Fleet
from obskit.state.memory import MemoryStore
from obskit.state.store import Lease


class Asked(MemoryStore):
    """Notes for how many seconds a lease was asked for, each time."""

    def __init__(self, clock: StillClock) -> None:
        super().__init__(clock)
        self.seconds: list[float] = []

    def lease(self, name: str, holder: str, seconds: float) -> Lease | None:
        self.seconds.append(seconds)
        return super().lease(name, holder, seconds)


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def store(clock: StillClock) -> Asked:
    return Asked(clock)


@pytest.mark.parametrize(("every", "seconds"), [("1s", 6.0), ("30s", 30.0), ("1h", 60.0)])
def test_a_lease_lasts_a_period_of_its_check_within_limits(
    clock: StillClock, store: Asked, every: str, seconds: float
) -> None:
    fleet = Fleet(clock)
    fleet.take([check(every=every, scope="fleet")], store, "i-1")
    assert store.seconds == [seconds]
    clock.advance(seconds - 0.5)
    assert fleet.holds("rows") is True
    clock.advance(0.5)
    assert fleet.holds("rows") is False


def test_a_lease_is_taken_again_after_a_third_of_it(clock: StillClock, store: Asked) -> None:
    fleet, rows = Fleet(clock), check(every="30s", scope="fleet")
    for _ in range(6):
        fleet.take([rows], store, "i-1")
        clock.advance(4.0)
    assert store.seconds == [30.0, 30.0]  # at 0 and 12 seconds
    clock.advance(17.0)  # 41: it ends at 42
    assert fleet.holds("rows") is True


def test_who_is_late_has_lost_it_to_another(clock: StillClock, store: Asked) -> None:
    one, other, rows = Fleet(clock), Fleet(clock), check(every="30s", scope="fleet")
    one.take([rows], store, "i-1")
    other.take([rows], store, "i-1")  # two machines may have one name
    assert (one.holds("rows"), other.holds("rows")) == (True, False)
    assert (one.number("rows") > 0, other.number("rows")) == (True, 0)
    clock.advance(31.0)
    other.take([rows], store, "i-1")
    one.take([rows], store, "i-1")
    assert (one.holds("rows"), other.holds("rows")) == (False, True)
    assert one.number("rows") == 0


def test_what_is_given_back_another_takes_at_once(clock: StillClock, store: Asked) -> None:
    one, other, rows = Fleet(clock), Fleet(clock), check(every="30s", scope="fleet")
    one.take([rows], store, "i-1")
    one.give_back(store)
    assert one.holds("rows") is False
    other.take([rows], store, "i-2")
    assert other.holds("rows") is True


def test_what_is_forgotten_is_held_no_more(clock: StillClock, store: Asked) -> None:
    fleet = Fleet(clock)
    fleet.take([check(every="30s", scope="fleet")], store, "i-1")
    fleet.forget()
    assert (fleet.holds("rows"), fleet.number("rows")) == (False, 0)
