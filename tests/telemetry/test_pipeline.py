"""The one way of every log line."""

from __future__ import annotations

import threading

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext
from tests.monsters import MONSTERS, HostileError
from tests.telemetry.lines import Installed, Lines

from obskit import context
from obskit.capture import StillClock
from obskit.context import Scope
from obskit.ledger import Ledger
from obskit.telemetry import failure
from obskit.telemetry.failure import Failure
from obskit.telemetry.pipeline import Pipeline, Record

SPAN = NonRecordingSpan(SpanContext(0xABC, 0xDEF, is_remote=False))


def emitting(*sinks: object, ledger: Ledger | None = None) -> Pipeline:
    return Pipeline(sinks, ledger or Ledger(), clock=StillClock())  # type: ignore[arg-type]


def test_a_record_holds_everything_that_is_known_of_a_line() -> None:
    lines = Lines()
    error = KeyError("row")
    token = otel_context.attach(trace.set_span_in_context(SPAN))
    with context.entered(Scope("request-1")):
        context.bind(user_id=7, plan="free")
        emitting(lines).emit("shop", 40, "order.failed", {"plan": "paid", "pin": 1234}, error)
    otel_context.detach(token)
    assert lines.records == [
        Record(
            timestamp=1_767_225_600.0,
            level=40,
            logger="shop",
            event="order.failed",
            fields={"user_id": 7, "plan": "paid", "pin": "[redacted]"},
            request_id="request-1",
            trace_id="00000000000000000000000000000abc",
            span_id="0000000000000def",
            failure=Failure("KeyError", "'row'", "KeyError: 'row'\n"),
            event_name="exception",
            on_console=True,
            to_backend=True,
        )
    ]


def test_outside_a_request_there_are_no_ids_and_only_the_lines_own_fields() -> None:
    lines = Lines()
    emitting(lines).emit("shop", 20, "started", {"a": 1}, timestamp=5.0)
    record = lines.records[0]
    assert record.fields == {"a": 1}
    assert (record.request_id, record.trace_id, record.span_id) == (None, None, None)
    assert (record.failure, record.event_name, record.timestamp) == (None, None, 5.0)


def test_an_event_may_have_a_standard_name_of_its_own() -> None:
    lines = Lines()
    emitting(lines).emit("shop", 40, "x", {}, ValueError(), event_name="own")
    assert lines.records[0].event_name == "own"


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (-1, "debug"),
        (5, "debug"),
        (19, "debug"),
        (20, "info"),
        (29, "info"),
        (30, "warning"),
        (40, "error"),
        (50, "critical"),
        (99, "critical"),
    ],
)
def test_a_level_has_the_name_of_the_standard_level_below(number: int, name: str) -> None:
    lines = Lines()
    emitting(lines).emit("shop", number, "x", {})
    assert lines.records[0].level_name == name


@pytest.mark.parametrize(
    "timestamp", [-0.1, float("nan"), float("inf"), 253_402_300_800, None, "5", True]
)
def test_a_moment_that_no_clock_shows_becomes_now(timestamp: float) -> None:
    lines = Lines()
    emitting(lines).emit("shop", 20, "x", {}, timestamp=timestamp)
    assert lines.records[0].timestamp == 1_767_225_600.0


@pytest.mark.parametrize("timestamp", [0, 0.5, 253_402_300_799])
def test_a_moment_that_a_clock_shows_is_kept(timestamp: float) -> None:
    lines = Lines()
    emitting(lines).emit("shop", 20, "x", {}, timestamp=timestamp)
    assert lines.records[0].timestamp == timestamp


@pytest.mark.parametrize("name", MONSTERS)
def test_any_object_can_be_event_field_name_and_logger(name: str) -> None:
    lines, ledger = Lines(), Ledger()
    monster = MONSTERS[name]
    fields = {"field": monster()}
    emitting(lines, ledger=ledger).emit(monster(), 20, monster(), fields)  # type: ignore[arg-type]
    record = lines.records[0]
    assert type(record.event) is str
    assert type(record.logger) is str
    assert ledger.snapshot()["logs"]["dropped"] == {}


@pytest.mark.parametrize(
    ("event", "shown"),
    [(None, "None"), (5, "5"), ({"a": 1}, "{'a': 1}"), (b"x", "x"), (ValueError("no"), "ValueError: no")],
)  # fmt: skip
def test_an_event_that_is_no_text_is_shown_as_text(event: object, shown: str) -> None:
    lines = Lines()
    emitting(lines).emit("shop", 20, event, {})
    assert lines.records[0].event == shown


