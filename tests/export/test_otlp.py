"""The way out: what leaves is redacted, and every record is counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Link, SpanContext
from tests.config.receiver import Receiver, attributes

from obskit.config import Config, Otlp
from obskit.export import otlp
from obskit.export.spool import Spool
from obskit.ledger import Ledger

SECRETS = {"api_key": "hunter2", "plan": "free"}
MASKED = {"api_key": "[redacted]", "plan": "free"}
_HOUR = 3_600_000


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Where everything is sent."""
    with Receiver() as receiver:
        yield receiver


def config(receiver: Receiver, *signals: str, **options: Any) -> Config:
    """One that sends some signals, and nothing before it is told to."""
    ways: dict[str, Any] = {name: Otlp(endpoint=f"{receiver.url}/v1/{name}") for name in signals}
    return Config(
        span_schedule_delay_ms=_HOUR,
        log_schedule_delay_ms=_HOUR,
        metric_export_interval_ms=_HOUR,
        **ways,
        **options,
    )


def test_sensitive_attributes_of_spans_events_and_links_are_masked(receiver: Receiver) -> None:
    """The span keeps everything else; one without secrets leaves as it is."""
    provider = TracerProvider(shutdown_on_exit=False)
    processor = otlp.build(config(receiver, "traces"), Ledger()).traces
    assert processor is not None
    provider.add_span_processor(processor)
    tracer = provider.get_tracer("t", "7")
    with tracer.start_as_current_span("plain", attributes={"plan": "free"}) as plain:
        plain.add_event("tried", {"attempt": 1})
    link = Link(SpanContext(7, 9, is_remote=True), SECRETS)
    with tracer.start_as_current_span("secret", attributes=SECRETS, links=[link]) as span:
        span.add_event("tried", SECRETS, timestamp=5)
    provider.shutdown()
    found = receiver.spans()["secret"]
    holders = (found, found.events[0], found.links[0])
    assert [attributes(holder.attributes) for holder in holders] == [MASKED] * 3
    assert (found.events[0].name, found.events[0].time_unix_nano) == ("tried", 5)
    assert found.links[0].span_id == (9).to_bytes(8, "big")
    assert found.trace_id == span.get_span_context().trace_id.to_bytes(16, "big")
    assert (found.kind, found.end_time_unix_nano > found.start_time_unix_nano) == (1, True)
    assert attributes(receiver.spans()["plain"].attributes) == {"plan": "free"}


@pytest.mark.parametrize("where", ["event", "link"])
def test_one_secret_anywhere_in_a_span_is_enough(where: str, receiver: Receiver) -> None:
    """The span's own attributes need not hold one."""
    provider = TracerProvider(shutdown_on_exit=False)
    processor = otlp.build(config(receiver, "traces"), Ledger()).traces
    assert processor is not None
    provider.add_span_processor(processor)
    links = [Link(SpanContext(7, 9, is_remote=True), SECRETS)] if where == "link" else []
    with provider.get_tracer("t").start_as_current_span("work", links=links) as span:
        if where == "event":
            span.add_event("tried", SECRETS)
    provider.shutdown()
    (request,) = receiver.requests
    assert b"hunter2" not in request.body
    assert b"free" in request.body


def test_sensitive_attributes_of_log_records_are_masked(receiver: Receiver) -> None:
    """As they are taken in."""
    provider = LoggerProvider(shutdown_on_exit=False)
    processor = otlp.build(config(receiver, "logs"), Ledger()).logs
    assert processor is not None
    provider.add_log_record_processor(processor)
    logger = provider.get_logger("t")
    logger.emit(timestamp=1, body="secret", attributes=SECRETS)
    logger.emit(timestamp=2, body="plain", attributes={"plan": "free"})
    logger.emit(timestamp=3, body="bare")
    assert provider.force_flush()
    provider.shutdown()
    found = {name: attributes(record.attributes) for name, record in receiver.records().items()}
    assert found == {"secret": MASKED, "plain": {"plan": "free"}, "bare": {}}


