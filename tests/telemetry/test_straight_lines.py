"""Log lines that go to our own way out without a detour through the SDK's records."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags
from tests.config.receiver import Receiver

from obskit.config import Config, Otlp
from obskit.export import otlp
from obskit.export.processors import Logs
from obskit.ledger import Ledger
from obskit.telemetry import logs
from obskit.telemetry.failure import Failure
from obskit.telemetry.logs import OtlpLogs
from obskit.telemetry.pipeline import Record


@pytest.mark.parametrize("level", [10, 20, 30, 40, 50])
@pytest.mark.parametrize("inside", [True, False])
def test_a_line_is_the_same_whether_it_goes_straight_or_through_the_sdk(
    level: int, inside: bool
) -> None:
    """Straight where our way out is the provider's only one; the host's own gets the SDK's record."""
    sent: list[bytes] = []
    for straight in (True, False):
        with Receiver() as receiver:
            config = Config(logs=Otlp(endpoint=f"{receiver.url}/v1/logs"))
            direct = otlp.build(config, Ledger()).logs
            assert isinstance(direct, Logs)
            provider = logs.build(config, Resource({"service.name": "shop"}))
            provider.add_log_record_processor(direct)
            sink = OtlpLogs(provider, direct if straight else None)
            span = NonRecordingSpan(SpanContext(7, 9, is_remote=False, trace_flags=TraceFlags(1)))
            token = otel_context.attach(trace.set_span_in_context(span)) if inside else None
            sink.write(line(level, inside=inside))
            if token is not None:
                otel_context.detach(token)
            provider.shutdown()
            (request,) = receiver.requests
            sent.append(request.body)
    assert sent[0] == sent[1]


def line(level: int, *, inside: bool) -> Record:
    fields: dict[str, Any] = {
        "order_id": 7,
        "total": 12.5,
        "paid": True,
        "none": None,
        "": "nameless",
        "lines": [1, "two", None, {"three": 3}],
        "address": {"street": "Überweg", "number": -1},
        "note": "x" * 5_000,
    }
    return Record(
        1_767_225_600.25,
        level,
        "shop.orders",
        "order.placed",
        fields,
        "request-1" if inside else None,
        f"{7:032x}" if inside else None,
        f"{9:016x}" if inside else None,
        Failure("ValueError", "no", "ValueError: no\n") if level == 40 else None,
        "exception" if level == 40 else None,
        True,
        True,
        inside,
    )


def test_a_processor_of_the_host_sees_every_line() -> None:
    with Receiver() as receiver:
        config = Config(logs=Otlp(endpoint=f"{receiver.url}/v1/logs"))
        direct = otlp.build(config, Ledger()).logs
        assert isinstance(direct, Logs)
        provider = logs.build(config, Resource({}))
        provider.add_log_record_processor(direct)
        sink = OtlpLogs(provider, direct)
        own = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
        sink.write(line(20, inside=False))
        provider.add_log_record_processor(SimpleLogRecordProcessor(own))
        sink.write(line(20, inside=False))
        provider.shutdown()
        assert len(own.get_finished_logs()) == 1
        assert len(receiver.record_batches()[0]) == 2


@pytest.mark.parametrize(
    ("options", "usual"),
    [
        ({}, True),
        ({"attribute_count_limit": 127}, False),
        ({"log_attribute_count_limit": 127}, False),
        ({"attribute_length_limit": 5_000}, False),
        ({"log_attribute_length_limit": 5_000}, False),
        ({"attribute_count_limit": 1_000}, True),
    ],
)
def test_lines_go_straight_only_where_no_limit_would_cut_them(
    options: dict[str, Any], usual: bool
) -> None:
    assert logs.has_usual_limits(Config(**options)) is usual
