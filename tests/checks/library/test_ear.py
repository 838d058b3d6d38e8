"""Hearing the lines that this process logs."""

from __future__ import annotations

import threading

import pytest
from tests.telemetry.lines import Installed

from obskit.checks.library import ear
from obskit.checks.library.ear import Ear


class Found:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, line: str, at: float) -> None:
        self.lines.append(line)


def lines(one: Ear[Found]) -> list[str]:
    return one.told(lambda found: list(found.lines))


def test_a_line_reads_as_level_logger_event_fields_and_exception() -> None:
    heard, installed = Ear("", "debug", Found), Installed()
    installed.pipeline.emit(
        "shop.orders", 40, "order.failed", {"order_id": 7, "paid": False}, KeyError("row")
    )
    installed.pipeline.emit("shop", 20, "began", {})
    assert lines(heard) == [
        "error shop.orders: order.failed order_id=7 paid=False KeyError: 'row'",
        "info shop: began",
    ]


@pytest.mark.parametrize(
    ("pattern", "level", "expected"),
    [
        ("", "debug", 3),
        ("", "error", 1),
        ("^error ", "debug", 1),
        (r" shop\.db: ", "debug", 2),
        ("order_id=7$", "debug", 1),
        ("order_id=7$", "warning", 0),
    ],
)
def test_a_line_is_heard_where_pattern_and_level_fit(
    pattern: str, level: str, expected: int
) -> None:
    heard, installed = Ear(pattern, level, Found), Installed()
    installed.pipeline.emit("shop", 20, "order.placed", {"order_id": 7})
    installed.pipeline.emit("shop.db", 30, "slow", {})
    installed.pipeline.emit("shop.db", 40, "gone", {})
    assert len(lines(heard)) == expected


def test_what_was_redacted_is_not_heard() -> None:
    secret, mask = Ear("hunter2", "debug", Found), Ear("=.redacted.", "debug", Found)
    Installed().pipeline.emit("shop", 20, "login", {"password": "hunter2"})
    assert lines(secret) == []
    assert lines(mask) == ["info shop: login password=[redacted]"]


def test_of_a_long_line_the_beginning_is_heard() -> None:
    heard, installed = Ear("", "debug", Found), Installed()
    installed.pipeline.emit("shop", 20, "x" * 5_000, {})
    assert lines(heard) == ["info shop: " + "x" * 4_085]


def test_results_of_checks_are_not_heard() -> None:
    heard, installed = Ear("declined", "debug", Found), Installed()
    said = "cards is critical: declined in 5m"
    installed.pipeline.emit("obskit.check", 40, said, {}, event_name="obskit.check.result")
    installed.pipeline.emit("shop", 40, "declined", {}, event_name="shop.card.declined")
    assert lines(heard) == ["error shop: declined"]


def test_a_line_that_is_logged_while_another_is_added_waits_for_nobody() -> None:
    """As a finalizer does that logs, wherever the collector of garbage runs it."""

    class Nested(Found):
        def add(self, line: str, at: float) -> None:
            super().add(line, at)
            if len(self.lines) == 1:
                heard.hear(record)

    installed = Installed()
    installed.pipeline.emit("shop", 20, "one", {})
    record, heard = installed.last, Ear("", "debug", Nested)
    heard.hear(record)
    assert heard.told(lambda found: found.lines) == ["info shop: one", "info shop: one"]


def test_a_line_that_comes_while_others_are_read_does_not_wait() -> None:
    heard, installed = Ear("", "debug", Found), Installed()

    def read(found: Found) -> list[str]:
        logging = threading.Thread(target=installed.pipeline.emit, args=("shop", 20, "one", {}))
        logging.start()
        logging.join()
        return list(found.lines)

    assert heard.told(read) == []
    assert lines(heard) == ["info shop: one"]


def test_a_line_keeps_the_time_at_which_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    class Times(Found):
        def add(self, line: str, at: float) -> None:
            self.lines.append(f"{line} at {at:g}")

    heard, installed = Ear("", "debug", Times), Installed()
    monkeypatch.setattr(ear, "monotonic", lambda: 7.0)
    heard.told(lambda _: installed.pipeline.emit("shop", 20, "one", {}))
    monkeypatch.setattr(ear, "monotonic", lambda: 9.0)
    assert heard.told(lambda found: found.lines) == ["info shop: one at 7"]


def test_many_threads_lose_no_line() -> None:
    heard, installed = Ear("boom", "debug", Found), Installed()

    def log() -> None:
        for number in range(1_000):
            installed.pipeline.emit("shop", 20, "boom", {"number": number})

    threads = [threading.Thread(target=log) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lines(heard)) == 8_000
    assert heard.missed == 0


def test_a_line_that_cannot_be_taken_is_counted_and_costs_the_host_nothing() -> None:
    class Full(Found):
        def add(self, line: str, at: float) -> None:
            raise MemoryError

    heard, installed = Ear("", "debug", Full), Installed()
    installed.pipeline.emit("shop", 20, "one", {})
    assert (installed.lines.events, installed.dropped(), heard.missed) == (["one"], {}, 1)


def test_in_a_forked_child_nothing_has_been_heard() -> None:
    heard, installed = Ear("", "debug", Found), Installed()
    installed.pipeline.emit("shop", 20, "one", {})
    heard._lock.acquire()  # by a thread that the child does not have
    heard.missed = 3
    heard.after_fork()
    installed.pipeline.emit("shop", 20, "two", {})
    assert (lines(heard), heard.missed) == (["info shop: two"], 0)


def test_a_level_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="level is 'loud': no level: give one of debug, info, "):
        Ear("", "loud", Found)