def test_what_is_not_sampled_is_not_accepted(receiver: Receiver) -> None:
    """The account holds what was taken in, and what became of it."""
    ledger = Ledger()
    processor = otlp.build(config(receiver, "traces"), ledger).traces
    assert processor is not None
    off = TracerProvider(sampler=_record_only(), shutdown_on_exit=False)
    off.add_span_processor(processor)
    with off.get_tracer("t").start_as_current_span("unsampled"):
        pass
    on = TracerProvider(shutdown_on_exit=False)
    on.add_span_processor(processor)
    with on.get_tracer("t").start_as_current_span("sampled"):
        pass
    assert _account(ledger, "traces") == (1, 0, {}, 1)
    on.shutdown()
    with on.get_tracer("t").start_as_current_span("late"):
        pass
    assert _account(ledger, "traces") == (2, 1, {"shut_down": 1}, 0)
    assert list(receiver.spans()) == ["sampled"]


def _record_only() -> Any:
    from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult

    class RecordOnly(Sampler):
        def should_sample(self, *_args: Any, **_kwargs: Any) -> SamplingResult:
            return SamplingResult(Decision.RECORD_ONLY)

        def get_description(self) -> str:
            return "RecordOnly"

    return RecordOnly()


def _account(ledger: Ledger, signal: str) -> tuple[Any, ...]:
    found = ledger.snapshot()[signal]
    return found["accepted"], found["exported"], found["dropped"], found["queued"]


def test_data_points_are_counted_when_they_leave(receiver: Receiver) -> None:
    """Each collection is one account: three points, and three of value 0 before the first."""
    ledger = Ledger()
    reader = otlp.build(config(receiver, "metrics"), ledger).metrics
    assert reader is not None
    provider = MeterProvider([reader], shutdown_on_exit=False)
    counter = provider.get_meter("t").create_counter("orders")
    for plan in ("free", "paid", "gift"):
        counter.add(1, {"plan": plan})
    assert provider.force_flush()
    assert _account(ledger, "metrics") == (6, 6, {}, 0)
    provider.shutdown()
    # Three values more, and three that say that their series end.
    assert _account(ledger, "metrics") == (12, 12, {}, 0)


def test_a_signal_that_stays_has_no_way_out(receiver: Receiver) -> None:
    """Nor a thread."""
    export = otlp.build(config(receiver, "traces", traces_exporter="none"), Ledger())
    assert (export.traces, export.metrics, export.logs) == (None, None, None)


def test_where_there_is_no_status_page_nothing_is_kept(receiver: Receiver) -> None:
    assert otlp.build(config(receiver, "traces"), Ledger()).ring is None


def test_without_a_receiver_spans_and_lines_are_kept_and_metrics_are_not() -> None:
    built = otlp.build(Config(console=True), Ledger())
    assert (built.traces is None, built.metrics is None, built.logs is None) == (False, True, False)
    assert built.ring is not None
    assert otlp.build(Config(console=True, sdk_disabled=True), Ledger())[:3] == (None, None, None)


def test_that_what_leaves_cannot_be_kept_is_told_once(
    receiver: Receiver, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = Ledger()
    built = otlp.build(config(receiver, "traces", console=True), ledger)
    assert built.ring is not None
    (tmp_path / "standing").write_text("")
    built.ring.begin(lambda: tmp_path / "standing" / "i-1")
    provider = TracerProvider(shutdown_on_exit=False)
    assert built.traces is not None
    provider.add_span_processor(built.traces)
    for _ in range(2):
        provider.get_tracer("t").start_span("work").end()
        provider.force_flush()
    (told,) = [record.getMessage() for record in caplog.records]
    assert told.startswith("traces are not kept for the status page: ")
    assert ledger.snapshot()["traces"]["exported"] == 2
    provider.shutdown()


def test_what_goes_to_no_receiver_and_cannot_be_kept_is_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = Ledger()
    built = otlp.build(Config(console=True), ledger)
    assert built.ring is not None
    (tmp_path / "standing").write_text("")
    built.ring.begin(lambda: tmp_path / "standing" / "i-1")
    provider = TracerProvider(shutdown_on_exit=False)
    assert built.traces is not None
    provider.add_span_processor(built.traces)
    provider.get_tracer("t").start_span("work").end()
    provider.shutdown()
    assert ledger.snapshot()["traces"]["dropped"] == {"not_kept": 1}
    (told,) = [record.getMessage() for record in caplog.records]
    assert told.startswith("the folder of the status page refuses traces: ")


def test_what_waits_on_disk_is_left_for_a_receiver(receiver: Receiver, tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.put("traces", b"waits", 1)
    built = otlp.build(Config(console=True, spool_dir=str(tmp_path)), Ledger())
    assert built.worker is not None
    assert [type(task).__name__ for task in built.worker._tasks] == ["Sender", "Sender"]
