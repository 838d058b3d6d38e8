"""Messages that wait, and what they say of their channels; sending them is tested with the notifier."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.export.spooled import Time
from tests.notify.given import DAY, NOON

from obskit.exceptions import ConfigError
from obskit.notify import past
from obskit.notify.message import Message
from obskit.notify.outbox import Outcome, Send, counted, deliver, problems, put_up
from obskit.notify.past import Past
from obskit.receivers.channel import Channel, Webhook
from obskit.state.memory import MemoryStore
from obskit.state.notices import Notice

MESSAGE = Message("title", "text", "<p>text</p>", "info")


def waiting(channel: str, tries: int, made: float = NOON) -> Notice:
    return Notice(f"{channel}{made}", channel, made, "", tries=tries, why="refused")


def test_each_message_is_due_at_once_and_has_a_key_of_its_own() -> None:
    made, lost = put_up([("a", "", MESSAGE), ("a", "", MESSAGE)], [], NOON)
    assert [(one.channel, one.made, one.due, one.tries) for one in made] == [
        ("a", NOON, NOON, 0)
    ] * 2
    assert len({one.key for one in made}) == 2
    assert lost == Counter()


def test_a_full_channel_takes_no_more_and_the_others_do() -> None:
    full = [waiting("a", 0, float(number)) for number in range(199)]
    messages = [("a", "", MESSAGE), ("a", "", MESSAGE), ("b", "", MESSAGE)]
    made, lost = put_up(messages, full, NOON)
    assert [one.channel for one in made] == ["a", "b"]
    assert lost == {"a": 1}


def test_what_is_lost_is_added_up() -> None:
    assert counted(Past(lost={"a": 1}), Counter(a=2, b=1)).lost == {"a": 3, "b": 1}


def test_a_channel_fails_with_the_third_try_of_its_first_message() -> None:
    few = [waiting("a", 2), waiting("b", 3), waiting("b", 0, NOON + 60)]
    a, b, c = problems(few, ["a", "b", "c"], {"b": 4}, NOON + 90)
    assert (a.status, b.status, c.status) == ("ok", "critical", "ok")
    assert (b.kind, b.severity, b.since, b.evidence) == ("channel", "sev1", NOON, ("refused",))
    assert b.message == (
        "2 of its messages wait, the first since 2026-03-10T12:00:00Z; tried 3 times;"
        " 4 were given up since the beginning"
    )


KNOWN: dict[str, Channel] = {"a": Webhook("http://127.0.0.1:9095/")}


def answering(why: str | None) -> Send:
    return lambda _name, _channel, _message, _thread: why


def a_message(store: MemoryStore, made: float = NOON) -> None:
    notices, _ = put_up([("a", "", MESSAGE)], [], made)
    assert store.notices.note(past.write(Past()), 0, notices)


def test_what_is_taken_waits_no_more(time: Time) -> None:
    store = MemoryStore()
    a_message(store)
    assert deliver(store.notices, KNOWN, answering(None), time) == [Outcome("a", "title", None, 1)]
    assert store.notices.waiting() == []


def test_who_is_told_to_end_begins_nothing(time: Time) -> None:
    store = MemoryStore()
    a_message(store)
    assert deliver(store.notices, KNOWN, answering(None), time, told_to_end=lambda: True) == []
    assert [one.tries for one in store.notices.waiting()] == [0]


def test_a_secret_whose_file_is_away_is_waited_for(time: Time) -> None:
    def send(_name: str, _channel: Channel, _message: Message, _thread: str) -> None:
        raise ConfigError(["the secret in /run/secrets/a cannot be read"])

    store = MemoryStore()
    a_message(store)
    (outcome,) = deliver(store.notices, KNOWN, send, time)
    (waits,) = store.notices.waiting()
    assert "the secret in /run/secrets/a cannot be read" in str(outcome.why)
    assert (waits.due, waits.why) == (NOON + 10, outcome.why)


@pytest.mark.parametrize(("age", "left"), [(7 * DAY, 1), (7 * DAY + 1, 0)])
def test_what_failed_for_a_week_is_given_up(time: Time, age: float, left: int) -> None:
    store = MemoryStore()
    a_message(store, NOON - age)
    deliver(store.notices, KNOWN, answering("refused"), time)
    assert len(store.notices.waiting()) == left
    assert past.read(store.notices.noted().text).lost == ({} if left else {"a": 1})


def test_what_is_no_message_is_given_up(time: Time, caplog: pytest.LogCaptureFixture) -> None:
    store = MemoryStore()
    notices = [Notice("7", "a", NOON, "a thread\n{}", due=NOON)]
    assert store.notices.note("", 0, notices)
    (outcome,) = deliver(store.notices, KNOWN, answering(None), time)
    assert (outcome.channel, outcome.title, outcome.tries) == ("a", "", 1)
    assert str(outcome.why).startswith("what is kept is no message: ")
    assert past.read(store.notices.noted().text).lost == {"a": 1}
    assert caplog.messages == [f"a notification through a is given up: {outcome.why}"]


def test_what_is_given_up_is_counted_also_where_the_past_cannot_be_read(time: Time) -> None:
    store = MemoryStore()
    notices, _ = put_up([("gone", "", MESSAGE)], [], NOON)
    assert store.notices.note("{", 0, notices)
    (outcome,) = deliver(store.notices, KNOWN, answering(None), time)
    assert outcome == Outcome("gone", "title", "alerts.toml names no such channel any more", 1)
    assert past.read(store.notices.noted().text).lost == {"gone": 1}
