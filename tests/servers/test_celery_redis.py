"""Celery over a real Redis: what only a broker can do that delivers again and takes commands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from tests.checks.given import eventually
from tests.config.receiver import Receiver
from tests.processes import arrivals
from tests.processes.celery_worker import end, environ_of, errors, send, tries, working


@pytest.fixture
def broker(redis_server: int) -> Iterator[str]:
    with redis.Redis(port=redis_server, db=5) as client:
        client.flushdb()
    yield f"redis://127.0.0.1:{redis_server}/5"


def test_what_a_workflow_does_is_one_trace(broker: str, tmp_path: Path) -> None:
    with Receiver() as receiver:
        environ = environ_of(receiver, tmp_path, broker)
        with working(tmp_path, environ) as worker:
            trace_id, answers = send(
                "[chord([app.tasks['work'].s(1), app.tasks['work'].s(2)])(app.tasks['total'].s()),"
                " group(app.tasks['work'].s(n) for n in range(3)).apply_async(),"
                " app.tasks['work'].apply_async((4,), countdown=0.5)]",
                tmp_path,
                environ,
            )
            end(worker)
    assert answers == [3, [0, 1, 2], 4]
    told = [*tries(receiver, "work"), *tries(receiver, "total")]
    assert len(told) == 7
    assert {span["trace_id"] for span in told} == {trace_id}


def test_a_task_that_its_killed_process_gives_back_is_told_of_when_it_is_done(
    broker: str, tmp_path: Path
) -> None:
    with Receiver() as receiver:
        environ = environ_of(receiver, tmp_path, broker)
        with working(tmp_path, environ) as worker:
            trace_id, answers = send("[app.tasks['survives'].delay()]", tmp_path, environ)
            end(worker)
    assert answers == ["done"]
    (told,) = tries(receiver, "survives")
    assert (told["celery.state"], told["trace_id"]) == ("SUCCESS", trace_id)
    assert arrivals.lines(receiver, "survived") == 1
    assert errors(receiver) == []


@pytest.mark.parametrize("signal", ["SIGTERM", "SIGKILL"])
def test_a_task_that_is_terminated_is_told_of_once_and_is_no_error(
    broker: str, tmp_path: Path, signal: str
) -> None:
    with Receiver() as receiver:
        environ = environ_of(receiver, tmp_path, broker)
        with working(tmp_path, environ) as worker:
            send("[app.tasks['waits'].apply_async(task_id='w')][:0]", tmp_path, environ)
            eventually((tmp_path / "queue" / "begun").exists)
            eventually(lambda: arrivals.lines(receiver, "waiting"))
            send(
                f"[app.control.revoke('w', terminate=True, signal={signal!r})][:0]",
                tmp_path,
                environ,
            )
            eventually(lambda: tries(receiver, "waits"))
            end(worker)
        output = (tmp_path / "worker").read_text()
    assert [told["celery.state"] for told in tries(receiver, "waits")] == ["TERMINATED"], output
    assert errors(receiver) == []
    assert arrivals.total(receiver, "obskit.task.duration") == 1
