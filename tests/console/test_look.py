"""However many look, the service is looked at seldom; what changes is seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from threading import Event, Thread
from typing import Any

import pytest

pytest.importorskip("jinja2", reason="Jinja is not installed")

from tests.console.given import NOW, crm, error, job, overview, rows

from obskit.console import look
from obskit.console.look import Looking, digest
from obskit.overview.model import Overview
from obskit.state.store import JobRun, Silence


class Watch:
    """Seconds that pass when they are told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.time = 0.0
        monkeypatch.setattr(look, "monotonic", lambda: self.time)


def test_a_look_lasts_two_seconds_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch(monkeypatch)
    looks: list[int] = []

    def counted() -> Overview:
        looks.append(1)
        return overview()

    looking = Looking(counted)
    for now, wanted in ((0.0, 1), (1.9, 1), (2.0, 2), (2.0, 2)):
        watch.time = now
        looking.seen()
        assert len(looks) == wanted


def test_where_a_look_takes_long_it_is_taken_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch(monkeypatch)
    looks: list[int] = []

    def slow() -> Overview:
        looks.append(1)
        watch.time += 0.2
        return overview()

    looking = Looking(slow)
    looking.seen()
    watch.time = 20.1
    looking.seen()
    assert len(looks) == 1
    watch.time = 20.2
    looking.seen()
    assert len(looks) == 2


def test_while_one_looks_others_are_told_what_was_seen_before() -> None:
    began, may_end = Event(), Event()
    looks: list[int] = []

    def slow() -> Overview:
        looks.append(1)
        if len(looks) > 1:
            began.set()
            may_end.wait(60)
        return overview()

    looking = Looking(slow)
    first = looking.seen()
    looking.forget()
    other = Thread(target=looking.seen)
    other.start()
    assert began.wait(60)
    assert looking.seen() is first
    may_end.set()
    other.join()
    assert len(looks) == 2


def test_a_look_that_fails_is_told_and_taken_again() -> None:
    looks: list[int] = []

    def fail_once() -> Overview:
        looks.append(1)
        if len(looks) == 1:
            raise ZeroDivisionError
        return overview()

    looking = Looking(fail_once)
    with pytest.raises(ZeroDivisionError):
        looking.seen()
    assert looking.seen().overview.service == "shop"


def changed(**given: Any) -> Overview:
    return replace(overview(), **given)


@pytest.mark.parametrize(
    "make",
    [
        lambda: changed(health="healthy"),
        lambda: changed(checks=[replace(rows(), status="ok"), *overview().checks[1:]]),
        lambda: changed(checks=[replace(rows(), overdue=True), *overview().checks[1:]]),
        lambda: changed(checks=[rows(), replace(crm(), silence=None), overview().checks[2]]),
        lambda: changed(jobs=[replace(job(), standing=replace(job().standing, state="late"))]),
        lambda: changed(
            jobs=[
                replace(
                    job(),
                    standing=replace(
                        job().standing, last=JobRun("b", "import", NOW - 30, done=4, total=10)
                    ),
                )
            ]
        ),
        lambda: changed(operations=[replace(overview().operations[0], failed=0)]),
        lambda: changed(quotas=[replace(overview().quotas[0], used=100)]),
        lambda: changed(errors=[replace(error(), time=NOW)]),
        lambda: changed(silences=[Silence("rows", NOW, "x", "y", NOW)]),
        lambda: changed(processes=()),
        lambda: changed(deploys=()),
        lambda: changed(problems=()),
        lambda: changed(now=NOW + 60),
    ],
)
def test_what_somebody_would_see_is_another_digest(make: Callable[[], Overview]) -> None:
    assert digest(make()) != digest(overview())


@pytest.mark.parametrize(
    "make",
    [
        overview,
        lambda: changed(now=NOW + 59),
        lambda: changed(errors=[replace(error(), message="another")]),
    ],
)
def test_what_passes_by_itself_is_none(make: Callable[[], Overview]) -> None:
    assert digest(make()) == digest(overview())
