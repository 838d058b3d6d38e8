"""Who hears the log lines of this process."""

from __future__ import annotations

from tests.telemetry.lines import Installed

from obskit import listeners
from obskit.listeners import Line


class Notes:
    def __init__(self) -> None:
        self.heard: list[str] = []

    def hear(self, line: Line) -> None:
        self.heard.append(line.event)

    def after_fork(self) -> None:
        self.heard.clear()


def test_everybody_who_listens_hears_each_line_once() -> None:
    one, other, installed = Notes(), Notes(), Installed()
    listeners.add(one)
    installed.pipeline.emit("shop", 20, "first", {})
    listeners.add(other)
    installed.pipeline.emit("shop", 20, "second", {})
    assert (one.heard, other.heard) == (["first", "second"], ["second"])
    assert installed.lines.events == ["first", "second"]


def test_who_is_held_by_nobody_is_forgotten() -> None:
    installed = Installed()
    notes = Notes()
    heard = notes.heard
    listeners.add(notes)
    del notes
    installed.pipeline.emit("shop", 20, "first", {})
    assert heard == []
    last = Notes()
    listeners.add(last)
    assert [one() for one in listeners._listening if one() in {None, last}] == [last]


def test_what_is_logged_while_a_line_is_heard_is_counted_and_makes_no_other() -> None:
    class Echo(Notes):
        def hear(self, line: Line) -> None:
            super().hear(line)
            installed.pipeline.emit("shop", 20, "echo", {})

    installed, echo = Installed(), Echo()
    listeners.add(echo)
    installed.pipeline.emit("shop", 20, "first", {})
    assert echo.heard == ["first"]
    assert installed.dropped() == {"logged_while_logging": 1}


def test_in_a_forked_child_everybody_begins_anew() -> None:
    notes = Notes()
    listeners.add(notes)
    Installed().pipeline.emit("shop", 20, "first", {})
    listeners._lock.acquire()  # by a thread that the child does not have
    listeners.after_fork()
    listeners.add(Notes())
    assert notes.heard == []
