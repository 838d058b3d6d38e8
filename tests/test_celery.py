"""Celery tasks, as their developers write and send them."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

import obskit
from obskit import context
from obskit.capture import Capture
from obskit.context import Scope

pytest.importorskip("celery", reason="Celery is not installed")

from celery import chain, chord, group  # type: ignore[import-untyped]
from celery.exceptions import Ignore, Reject  # type: ignore[import-untyped]
from kombu.exceptions import OperationalError
from tests.celery_app import make_app, result_of, working

import obskit.celery


class Declined(Exception):
    """One that cannot be pickled: it is made of more than it says."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{reason} ({code})")


@pytest.fixture
def app() -> Any:
    app = make_app()
    log = obskit.get_logger("shop")

    @app.task(shared=False, name="add")  # type: ignore[untyped-decorator,unused-ignore]
    def add(a: int, b: int) -> int:
        log.info("adding")
        return a + b

    @app.task(shared=False, name="total")  # type: ignore[untyped-decorator,unused-ignore]
    def total(numbers: list[int]) -> int:
        return sum(numbers)

    @app.task(shared=False, name="broken", throws=(KeyError,))  # type: ignore[untyped-decorator,unused-ignore]
    def broken(kind: str) -> None:
        kinds = {"usual": ZeroDivisionError("an empty basket"), "expected": KeyError("row")}
        raise {**kinds, "unpicklable": Declined(7, "no funds")}[kind]

    @app.task(shared=False, name="flaky", bind=True, max_retries=2)  # type: ignore[untyped-decorator,unused-ignore]
    def flaky(self: Any, failures: int) -> str:
        if self.request.retries < failures:
            raise self.retry(exc=ConnectionError("away"), countdown=0)
        return "done"

    @app.task(shared=False, name="refuses")  # type: ignore[untyped-decorator,unused-ignore]
    def refuses(kind: str) -> None:
        raise {"Ignore": Ignore("not mine"), "Reject": Reject("not mine", requeue=False)}[kind]

    return app


def named(capture: Capture, name: str) -> list[ReadableSpan]:
    return [span for span in capture.spans if span.name == name]


def only(capture: Capture, name: str) -> ReadableSpan:
    (found,) = named(capture, name)
    return found


def trace_ids(capture: Capture) -> set[int]:
    return {span.context.trace_id for span in capture.spans if span.context is not None}


def is_child(child: ReadableSpan, parent: ReadableSpan) -> bool:
    return (
        child.parent is not None
        and parent.context is not None
        and (child.parent.span_id == parent.context.span_id)
    )


def durations(capture: Capture) -> dict[tuple[str, str, str | None], int]:
    return {
        (
            point["attributes"]["celery.task_name"],
            point["attributes"]["celery.state"],
            point["attributes"].get("error.type"),
        ): point["count"]
        for point in capture.metrics().get("obskit.task.duration", [])
    }


def stacks(capture: Capture) -> list[str]:
    return [line["event"] for line in capture.lines if "exception" in line]


def test_a_task_is_part_of_the_trace_and_of_the_request_that_sent_it(
    obskit_capture: Capture, app: Any
) -> None:
    with working(app), obskit.span("caller") as caller:
        with context.entered(Scope("order-7", caller)):
            sent = app.tasks["add"].delay(1, 2)
        assert result_of(sent) == 3
    producer, consumer = only(obskit_capture, "apply_async/add"), only(obskit_capture, "run/add")
    assert (producer.kind, consumer.kind) == (SpanKind.PRODUCER, SpanKind.CONSUMER)
    assert is_child(producer, only(obskit_capture, "caller"))
    assert is_child(consumer, producer)
    (line,) = [line for line in obskit_capture.lines if line["event"] == "adding"]
    assert line["request_id"] == "order-7"
    assert line["celery.task_name"] == "add"
    assert line["messaging.message.id"] == sent.id
    assert (consumer.attributes or {})["obskit.request.id"] == "order-7"
    assert durations(obskit_capture) == {("add", "SUCCESS", None): 1}


def test_a_task_that_nobody_sent_from_a_request_has_an_id_of_its_own(
    obskit_capture: Capture, app: Any
) -> None:
    with working(app):
        result_of(app.send_task("add", (1, 2)))
    consumer = only(obskit_capture, "run/add")
    assert consumer.context is not None
    assert (consumer.attributes or {})["obskit.request.id"] == (
        f"{consumer.context.trace_id:032x}-{consumer.context.span_id:016x}"
    )


