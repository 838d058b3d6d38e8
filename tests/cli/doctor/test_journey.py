"""What is sent, where it is read back, and which hop is said to have lost it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.cli.doctor.conftest import Doctor
from tests.cli.host import Host
from tests.faults import faulty, hang, refusing, status
from tests.faulty import Behaviour, Faulty, Peer, Request


def lines(output: str) -> list[str]:
    shown = re.sub(r"\d+\.\d\d s\b", "T", output)
    return [line.removeprefix("OK      journey       ") for line in shown.splitlines()]


def by_path(answers: Mapping[str, object]) -> Behaviour:
    """A server that answers JSON by how a path begins, and else takes what comes."""

    def behave(peer: Peer) -> bool:
        path = peer.take().path
        found = next((body for start, body in answers.items() if path.startswith(start)), None)
        peer.answer(200, body=b"" if found is None else json.dumps(found).encode())
        return True

    return behave


def only(server: Faulty, path: str) -> Request:
    (request,) = [one for one in server.requests if one.path == path]
    return request


def base(server: Faulty) -> str:
    return f"http://127.0.0.1:{server.port}"


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


def test_a_store_that_refuses_is_told_with_what_to_do(app: Host, doctor: Doctor) -> None:
    with faulty() as receiver, faulty(status(401)) as jaeger:
        found = doctor(
            "journey",
            "--jaeger",
            base(jaeger),
            "--timeout",
            "3s",
            OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=receiver.url,
        )
    assert (
        "Jaeger did not have it T later: answered 401: its login is wrong" in lines(found.output)[0]
    )
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
    with faulty(answer) as server:
        found = doctor("journey", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=server.url)
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


def of_errors(doctor: Doctor, server: Faulty, *options: str) -> tuple[list[str], int]:
    found = doctor("journey", *options, SENTRY_DSN=f"http://0123abcd@127.0.0.1:{server.port}/7")
    assert found.stderr == ""
    return lines(found.stdout), found.exit_code


def test_an_error_is_taken_where_the_envelope_is(app: Host, doctor: Doctor) -> None:
    pytest.importorskip("sentry_sdk")
    with faulty() as server:
        told, code = of_errors(doctor, server)
        envelope = only(server, "/api/7/envelope/").body
    assert told == [
        "error: its receiver took it after T; it is not read back: --sentry names no Sentry"
    ]
    assert code == 0
    event = json.loads(envelope.splitlines()[2])
    (exception,) = event["exception"]["values"]
    assert exception["type"] == "DoctorError"
    assert exception["value"].startswith("nothing is wrong: obskit doctor sent this (")
    assert len(event["contexts"]["trace"]["trace_id"]) == 32


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (400, "the DSN is none of that server's: take it from the project's settings"),
        (401, "the DSN's key is wrong, or was revoked: take the DSN from the project's settings"),
        (403, "the DSN's key or project is wrong, or an inbound filter is"),
        (404, "there is no such project"),
        (413, "it, or a proxy before it, takes smaller events only"),
        (429, "its quota is used up, or its rate limit reached"),
        (500, "see the log of the server behind the DSN"),
    ],
)
def test_what_the_envelope_is_answered_is_told(
    app: Host, doctor: Doctor, number: int, remedy: str
) -> None:
    pytest.importorskip("sentry_sdk")
    with faulty(status(number)) as server:
        told, code = of_errors(doctor, server)
    assert told[0].startswith(
        f"FAILED  journey       error: its receiver answered {number}: {remedy}"
    )
    assert code == 1


def test_an_error_that_gets_no_answer_is_told(app: Host, doctor: Doctor) -> None:
    pytest.importorskip("sentry_sdk")
    with faulty(hang) as server:
        told, code = of_errors(doctor, server, "--timeout", "8s")
    assert told[0].startswith(
        "FAILED  journey       error: it was not sent: no answer came in time"
    )
    assert code == 1


def test_an_error_that_an_option_keeps_back_is_told(app: Host, doctor: Doctor) -> None:
    pytest.importorskip("sentry_sdk")
    (app.folder / "obskit.toml").write_text("[sentry]\nsample_rate = 0.0\n")
    with faulty() as server:
        told, code = of_errors(doctor, server)
    assert told == [
        (
            "FAILED  journey       error: it was not sent: an option of sentry-sdk keeps it back: see"
            " sample_rate, before_send and ignore_errors"
        )
    ]
    assert code == 1


def test_an_error_is_read_back_from_sentry_by_its_id(app: Host, doctor: Doctor) -> None:
    pytest.importorskip("sentry_sdk")
    token = app.folder / "token"
    token.write_text("sntrys_0123\n")
    with faulty() as server:
        asked = ("--sentry", base(server), "--sentry-org", "acme", "--sentry-token", str(token))
        told, code = of_errors(doctor, server, *asked)
        event = json.loads(only(server, "/api/7/envelope/").body.splitlines()[2])
        (request,) = [one for one in server.requests if one.method == "GET"]
    assert request.path == f"/api/0/organizations/acme/eventids/{event['event_id']}/"
    assert request.headers["authorization"] == "Bearer sntrys_0123"
    assert told == ["error: its receiver took it after T, Sentry had it T later"]
    assert code == 0


def test_what_is_no_bugsink_is_asked_for_the_organization(app: Host, doctor: Doctor) -> None:
    pytest.importorskip("sentry_sdk")
    with faulty() as server, faulty(status(404)) as sentry:
        told, code = of_errors(doctor, server, "--sentry", base(sentry), "--timeout", "5s")
    assert told == [
        (
            "FAILED  journey       error: its receiver took it after T: Sentry did not have it T later:"
            " answered 404: is it a Bugsink? For Sentry give the organization: --sentry-org SLUG"
        )
    ]
    assert code == 1
