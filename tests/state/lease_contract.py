"""What everything does that gives leases, whatever it is made of. Each kind's tests inherit this."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from obskit.state.store import Lease, Store

#: Lets the time pass by which leases end.
PassBy = Callable[[float], None]


def taken(leases: Store, name: str, holder: str, seconds: float = 30.0) -> Lease:
    lease = leases.lease(name, holder, seconds)
    assert lease is not None
    return lease


class LeaseContract:
    """Of all that gives leases. The fixture `store` is what gives them, `pass_by` moves its time."""

    def test_a_lease_is_held_until_it_ends(self, store: Store, pass_by: PassBy) -> None:
        lease = taken(store, "nightly", "a")
        assert (lease.name, lease.holder) == ("nightly", "a")
        assert store.lease("nightly", "b", 30.0) is None
        pass_by(31.0)
        assert taken(store, "nightly", "b").number > lease.number
        assert store.lease("nightly", "a", 30.0) is None

    def test_a_holder_that_takes_it_again_keeps_its_number(
        self, store: Store, pass_by: PassBy
    ) -> None:
        first = taken(store, "nightly", "a")
        pass_by(20.0)
        again = taken(store, "nightly", "a")
        assert again.number == first.number
        pass_by(20.0)
        assert store.lease("nightly", "b", 30.0) is None
        pass_by(20.0)
        late = taken(store, "nightly", "a")
        assert late.number == first.number

    def test_a_lease_that_is_given_back_is_free_and_the_next_number_is_higher(
        self, store: Store
    ) -> None:
        numbers = []
        for holder in ("a", "b", "a", "c"):
            lease = taken(store, "nightly", holder)
            numbers.append(lease.number)
            store.release(lease)
        assert numbers == sorted(set(numbers))

    def test_who_has_lost_a_lease_cannot_give_it_back(self, store: Store, pass_by: PassBy) -> None:
        lost = taken(store, "nightly", "a")
        pass_by(31.0)
        theirs = taken(store, "nightly", "b")
        store.release(lost)
        store.release(replace(theirs, number=lost.number))
        store.release(replace(theirs, holder="c"))
        assert store.lease("nightly", "c", 30.0) is None

    def test_leases_of_different_names_are_different(self, store: Store) -> None:
        taken(store, "nightly", "a")
        assert taken(store, "hourly", "b").holder == "b"

    def test_giving_back_what_nobody_has_is_nothing(self, store: Store) -> None:
        store.release(Lease("nightly", "a", 1, 2.0))
        assert taken(store, "nightly", "b").holder == "b"

    def test_numbers_rise_although_the_store_forgot_them(self, store: Store) -> None:
        """They begin with the time, in microseconds."""
        assert taken(store, "nightly", "a").number >= 1_000_000_000_000_000
