"""What every store does with deploys, whatever it is made of."""

from __future__ import annotations

from obskit.state.deploys import Deploy
from obskit.state.store import Store


class DeploysContract:
    """Of a store. The fixture `store` gives an empty one."""

    def test_in_the_beginning_nothing_is_deployed(self, store: Store) -> None:
        assert store.deploys.latest("production") is None

    def test_a_release_that_is_seen_is_marked_once(self, store: Store) -> None:
        assert store.deploys.mark(Deploy("1.4.2", "production", 100.0), again=False)
        assert not store.deploys.mark(Deploy("1.4.2", "production", 200.0), again=False)
        assert store.deploys.latest("production") == Deploy("1.4.2", "production", 100.0)

    def test_an_old_release_that_starts_again_marks_nothing(self, store: Store) -> None:
        assert store.deploys.mark(Deploy("1.4.2", "production", 100.0), again=False)
        assert store.deploys.mark(Deploy("1.4.3", "production", 200.0), again=False)
        assert not store.deploys.mark(Deploy("1.4.2", "production", 300.0), again=False)
        assert store.deploys.latest("production") == Deploy("1.4.3", "production", 200.0)

    def test_a_release_that_somebody_deploys_again_is_marked_again(self, store: Store) -> None:
        store.deploys.mark(Deploy("1.4.2", "production", 100.0), again=True)
        store.deploys.mark(Deploy("1.4.3", "production", 200.0), again=True)
        assert store.deploys.mark(Deploy("1.4.2", "production", 300.0), again=True)
        assert store.deploys.latest("production") == Deploy("1.4.2", "production", 300.0)

    def test_each_environment_has_its_own(self, store: Store) -> None:
        assert store.deploys.mark(Deploy("1.4.3", "staging", 100.0), again=False)
        assert store.deploys.mark(Deploy("1.4.3", "", 200.0), again=False)
        assert store.deploys.latest("production") is None
        assert store.deploys.latest("") == Deploy("1.4.3", "", 200.0)
        assert store.deploys.latest("staging") == Deploy("1.4.3", "staging", 100.0)

    def test_those_of_late_are_told_the_newest_first(self, store: Store) -> None:
        store.deploys.mark(Deploy("1.4.1", "production", 50.0), again=False)
        store.deploys.mark(Deploy("1.4.2", "production", 100.0), again=False)
        store.deploys.mark(Deploy("1.4.3", "staging", 150.0), again=False)
        store.deploys.mark(Deploy("1.4.1", "production", 200.0), again=True)
        assert store.deploys.recent("production", 2) == [
            Deploy("1.4.1", "production", 200.0),
            Deploy("1.4.2", "production", 100.0),
        ]
        assert store.deploys.recent("", 2) == []
        assert store.deploys.recent("production", 0) == []

    def test_the_oldest_of_more_than_a_hundred_is_forgotten(self, store: Store) -> None:
        store.deploys.mark(Deploy("elsewhere", "staging", 1.0), again=False)
        for number in range(101):
            assert store.deploys.mark(Deploy(f"1.{number}", "", float(number)), again=False)
        assert store.deploys.mark(Deploy("1.0", "", 200.0), again=False)
        assert not store.deploys.mark(Deploy("1.2", "", 201.0), again=False)
        assert not store.deploys.mark(Deploy("elsewhere", "staging", 202.0), again=False)
