"""Tasks of real workers, over every pool and every end that a worker may find."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from tests.checks.given import eventually
from tests.config.receiver import Receiver, attributes
from tests.processes import arrivals

pytest.importorskip("celery", reason="Celery is not installed")

from tests.processes.celery_worker import (
    end,
    environ_of,
    errors,
    send,
    started,
    tries,
    working,
)

from obskit.state.opening import open_store

TASKS = 10


@pytest.mark.parametrize(
    "options",
    [
        ("--pool", "prefork"),
        ("--pool", "prefork", "--max-tasks-per-child", "1"),
        ("--pool", "solo"),
        ("--pool", "threads"),
    ],
    ids=["prefork", "one-task-a-child", "solo", "threads"],
)
def test_a_task_of_each_trace_is_told_once_by_every_pool(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    pytest.importorskip("sentry_sdk")
    with Receiver() as receiver:
        environ = environ_of(receiver, tmp_path)
        with working(tmp_path, environ, *options) as worker:
            trace_id, answers = send(
                f"[app.tasks['work'].delay(n) for n in range({TASKS})]"
                " + [app.tasks['broken'].delay()]",
                tmp_path,
                environ,
            )
            end(worker)
        output = (tmp_path / "worker").read_text()
    assert answers == [*range(TASKS), "ZeroDivisionError('an empty basket')"]
    assert arrivals.spans(receiver) == {
        "order": 1,
        "apply_async/work": TASKS,
        "run/work": TASKS,
        "apply_async/broken": 1,
        "run/broken": 1,
    }, output
    assert {span["trace_id"] for span in tries(receiver, "work")} == {trace_id}
    lines = [r for batch in receiver.record_batches() for r in batch]
    worked = [line for line in lines if line.body.string_value == "worked"]
    assert {line.trace_id.hex() for line in worked} == {trace_id}
    assert len({attributes(line.attributes)["messaging.message.id"] for line in worked}) == TASKS
    assert arrivals.total(receiver, "obskit.task.duration") == TASKS + 1
    assert errors(receiver) == [("ZeroDivisionError", trace_id)]
    # Celery makes log lines of what is printed; lines of ours stay what they are, and are no others.
    assert sum('"event":"worked"' in line and line[0] == "{" for line in output.splitlines()) == 10
    assert "dropped" not in output


def test_a_task_that_leaves_its_process_is_one_error(tmp_path: Path) -> None:
    pytest.importorskip("sentry_sdk")
    with Receiver() as receiver:
        environ = environ_of(receiver, tmp_path)
        with working(tmp_path, environ) as worker:
            trace_id, _ = send("[app.tasks['leaves'].delay()]", tmp_path, environ)
            end(worker)
        output = (tmp_path / "worker").read_text()
    (told,) = tries(receiver, "leaves")
    assert (told["celery.state"], told["trace_id"]) == ("ABORTED", trace_id), output
    assert errors(receiver) == [("SystemExit", trace_id)], output


@pytest.mark.parametrize(
    ("name", "kind"), [("dies", "WorkerLostError"), ("lasts", "TimeLimitExceeded")]
)
def test_a_task_whose_process_is_killed_is_one_error_in_the_senders_trace(
    tmp_path: Path, name: str, kind: str
) -> None:
    pytest.importorskip("sentry_sdk")
    with Receiver() as receiver:
        environ = environ_of(receiver, tmp_path)
        with working(tmp_path, environ) as worker:
            trace_id, _ = send(f"[app.tasks[{name!r}].delay()]", tmp_path, environ)
            end(worker)
        output = (tmp_path / "worker").read_text()
    assert len(tries(receiver, name)) == 1, (tries(receiver, name), output)
    (told,) = tries(receiver, name)
    assert (told["celery.state"], told["trace_id"]) == ("LOST", trace_id), output
    assert errors(receiver) == [(kind, trace_id)], output
    assert arrivals.total(receiver, "obskit.task.duration") == 1, arrivals.all_points(receiver)


@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_a_worker_that_is_asked_to_end_ends_its_task_and_tells_of_it(
    tmp_path: Path, pool: str
) -> None:
    with Receiver() as receiver:
        environ = environ_of(receiver, tmp_path)
        with working(tmp_path, environ, "--pool", pool) as worker:
            send("[app.tasks['waits'].delay()][:0]", tmp_path, environ)
            eventually((tmp_path / "queue" / "begun").exists)
            worker.terminate()
            eventually(lambda: "Warm shutdown" in (tmp_path / "worker").read_text())
            (tmp_path / "queue" / "released").touch()
            assert worker.wait(90) == 0
    (told,) = tries(receiver, "waits")
    assert told["celery.state"] == "SUCCESS"
    assert arrivals.lines(receiver, "waited") == 1


def test_what_beat_sends_is_a_run_of_a_job_wherever_it_is_worked_on(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/spool/state.sqlite3"
    with Receiver() as receiver, closing(open_store(store, "tasks")) as kept:
        environ = environ_of(receiver, tmp_path)
        with working(tmp_path, environ) as worker, started("beat", tmp_path, environ) as beat:
            eventually(lambda: len([r for r in kept.job_runs("every-second") if r.finished]) >= 2)
            beat.terminate()
            beat.wait(90)
            end(worker)
        output = (tmp_path / "beat").read_text() + (tmp_path / "worker").read_text()
        runs = kept.job_runs("every-second")
    assert {run.outcome for run in runs} == {"ok"}, output
    traces = {told["trace_id"] for told in tries(receiver, "work")}
    assert {run.trace_id for run in runs} == traces
    assert arrivals.spans(receiver)["apply_async/work"] == len(runs)
