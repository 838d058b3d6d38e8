"""Celery workers and queues over a broker in a folder; `tests/servers` has those over Redis."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

pytest.importorskip("celery", reason="celery is not installed")

from tests.checks.given import eventually
from tests.checks.library.celery_worker import working
from tests.checks.library.listener import closed_port
from tests.checks.library.tasks import make_app

from obskit.checks.library.celery import OldestTask, QueueLength, Workers
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult, Status

BROKER = "filesystem://"


@pytest.fixture
def app(tmp_path: Path) -> Any:
    return make_app(BROKER, tmp_path)


def measured(returned: object) -> float:
    assert isinstance(returned, Measurement), returned
    assert isinstance(returned.value, (int, float))
    return returned.value


def answered(check: Callable[[], object], fits: Callable[[Any], bool]) -> Any:
    """What a check says when the broker of files, which reads what is half written, lets it."""
    said: list[object] = []

    def fitting() -> bool:
        with suppress(ConnectionError):
            said.append(check())
        return bool(said) and fits(said[-1])

    eventually(fitting)
    return said[-1]


def test_workers_that_stop_turn_it_and_it_recovers_when_they_are_back(
    app: Any, tmp_path: Path
) -> None:
    every, named = Workers(app, wait="300ms"), Workers(app, ["one@shop"], wait="300ms")
    length, age = QueueLength(app), OldestTask(app)
    app.send_task("work")
    assert every.default_judge(measured(answered(every, bool))).state == "critical"
    assert measured(length()) == 1
    with working(app, "one@shop", tmp_path, BROKER):
        found = answered(every, lambda said: measured(said) == 1)
        assert found.unit == "{worker}"
        assert found.details == {"workers": ["one@shop"]}
        assert every.default_judge(measured(found)).state == "ok"
        answered(named, lambda said: isinstance(said, Measurement) and said.value == 1)
        eventually(lambda: measured(length()) == 0)
        assert measured(age()) == 0
    gone = answered(named, lambda said: isinstance(said, CheckResult))
    assert gone.status is Status.CRITICAL
    assert gone.message == "no answer within 300ms from one@shop"
    answered(every, lambda said: measured(said) == 0)


def test_the_tasks_of_one_queue_are_counted(app: Any) -> None:
    for _ in range(3):
        app.send_task("work", queue="emails")
    app.send_task("work")
    found = QueueLength(app, "emails")()
    assert found.value == 3
    assert found.unit == "{task}"
    assert measured(QueueLength(app)()) == 1


def test_the_age_of_the_oldest_task_is_that_of_its_file(app: Any, tmp_path: Path) -> None:
    for _ in range(2):
        app.send_task("work")
    app.send_task("work", queue="emails")
    oldest = min(path for path in (tmp_path / "in").iterdir() if path.name.endswith(".celery.msg"))
    os.utime(oldest, (time.time() - 7200,) * 2)
    assert 7200 <= measured(OldestTask(app)()) < 7300
    assert measured(OldestTask(app, "emails")()) < 60
    assert measured(OldestTask(app, "none")()) == 0


def test_a_folder_that_is_gone_turns_it_and_it_recovers_with_the_folder(
    app: Any, tmp_path: Path
) -> None:
    check = QueueLength(app)
    (tmp_path / "in").rmdir()
    with pytest.raises(ConnectionError, match=r"the broker filesystem://.* refused or did not"):
        check()
    (tmp_path / "in").mkdir()
    assert measured(check()) == 0


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_is_down_turns_it_without_telling_the_password(
    scheme: str, tmp_path: Path
) -> None:
    app = make_app(f"{scheme}://shop:hunter2@127.0.0.1:{closed_port()}//", tmp_path)
    for check in Workers(app), QueueLength(app), OldestTask(app):
        with pytest.raises(
            ConnectionError, match=f"the broker {scheme}://shop:.*refused"
        ) as failed:
            check()
        assert "hunter2" not in str(failed.value)


def test_a_broker_that_shows_no_task_cannot_be_judged(tmp_path: Path) -> None:
    found = OldestTask(make_app("memory://", tmp_path))()
    assert isinstance(found, CheckResult)
    assert found.status is Status.UNKNOWN
    assert found.message == (
        "a broker of memory shows no task without taking it: judge QueueLength"
    )


def test_one_text_where_a_list_belongs_is_refused_where_it_is_declared(app: Any) -> None:
    with pytest.raises(ValueError, match=r"use a list such as \['one@shop'\]"):
        Workers(app, "one@shop")


def test_many_runs_leave_nothing_open(app: Any) -> None:
    app.send_task("work")
    checks = Workers(app, wait="10ms"), QueueLength(app), OldestTask(app)
    for check in checks:
        check()
    before = psutil.Process().num_fds()
    for _ in range(10):
        for check in checks:
            check()
    assert psutil.Process().num_fds() == before
