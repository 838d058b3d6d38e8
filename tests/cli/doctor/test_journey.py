"""What is sent, where it is read back, and which hop is said to have lost it."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.cli.doctor.conftest import Doctor, base, by_path
from tests.cli.doctor.followed import lines, only
from tests.cli.host import Host
from tests.faults import faulty, refusing, status
from tests.faulty import Behaviour


def test_one_of_each_is_sent_under_one_trace_and_one_mark(app: Host, doctor: Doctor) -> None:
    with faulty() as server:
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": server.url, "OTEL_SERVICE_NAME": "shop"}
        found = doctor("journey", **environ)
        spans = ExportTraceServiceRequest.FromString(only(server, "/v1/traces").body)
        written = ExportLogsServiceRequest.FromString(only(server, "/v1/logs").body)
        first, last = [one.body for one in server.requests if one.path == "/v1/metrics"]
    (of_traces,) = spans.resource_spans
    of_resource = {one.key: one.value.string_value for one in of_traces.resource.attributes}
    (span,) = of_traces.scope_spans[0].spans
    (line,) = written.resource_logs[0].scope_logs[0].log_records
    assert of_resource["service.name"] == "shop"
    assert (span.name, line.body.string_value) == ("obskit doctor", "obskit doctor")
    assert line.trace_id == span.trace_id
    (metric,) = (
        ExportMetricsServiceRequest.FromString(first).resource_metrics[0].scope_metrics[0].metrics
    )
    (point,) = metric.gauge.data_points
    marks = {one.key: one.value.string_value for one in point.attributes}
    assert metric.name == "obskit.check.duration"
    assert marks["obskit.drill"] == line.attributes[0].value.string_value
    assert of_resource["service.instance.id"] == f"doctor-{marks['obskit.drill']}"
    # The series ends with the doctor: no recorded value.
    ended = (
        ExportMetricsServiceRequest.FromString(last).resource_metrics[0].scope_metrics[0].metrics
    )
    assert [point.flags for one in ended for point in one.gauge.data_points][-1] == 1
    assert lines(found.output) == [
        "span: its receiver took it after T; it is not read back: --jaeger names no Jaeger",
        "point: its receiver took it after T; it is not read back: --prometheus names no Prometheus",
        "line: its receiver took it after T; it is not read back: --loki names no Loki",
    ]
    assert found.exit_code == 0


def test_one_of_each_is_sent_over_grpc_where_the_service_does(app: Host, doctor: Doctor) -> None:
    pytest.importorskip("grpc")
    from tests.config.grpc_receiver import receiving

    with receiving() as receiver:
        found = doctor(
            "journey",
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://localhost:{receiver.port}",
            OTEL_EXPORTER_OTLP_PROTOCOL="grpc",
        )
        assert sorted(receiver.calls) == ["Logs", "Metrics", "Trace"]
    assert found.output.count("its receiver took it after ") == 3
    assert found.exit_code == 0


def test_a_span_leaves_whatever_the_sampler_says(app: Host, doctor: Doctor) -> None:
    with faulty() as server:
        doctor(
            "journey",
            OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=server.url,
            OTEL_TRACES_SAMPLER="always_off",
        )
        only(server, "/v1/traces")


def test_each_is_read_back_where_it_is_kept(app: Host, doctor: Doctor) -> None:
    there = {
        "/api/traces/": {"data": [{}]},
        "/api/v1/query": {"data": {"result": [{}]}},
        "/loki/api/v1/query_range": {"data": {"result": [{}]}},
    }
    with faulty(by_path(there)) as server:
        options = [
            word
            for name in ("jaeger", "prometheus", "loki")
            for word in (f"--{name}", base(server))
        ]
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": server.url, "OTEL_SERVICE_NAME": 'a "shop"'}
        found = doctor("journey", *options, **environ)
        trace = ExportTraceServiceRequest.FromString(only(server, "/v1/traces").body)
        trace_id = trace.resource_spans[0].scope_spans[0].spans[0].trace_id.hex()
        only(server, f"/api/traces/{trace_id}")
        asked = [urlsplit(one.path) for one in server.requests if one.method == "GET"]
    queries = {one.path: parse_qs(one.query).get("query", [""])[0] for one in asked}
    assert queries["/loki/api/v1/query_range"] == (
        f'{{service_name="a \\"shop\\""}} | trace_id="{trace_id}"'
    )
    assert re.fullmatch(
        r'obskit_check_duration_seconds\{obskit_drill="[0-9a-f]{16}"\}', queries["/api/v1/query"]
    )
    assert lines(found.output) == [
        "span: its receiver took it after T, Jaeger had it T later",
        "point: its receiver took it after T, Prometheus had it T later",
        "line: its receiver took it after T, Loki had it T later",
    ]
    assert found.exit_code == 0


def test_what_comes_late_is_waited_for(app: Host, doctor: Doctor) -> None:
    with (
        faulty() as receiver,
        faulty(status(404), status(404), by_path({"/": {"data": [{}]}})) as jaeger,
    ):
        found = doctor(
            "journey", "--jaeger", base(jaeger), OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=receiver.url
        )
        assert len(jaeger.requests) == 3
    assert lines(found.output) == ["span: its receiver took it after T, Jaeger had it T later"]


def test_what_the_collector_took_and_the_store_has_not_was_lost_between_them(
    app: Host, doctor: Doctor
) -> None:
    with faulty() as receiver, faulty(by_path({"/": {"data": {"result": []}}})) as loki:
        found = doctor(
            "journey",
            "--loki",
            base(loki),
            "--timeout",
            "3s",
            OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=f"{base(receiver)}/v1/logs",
        )
    (told,) = lines(found.output)
    assert told == (
        "FAILED  journey       line: its receiver took it after T: Loki did not have it T later:"
        " the collector's log and its otelcol_exporter_send_failed_log_records; is service_name a label"
        " there, and this the right tenant?"
    )
    assert found.exit_code == 1


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(401, "its login is wrong"), (403, "it lets us read nothing: the rights of that login")],
)
def test_a_store_that_refuses_is_told_with_what_to_do(
    app: Host, doctor: Doctor, number: int, remedy: str
) -> None:
    with faulty() as receiver, faulty(status(number)) as jaeger:
        found = doctor(
            "journey", "--jaeger", base(jaeger), OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=receiver.url
        )
        assert len(jaeger.requests) == 1  # it would answer the same again
    assert f"Jaeger did not have it T later: answered {number}: {remedy}" in lines(found.output)[0]
    assert found.exit_code == 1


def test_a_store_that_is_away_is_told_with_what_to_do(app: Host, doctor: Doctor) -> None:
    with faulty() as receiver, refusing() as jaeger:
        given = ("--jaeger", jaeger, "--timeout", "3s")
        found = doctor("journey", *given, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=receiver.url)
    assert re.search(
        r"Jaeger did not have it T later: tcp failed after \d+ ms: Connection refused: does it run",
        lines(found.output)[0],
    )
    assert found.exit_code == 1


def test_without_time_to_ask_no_store_is_blamed(app: Host, doctor: Doctor) -> None:
    with faulty() as receiver, faulty() as jaeger:
        given = ("--jaeger", base(jaeger), "--timeout", "1500ms")
        found = doctor("journey", *given, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=receiver.url)
        assert jaeger.requests == []
    told = "span: its receiver took it after T: no time was left to ask Jaeger: give it more by --timeout"
    assert lines(found.output)[0] == f"FAILED  journey       {told}"
    assert found.exit_code == 1


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (status(401), "its receiver did not take it: http_401"),
        (status(413), "its receiver did not take it: http_413"),
        (
            status(200, body=b'{"partialSuccess": {"rejectedSpans": "1"}}'),
            "its receiver did not take it: rejected",
        ),
        (status(503), "its receiver did not answer"),
    ],
)
def test_what_the_receiver_does_not_take_is_lost_there(
    app: Host, doctor: Doctor, answer: Behaviour, why: str
) -> None:
    with faulty(answer) as server, faulty() as jaeger:
        given = ("--jaeger", base(jaeger))
        found = doctor("journey", *given, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=server.url)
        assert jaeger.connections == 0  # it cannot have it
    assert lines(found.output) == [
        f"FAILED  journey       span: {why}: obskit doctor endpoints says how far it is reached"
    ]
    assert found.exit_code == 1


def test_what_cannot_be_sent_is_not_kept_on_disk(app: Host, doctor: Doctor) -> None:
    spool = app.folder / "spool"
    with refusing() as url:
        found = doctor(
            "journey",
            OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{url}/v1/traces",
            OBSKIT_SPOOL_DIR=str(spool),
        )
    assert (found.exit_code, spool.exists(), found.stderr) == (1, False, "")


def test_without_a_receiver_nothing_is_sent(app: Host, doctor: Doctor) -> None:
    found = doctor("journey", OTEL_TRACES_EXPORTER="console")
    assert lines(found.output) == ["nothing is sent: there is neither an endpoint nor a DSN"]
    assert found.exit_code == 0
