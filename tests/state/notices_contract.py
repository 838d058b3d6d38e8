"""What every store does with notifications, whatever it is made of."""

from __future__ import annotations

from obskit.state.notices import Noted, Notice
from obskit.state.store import Store


def notice(key: str, channel: str = "team/email", due: float = 100.0) -> Notice:
    return Notice(key, channel, 100.0, f"body of {key} — “quoted”", due)


class NoticesContract:
    """Of a store. The fixture `store` gives an empty one."""

    def test_in_the_beginning_nothing_is_noted_and_nothing_waits(self, store: Store) -> None:
        assert store.notices.noted() == Noted(0, "")
        assert store.notices.waiting() == []
        assert store.notices.take(1e9, 2e9) is None

    def test_what_is_noted_is_kept_with_its_messages(self, store: Store) -> None:
        assert store.notices.note("one", 0, [notice("a"), notice("b")])
        assert store.notices.noted() == Noted(1, "one")
        assert store.notices.waiting() == [notice("a"), notice("b")]

    def test_who_decided_by_what_was_noted_before_changes_nothing(self, store: Store) -> None:
        assert store.notices.note("one", 0, [notice("a")])
        assert not store.notices.note("other", 0, [notice("b")])
        assert store.notices.noted() == Noted(1, "one")
        assert store.notices.waiting() == [notice("a")]
        assert store.notices.note("two", 1)
        assert store.notices.noted() == Noted(2, "two")

    def test_a_message_that_is_taken_is_given_to_nobody_else_for_a_while(
        self, store: Store
    ) -> None:
        store.notices.note("", 0, [notice("a")])
        assert store.notices.take(99.0, 300.0) is None
        taken = store.notices.take(100.0, 300.0)
        assert taken is not None
        assert (taken.key, taken.tries, taken.due) == ("a", 1, 300.0)
        assert store.notices.take(299.0, 500.0) is None
        again = store.notices.take(300.0, 500.0)
        assert again is not None
        assert (again.key, again.tries) == ("a", 2)

    def test_messages_of_one_channel_keep_their_order(self, store: Store) -> None:
        store.notices.note("", 0, [notice("a"), notice("b"), notice("c", "team/sms")])
        first, second = store.notices.take(100.0, 300.0), store.notices.take(100.0, 300.0)
        assert first is not None
        assert second is not None
        assert (first.key, second.key) == ("a", "c")
        assert store.notices.take(100.0, 300.0) is None
        assert store.notices.drop("a")
        third = store.notices.take(100.0, 300.0)
        assert third is not None
        assert third.key == "b"

    def test_a_message_that_is_put_back_waits_until_it_is_due(self, store: Store) -> None:
        store.notices.note("", 0, [notice("a")])
        store.notices.take(100.0, 300.0)
        store.notices.put_back("a", 110.0, "refused")
        assert store.notices.take(109.0, 300.0) is None
        (waiting,) = store.notices.waiting()
        assert (waiting.due, waiting.tries, waiting.why) == (110.0, 1, "refused")
        assert store.notices.take(110.0, 300.0) is not None

    def test_a_message_is_dropped_once(self, store: Store) -> None:
        store.notices.note("", 0, [notice("a")])
        assert store.notices.drop("a")
        assert not store.notices.drop("a")
        assert store.notices.waiting() == []
