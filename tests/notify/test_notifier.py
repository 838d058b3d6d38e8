"""From problems to what arrives at a server, over restarts, other processes and channels that are down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from tests.export.spooled import Time
from tests.notify.given import DAY, HOUR, NOON, directory, problem
from tests.notify.hook import Hook

from obskit.notify import past
from obskit.notify.message import Message
from obskit.notify.notifier import Notifier
from obskit.notify.outbox import MOST, by_apprise
from obskit.receivers.channel import Webhook
from obskit.receivers.model import Directory, Receiver
from obskit.state.opening import open_store
from obskit.state.store import Silence, Store

pytest.importorskip("apprise")

Make = Callable[..., Notifier]


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Opens the same store again and again, as processes do."""
    opened: list[Store] = []

    def open_again() -> Store:
        opened.append(open_store(f"sqlite:///{tmp_path}/state.sqlite3", "shop"))
        return opened[-1]

    yield open_again
    for store in opened:
        store.close()


@pytest.fixture
def make(stores: Callable[[], Store], time: Time, hook: Hook) -> Make:
    """Makes a notifier as each process does, for a receiver `team` at the hook."""

    def made(known: Directory | None = None) -> Notifier:
        known = known or to(team=hook)
        return Notifier(stores(), known, "shop", "", time, by_apprise(None))

    return made


def to(**hooks: Hook) -> Directory:
    receivers = {name: Receiver(name, (Webhook(hook.url),)) for name, hook in hooks.items()}
    return directory(receivers=receivers, owners={}, default="team")


def test_a_problem_arrives_once_with_its_colour(make: Make, hook: Hook, time: Time) -> None:
    notifier = make()
    assert notifier.look([problem(message="refused")]) == 1
    (outcome,) = notifier.deliver()
    assert (outcome.channel, outcome.why, outcome.tries) == ("team/webhook", None, 1)
    assert notifier.look([problem(message="refused")]) == 0
    assert notifier.deliver() == []
    (message,) = hook.messages
    assert (message["title"], message["type"]) == ("[SEV1] shop: db is critical", "failure")
    assert message["message"].startswith("db is critical\n  refused\n")


def test_twelve_dependents_are_one_message(make: Make, hook: Hook) -> None:
    below = [problem(f"d{number}", depends_on=("db",)) for number in range(12)]
    notifier = make()
    notifier.look([problem(), *below])
    notifier.deliver()
    assert hook.titles == ["[SEV1] shop: db is critical"]
    assert "not judged meanwhile: 12: d0, " in hook.messages[0]["message"]


def test_another_process_afterwards_repeats_nothing_and_tells_the_end(
    make: Make, hook: Hook, time: Time
) -> None:
    first = make()
    first.look([problem()])
    first.deliver()
    time.pass_by(600.0)
    later = make()
    assert later.look([problem()]) == 0
    assert later.look([problem(status="ok", since=NOON + 600)]) == 1
    later.deliver()
    assert hook.titles == ["[SEV1] shop: db is critical", "[OK] shop: db is ok again, after 10m"]


def test_what_was_decided_and_not_sent_is_sent_by_the_next_process(make: Make, hook: Hook) -> None:
    make().look([problem()])
    later = make()
    assert later.look([problem()]) == 0
    later.deliver()
    assert hook.titles == ["[SEV1] shop: db is critical"]