def test_nothing_of_a_task_stays_current_after_it(obskit_capture: Capture, app: Any) -> None:
    app.tasks["add"].apply((1, 2))
    app.tasks["broken"].apply(("usual",))
    app.send_task("add", (1, 2))
    assert len(obskit_capture.spans) == 3
    assert context.current() is None
    assert trace.get_current_span() is trace.INVALID_SPAN


@pytest.mark.parametrize(
    ("kind", "type_"), [("usual", "ZeroDivisionError"), ("unpicklable", "Declined")]
)
def test_a_task_that_fails_is_one_error_and_one_stack_under_its_trace(
    obskit_capture: Capture, app: Any, kind: str, type_: str
) -> None:
    with working(app):
        result_of(app.tasks["broken"].delay(kind), fails=True)
    (event,) = obskit_capture.errors
    (exception,) = event["exception"]["values"]
    assert exception["type"] == type_
    assert exception["mechanism"]["handled"] is False
    assert event["transaction"] == "broken"
    consumer = only(obskit_capture, "run/broken")
    assert consumer.context is not None
    assert event["contexts"]["trace"]["trace_id"] == f"{consumer.context.trace_id:032x}"
    assert event["contexts"]["obskit"]["celery.task_name"] == "broken"
    assert consumer.status.status_code is StatusCode.ERROR
    assert [event.name for event in consumer.events] == ["exception"]
    assert len(stacks(obskit_capture)) == 1
    ((name, state, error),) = durations(obskit_capture)
    assert (name, state, str(error).rpartition(".")[2]) == ("broken", "FAILURE", type_)


def test_what_a_task_declares_to_throw_is_no_error(obskit_capture: Capture, app: Any) -> None:
    with working(app):
        result_of(app.tasks["broken"].delay("expected"), fails=True)
    assert obskit_capture.errors == []
    consumer = only(obskit_capture, "run/broken")
    assert consumer.status.status_code is StatusCode.UNSET
    assert (consumer.attributes or {})["error.type"] == "KeyError"
    assert durations(obskit_capture) == {("broken", "FAILURE", "KeyError"): 1}


def test_a_task_that_is_tried_again_is_no_error(obskit_capture: Capture, app: Any) -> None:
    with working(app):
        assert result_of(app.tasks["flaky"].delay(2)) == "done"
    assert obskit_capture.errors == []
    assert stacks(obskit_capture) == []
    assert durations(obskit_capture) == {
        ("flaky", "RETRY", None): 2,
        ("flaky", "SUCCESS", None): 1,
    }
    tries = [dict(span.attributes or {}) for span in named(obskit_capture, "run/flaky")]
    assert [one.get("celery.retry.reason") for one in tries] == ["away", "away", None]
    assert [one.get("celery.retries") for one in tries] == [None, 1, 2]
    assert len(trace_ids(obskit_capture)) == 1


def test_a_task_that_fails_after_its_last_try_is_one_error(
    obskit_capture: Capture, app: Any
) -> None:
    with working(app):
        result_of(app.tasks["flaky"].delay(9), fails=True)
    (event,) = obskit_capture.errors
    assert [one["type"] for one in event["exception"]["values"]] == ["ConnectionError"]
    assert durations(obskit_capture) == {
        ("flaky", "RETRY", None): 2,
        ("flaky", "FAILURE", "ConnectionError"): 1,
    }


@pytest.mark.parametrize(("kind", "state"), [("Ignore", "IGNORED"), ("Reject", "REJECTED")])
def test_what_a_task_refuses_is_no_error(
    obskit_capture: Capture, app: Any, kind: str, state: str
) -> None:
    with working(app):
        app.tasks["refuses"].delay(kind)
        result_of(app.tasks["add"].delay(1, 2))  # the worker is done with the one before
    assert obskit_capture.errors == []
    assert only(obskit_capture, "run/refuses").status.status_code is StatusCode.UNSET
    assert durations(obskit_capture)["refuses", state, None] == 1


def test_a_task_that_expired_is_told_of_and_is_no_error(obskit_capture: Capture, app: Any) -> None:
    with obskit.span("caller"):
        sent = app.tasks["add"].apply_async((1, 2), expires=-1)
    with working(app):
        result_of(sent, fails=True)
    consumer = only(obskit_capture, "run/add")
    assert is_child(consumer, only(obskit_capture, "apply_async/add"))
    assert (consumer.attributes or {})["celery.state"] == "EXPIRED"
    assert durations(obskit_capture)["add", "EXPIRED", None] == 1
    assert obskit_capture.errors == []