def test_no_more_than_128_fields_are_taken() -> None:
    lines = Lines()
    emitting(lines).emit("shop", 20, "x", {f"f{number}": number for number in range(200)})
    assert len(lines.records[0].fields) == 129
    assert lines.records[0].fields["…[cut]"] == "…[cut]"


def test_a_repr_that_logs_makes_no_line_of_its_own_and_is_counted() -> None:
    installed = Installed()

    class Logs:
        def __repr__(self) -> str:
            installed.pipeline.emit("inner", 20, "inner", {"again": self})
            return "Logs()"

    installed.pipeline.emit("outer", 20, "outer", {"it": Logs()})
    assert installed.lines.events == ["outer"]
    assert installed.last.fields == {"it": "Logs()"}
    assert installed.ledger.snapshot()["logs"] == {
        "accepted": 1,
        "exported": 0,
        "dropped": {"logged_while_logging": 1},
        "sampled_out": 0,
        "spooled": 0,
        "queued": 0,
    }


def test_another_thread_logs_while_this_one_does() -> None:
    installed = Installed()

    class LogsElsewhere:
        def __repr__(self) -> str:
            emit = lambda: installed.pipeline.emit("other", 20, "other", {})
            thread = threading.Thread(target=emit)
            thread.start()
            thread.join()
            return ""

    installed.pipeline.emit("one", 20, "one", {"it": LogsElsewhere()})
    assert installed.lines.events == ["other", "one"]


class Broken:
    def write(self, record: Record) -> None:
        raise OSError("disk full")


def test_a_sink_that_raises_costs_no_other_sink_its_record_and_is_counted() -> None:
    lines, ledger = Lines(), Ledger()
    emitting(Broken(), lines, ledger=ledger).emit("shop", 20, "x", {})
    assert lines.events == ["x"]
    assert ledger.snapshot()["logs"] == {
        "accepted": 1,
        "exported": 0,
        "dropped": {"broken_OSError": 1},
        "sampled_out": 0,
        "spooled": 0,
        "queued": 0,
    }


def test_a_line_that_cannot_be_made_is_counted() -> None:
    ledger = Ledger()
    emitting(ledger=ledger).emit("shop", 20, "x", None)  # type: ignore[arg-type]
    assert ledger.snapshot()["logs"]["dropped"] == {"not_representable": 1}


def test_after_a_line_that_failed_the_next_is_taken() -> None:
    lines, ledger = Lines(), Ledger()
    pipeline = emitting(lines, ledger=ledger)
    pipeline.emit("shop", 20, "x", None)  # type: ignore[arg-type]
    pipeline.emit("shop", 20, "y", {})
    assert lines.events == ["y"]


def test_a_line_that_could_not_be_read_is_counted() -> None:
    installed = Installed()
    installed.pipeline.refuse("record_not_readable")
    assert installed.dropped() == {"record_not_readable": 1}


def test_a_request_remembers_its_last_fifty_lines() -> None:
    installed = Installed()
    with context.entered(Scope("r")) as scope:
        for number in range(60):
            installed.pipeline.emit("shop", 30, f"line {number}", {"n": number}, timestamp=5.0)
    assert len(scope.lines) == 50
    last = scope.lines[-1]
    assert (last.timestamp, last.level_name, last.logger) == (5.0, "warning", "shop")
    assert (last.event, last.fields) == ("line 59", {"n": 59})
    assert scope.lines[0].event == "line 10"


def test_exceptions_of_errors_are_told_with_the_logger() -> None:
    told: list[tuple[BaseException, str]] = []
    installed = Installed(on_exception=lambda error, logger: told.append((error, logger)))
    error = ValueError()
    installed.pipeline.emit("shop", 40, "x", {}, error)
    installed.pipeline.emit("shop", 30, "a warning only", {}, error)
    installed.pipeline.emit("export", 40, "of the export path", {}, error, to_backend=False)
    installed.pipeline.emit("shop", 40, "no exception", {})
    assert told == [(error, "shop")]


def test_what_is_told_of_an_exception_may_log() -> None:
    installed = Installed(
        on_exception=lambda *_: installed.pipeline.emit("sentry", 20, "captured", {})
    )
    installed.pipeline.emit("shop", 40, "failed", {}, ValueError())
    assert installed.lines.events == ["failed", "captured"]


def test_an_exception_that_was_logged_is_marked_so() -> None:
    installed = Installed()
    error = ValueError()
    installed.pipeline.emit("shop", 10, "x", {}, error)
    assert not failure.claim(error, "log", None)


def test_a_hostile_exception_is_told_too() -> None:
    installed = Installed()
    installed.pipeline.emit("shop", 40, "x", {}, HostileError("y"))
    assert installed.last.failure is not None
    assert installed.last.failure.type == "tests.monsters.HostileError"
    assert installed.dropped() == {}