def test_of_many_that_look_at_once_one_tells(make: Make, hook: Hook) -> None:
    notifiers = [make() for _ in range(6)]

    def work(notifier: Notifier) -> None:
        notifier.look([problem()])
        notifier.deliver()

    threads = [Thread(target=work, args=(notifier,)) for notifier in notifiers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert hook.titles == ["[SEV1] shop: db is critical"]


def test_a_channel_that_was_down_gets_each_message_once_and_in_order(
    make: Make, hook: Hook, time: Time
) -> None:
    hook.status = 503
    notifier = make()
    notifier.look([problem()])
    assert [one.why is None for one in notifier.deliver()] == [False]
    time.pass_by(600.0)
    notifier.look([problem(status="ok", since=NOON + 600)])
    assert hook.messages == []
    hook.status = 200
    notifier.deliver()
    notifier.deliver()
    assert hook.titles == ["[SEV1] shop: db is critical", "[OK] shop: db is ok again, after 10m"]


def test_it_is_tried_again_ever_more_rarely(make: Make, hook: Hook, time: Time) -> None:
    hook.status = 503
    notifier = make()
    notifier.look([problem()])
    tries = []
    for second in range(0, 2_400, 5):
        tries += [second for _ in notifier.deliver()]
        time.pass_by(5.0)
    assert tries == [0, 10, 30, 70, 150, 310, 630, 1270, 2170]


def test_nothing_is_repeated_while_the_first_message_waits(
    make: Make, hook: Hook, time: Time
) -> None:
    hook.status = 503
    notifier = make()
    for _ in range(30):
        notifier.look([problem()])
        notifier.deliver()
        time.pass_by(HOUR)
    hook.status = 200
    notifier.deliver()
    assert hook.titles == ["[SEV1] shop: db is critical"]


def test_a_channel_that_fails_is_told_through_another_and_so_is_its_end(
    make: Make, hook: Hook, other: Hook, time: Time
) -> None:
    known = to(team=hook, backup=other)
    notifier = make(known)
    hook.status = 503
    notifier.look([problem()])
    for _ in range(3):
        notifier.deliver()
        time.pass_by(100.0)
    notifier.look([problem()])
    notifier.deliver()
    assert other.titles == ["[SEV1] shop: channel team/webhook is critical"]
    told = other.messages[0]["message"]
    assert "1 of its messages wait, the first since 2026-03-10T12:00:00Z; tried 3 times" in told
    assert "error=503" in told
    hook.status = 200
    time.pass_by(HOUR)
    notifier.deliver()
    notifier.look([problem()])
    notifier.deliver()
    assert other.titles[1:] == ["[OK] shop: channel team/webhook is ok again, after 1h5m"]
    assert hook.titles == [
        "[SEV1] shop: db is critical",
        "[SEV1] shop: db is still critical, for 1h5m",
    ]


def test_what_is_too_old_is_given_up_and_counted(
    make: Make,
    hook: Hook,
    time: Time,
    stores: Callable[[], Store],
    caplog: pytest.LogCaptureFixture,
) -> None:
    hook.status = 503
    notifier = make()
    notifier.look([problem()])
    time.pass_by(8 * DAY)
    notifier.deliver()
    store = stores()
    assert store.notices.waiting() == []
    assert past.read(store.notices.noted().text).lost == {"team/webhook": 1}
    assert "a notification through team/webhook is given up: " in caplog.text
    assert "error=503" in caplog.text


def test_there_is_an_end_to_what_waits_and_the_rest_is_counted(
    make: Make, hook: Hook, stores: Callable[[], Store], time: Time
) -> None:
    hook.status = 503
    notifier = make()
    for number in range(MOST + 2):
        notifier.look([problem(f"c{number}", since=time.now())])
    store = stores()
    assert len(store.notices.waiting()) == 200
    assert past.read(store.notices.noted().text).lost == {"team/webhook": 2}


def test_an_announcement_without_room_is_counted_beside_what_is_known(
    make: Make,
    hook: Hook,
    stores: Callable[[], Store],
    time: Time,
    caplog: pytest.LogCaptureFixture,
) -> None:
    hook.status = 503
    notifier = make()
    for number in range(MOST):
        notifier.look([problem(f"c{number}", since=time.now())])
    for _ in range(2):
        notifier.announce(Message("deployed", "1.4.3", "1.4.3", "info"))
    store = stores()
    assert len(store.notices.waiting()) == 200
    kept = past.read(store.notices.noted().text)
    assert kept.lost == {"team/webhook": 2}
    assert len(kept.known) == 200
    told = "1 notifications through team/webhook are given up: too many wait"
    assert caplog.messages.count(told) == 2


def test_an_announcement_that_has_room_leaves_what_is_known_as_it_was(
    make: Make, hook: Hook, stores: Callable[[], Store]
) -> None:
    notifier = make()
    notifier.look([problem()])
    before = stores().notices.noted().text
    notifier.announce(Message("deployed", "1.4.3", "1.4.3", "info"))
    assert stores().notices.noted().text == before
    notifier.deliver()
    assert hook.titles == ["[SEV1] shop: db is critical", "deployed"]


def test_a_channel_that_is_no_more_holds_up_nothing(make: Make, hook: Hook, other: Hook) -> None:
    make(to(team=hook)).look([problem()])
    moved = directory(receivers={"team": Receiver("team", ())}, owners={}, default="team")
    (outcome,) = make(moved).deliver()
    assert outcome.why == "alerts.toml names no such channel any more"
    assert hook.messages == []


def test_a_silenced_check_is_not_told(make: Make, hook: Hook, stores: Callable[[], Store]) -> None:
    stores().silence(Silence("db", NOON + HOUR, "we mend it", "ann", NOON))
    notifier = make()
    assert notifier.look([problem(), problem("disk")]) == 1
    notifier.deliver()
    assert hook.titles == ["[SEV1] shop: disk is critical"]


def test_what_cannot_be_read_of_the_past_is_told_anew(
    make: Make, hook: Hook, stores: Callable[[], Store], caplog: pytest.LogCaptureFixture
) -> None:
    stores().notices.note("{", 0)
    assert make().look([problem()]) == 1
    assert "everything is told anew" in caplog.text


def test_looking_at_what_is_well_writes_nothing(
    make: Make, stores: Callable[[], Store], time: Time
) -> None:
    notifier = make()
    notifier.look([problem(status="ok")])
    before: Any = stores().notices.noted()
    time.pass_by(60.0)
    notifier.look([problem(status="ok", judged=NOON + 60)])
    assert stores().notices.noted() == before


def test_memory_is_a_store_too(hook: Hook, time: Time) -> None:
    with closing(open_store("memory:", "shop", time)) as store:
        notifier = Notifier(store, to(team=hook), "shop", "", time, by_apprise(None))
        notifier.look([problem()])
        notifier.deliver()
    assert hook.titles == ["[SEV1] shop: db is critical"]
