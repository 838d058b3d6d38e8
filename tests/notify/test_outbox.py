"""Messages that wait, and what they say of their channels; sending them is tested with the notifier."""

from __future__ import annotations

from collections import Counter

from tests.notify.given import NOON

from obskit.notify.message import Message
from obskit.notify.outbox import counted, problems, put_up
from obskit.notify.past import Past
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