def test_a_chain_a_group_and_a_chord_are_one_trace_each(obskit_capture: Capture, app: Any) -> None:
    add, total = app.tasks["add"], app.tasks["total"]
    with working(app):
        assert result_of(chain(add.s(1, 2), add.s(3)).apply_async()) == 6
        assert len(trace_ids(obskit_capture)) == 1
        with obskit.span("both"):
            assert result_of(group(add.s(1, 1), add.s(2, 2)).apply_async()) == [2, 4]
            assert result_of(chord([add.s(1, 1), add.s(2, 2)])(total.s())) == 6
    assert len(trace_ids(obskit_capture)) == 2
    assert len(named(obskit_capture, "run/add")) == 6
    roots = {
        (span.attributes or {})["messaging.message.conversation_id"]
        for span in named(obskit_capture, "run/add")
    }
    # One for the chain; the members of a group and of a chord that nobody sent are roots themselves.
    assert len(roots) == 5


def test_a_task_for_later_tells_when(obskit_capture: Capture, app: Any) -> None:
    eta = datetime.now(timezone.utc) + timedelta(milliseconds=50)
    with working(app):
        result_of(app.tasks["add"].apply_async((1, 2), eta=eta))
    for name in "apply_async/add", "run/add":
        found = (only(obskit_capture, name).attributes or {})["celery.eta"]
        assert datetime.fromisoformat(str(found)) == eta


def test_a_task_that_runs_where_it_is_called_is_part_of_the_request(
    obskit_capture: Capture, app: Any
) -> None:
    app.conf.task_always_eager = True
    with obskit.span("caller") as caller, context.entered(Scope("order-7", caller)) as scope:
        assert app.tasks["add"].delay(1, 2).get() == 3
        assert context.current() is scope
    assert is_child(only(obskit_capture, "run/add"), only(obskit_capture, "caller"))
    assert named(obskit_capture, "apply_async/add") == []
    (line,) = [line for line in obskit_capture.lines if line["event"] == "adding"]
    assert line["request_id"] == "order-7"
    assert "celery.task_name" not in scope.fields


def test_an_error_that_leaves_a_task_where_it_is_called_is_told_once(
    obskit_capture: Capture, app: Any
) -> None:
    app.conf.update(task_always_eager=True, task_eager_propagates=True)
    with pytest.raises(ZeroDivisionError):
        app.tasks["broken"].delay("usual")
    assert len(obskit_capture.errors) == 1
    assert only(obskit_capture, "run/broken").status.status_code is StatusCode.ERROR
    assert stacks(obskit_capture) == ["broken has failed"]
    assert durations(obskit_capture) == {("broken", "FAILURE", "ZeroDivisionError"): 1}


def test_a_message_that_cannot_be_sent_is_a_failed_span(obskit_capture: Capture, app: Any) -> None:
    app.conf.update(
        broker_url="amqp://guest:hunter2@127.0.0.1:1//", broker_transport_options={"max_retries": 0}
    )
    with pytest.raises(OperationalError):
        app.tasks["add"].apply_async((1, 2), retry=False)
    assert only(obskit_capture, "apply_async/add").status.status_code is StatusCode.ERROR
    assert trace.get_current_span() is trace.INVALID_SPAN
    assert "hunter2" not in str([dict(span.attributes or {}) for span in obskit_capture.spans])


def test_without_init_tasks_run_untouched(app: Any) -> None:
    with working(app):
        assert result_of(app.tasks["add"].delay(1, 2)) == 3


def test_an_app_that_is_not_observed_is_left_alone(obskit_capture: Capture) -> None:
    from celery import Celery

    other: Any = Celery("other", set_as_current=False)

    @other.task(shared=False, name="alone")  # type: ignore[untyped-decorator,unused-ignore]
    def alone() -> int:
        return 1

    assert alone.apply().get() == 1
    assert obskit_capture.spans == []


def test_making_an_app_observable_twice_doubles_nothing(obskit_capture: Capture, app: Any) -> None:
    assert obskit.celery.init_app(app) is app
    app.send_task("add", (1, 2))
    assert len(obskit_capture.spans) == 1


def test_it_imports_without_celery_and_says_what_to_install() -> None:
    program = """
import json, sys
sys.modules["celery"] = None
import obskit.celery
try:
    obskit.celery.init_app(object())
except obskit.ObskitError as error:
    print(json.dumps(str(error)))
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == (
        "obskit.celery needs a package that is not installed: pip install 'obskit-otel[celery]'"
    )
