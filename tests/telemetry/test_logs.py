"""Log records over OTLP."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from time import monotonic, sleep
from typing import Any

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
from opentelemetry.sdk._logs.export import (
    BatchLogRecordProcessor,
    InMemoryLogRecordExporter,
    LogRecordExporter,
    LogRecordExportResult,
    SimpleLogRecordProcessor,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import NonRecordingSpan, SpanContext
from tests.monsters import MONSTERS

from obskit import context
from obskit.config import load
from obskit.context import Scope
from obskit.ledger import Ledger
from obskit.telemetry import loggers, logs, stdlib
from obskit.telemetry.logs import OtlpLogs
from obskit.telemetry.pipeline import Pipeline


class Sent:
    """A pipeline that hands its records to the SDK's own in-memory exporter."""

    def __init__(self, **variables: str) -> None:
        self.provider = logs.build(load(environ=variables), Resource({"service.name": "shop"}))
        self._memory = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
        self.provider.add_log_record_processor(SimpleLogRecordProcessor(self._memory))
        self.ledger = Ledger()
        self.pipeline = Pipeline([OtlpLogs(self.provider)], self.ledger)

    @property
    def records(self) -> Sequence[ReadableLogRecord]:
        return self._memory.get_finished_logs()

    @property
    def last(self) -> Any:
        return self.records[-1].log_record


def test_a_record_leaves_with_everything_that_a_line_has() -> None:
    sent = Sent()
    span = NonRecordingSpan(SpanContext(0xABC, 0xDEF, is_remote=False))
    token = otel_context.attach(trace.set_span_in_context(span))
    with context.entered(Scope("request-1")):
        context.bind(plan="free")
        sent.pipeline.emit(
            "shop.orders", 30, "placed", {"order_id": 7, "none": None, "": 1}, timestamp=5.5
        )
    otel_context.detach(token)
    record = sent.last
    assert record.body == "placed"
    assert (record.timestamp, record.observed_timestamp) == (5_500_000_000, 5_500_000_000)
    assert (record.severity_number, record.severity_text) == (SeverityNumber.WARN, "WARN")
    assert (record.trace_id, record.span_id) == (0xABC, 0xDEF)
    assert dict(record.attributes) == {
        "plan": "free",
        "order_id": 7,
        "obskit.request.id": "request-1",
    }
    assert record.event_name is None
    readable = sent.records[0]
    assert readable.resource.attributes["service.name"] == "shop"
    assert readable.instrumentation_scope is not None
    assert readable.instrumentation_scope.name == "shop.orders"


def test_an_exception_has_its_standard_names() -> None:
    sent = Sent()
    sent.pipeline.emit("shop", 40, "failed", {}, KeyError("row"))
    assert sent.last.event_name == "exception"
    assert dict(sent.last.attributes) == {
        "exception.type": "KeyError",
        "exception.message": "'row'",
        "exception.stacktrace": "KeyError: 'row'\n",
    }


@pytest.mark.parametrize(
    ("level", "number", "text"),
    [
        (10, SeverityNumber.DEBUG, "DEBUG"),
        (20, SeverityNumber.INFO, "INFO"),
        (30, SeverityNumber.WARN, "WARN"),
        (40, SeverityNumber.ERROR, "ERROR"),
        (50, SeverityNumber.FATAL, "FATAL"),
    ],
)
def test_a_level_is_a_severity(level: int, number: SeverityNumber, text: str) -> None:
    sent = Sent()
    sent.pipeline.emit("shop", level, "x", {})
    assert (sent.last.severity_number, sent.last.severity_text) == (number, text)


def test_nested_values_leave_as_what_they_are() -> None:
    sent = Sent()
    sent.pipeline.emit("shop", 20, "x", {"a": {"b": [1, None, {"c": True}]}, "big": 2**70})
    assert dict(sent.last.attributes) == {
        "a": {"b": (1, None, {"c": True})},
        "big": str(2**70),
    }


@pytest.mark.parametrize("name", MONSTERS)
def test_whatever_is_logged_can_be_encoded(name: str) -> None:
    sent = Sent()
    make: Any = MONSTERS[name]
    error = ValueError(make())
    sent.pipeline.emit(make(), 40, make(), {"field": make(), "list": [make()]}, error)
    assert encode_logs(list(sent.records)).SerializeToString()
    assert sent.ledger.snapshot()["logs"]["dropped"] == {}


def test_lines_of_the_export_path_stay() -> None:
    sent = Sent()
    sent.pipeline.emit("opentelemetry.sdk", 40, "x", {}, to_backend=False)
    assert sent.records == ()


def test_loggers_without_end_do_not_grow_without_end() -> None:
    sent = Sent()
    for number in range(1_002):
        sent.pipeline.emit(f"user-{number}", 20, "x", {})
    sent.pipeline.emit("user-0", 20, "x", {})
    names = [each.instrumentation_scope.name for each in sent.records if each.instrumentation_scope]
    assert names[999:] == ["user-999", "obskit", "obskit", "user-0"]


def test_the_providers_limits_are_those_of_the_configuration() -> None:
    sent = Sent(
        OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT="2", OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT="3"
    )
    with pytest.warns(UserWarning, match="dropped"):
        sent.pipeline.emit("shop", 20, "x", {"a": "12345", "b": "12345", "c": "12345"})
    assert dict(sent.last.attributes) == {"b": "123", "c": "123"}
    general = Sent(OTEL_ATTRIBUTE_COUNT_LIMIT="9", OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT="4")
    general.pipeline.emit("shop", 20, "x", {"a": "12345"})
    assert dict(general.last.attributes) == {"a": "1234"}


class Failing(LogRecordExporter):
    """An exporter that logs all that it does, and raises."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        self.batches.append(len(batch))
        logging.getLogger("urllib3.connectionpool").debug("POST /v1/logs")
        logging.getLogger("some.exporter").error("refused")
        raise ConnectionRefusedError

    def shutdown(self) -> None:
        """Nothing is open."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return True


def wait_until(done: Callable[[], bool]) -> None:
    end = monotonic() + 20
    while not done() and monotonic() < end:
        sleep(0.01)
    assert done()


def test_an_exporter_that_raises_and_logs_does_not_feed_on_itself() -> None:
    logging.getLogger().handlers.clear()
    exporter = Failing()
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter, schedule_delay_millis=10))
    shown: list[str] = []

    class Shown:
        def write(self, record: Any) -> None:
            shown.append(record.event)

    loggers.install(Pipeline([Shown(), OtlpLogs(provider)], Ledger()))
    stdlib.listen("DEBUG", {})
    logging.getLogger("host").debug("the only line")
    wait_until(lambda: "Exception while exporting Log." in shown)
    assert provider.force_flush()
    provider.shutdown()
    assert exporter.batches == [1]
    assert "refused" in shown
