"""A span's way, from a real pipeline over a real socket to a page that says what has come."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.trace import INVALID_SPAN_CONTEXT as NOBODYS
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags
from tests.checks.bench import Bench
from tests.checks.library.site import Answer, Site, send
from tests.faults import faulty, refusing
from tests.faulty import Faulty, Peer
from tests.running import running

from obskit.checks.judge import above
from obskit.checks.library.arrival import Arrival
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult, Status

# Longer than a batch takes to leave.
PATIENCE = 3.0


def spans_of(store: Faulty) -> list[Span]:
    """All that has come."""
    requests = [ExportTraceServiceRequest.FromString(body) for body in store.bodies]
    return [
        span
        for request in requests
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


class Everywhere(dict[str, Answer]):
    """One answer, whatever the path."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def get(self, _path: str, _default: object = None) -> Answer:
        return self._answer


def showing(store: Faulty) -> Answer:
    """Answers of a trace as Jaeger's API does, by what has come."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        asked = request.path.rpartition("/")[2]
        found = [span.span_id.hex() for span in spans_of(store) if span.trace_id.hex() == asked]
        if not found:
            send(request, 404, b'{"errors":[{"code":404,"msg":"trace not found"}]}')
            return
        send(request, 200, f'{{"data":[{{"spans":[{{"spanID":"{found[0]}"}}]}}]}}'.encode())

    return answer


@contextmanager
def page(answer: Answer) -> Iterator[Site]:
    with Site() as made:
        made.answers = Everywhere(answer)
        yield made


@contextmanager
def sending(folder: Path, to: str, **more: object) -> Iterator[None]:
    """A process whose spans leave soon."""
    given = {
        "otlp.endpoint": to,
        "run_dir": str(folder),
        "spool_max_bytes": 0,
        "span_schedule_delay_ms": 50,
        "disabled_instrumentations": ["*"],
        **more,
    }
    with running(**given):
        yield


def critical(returned: object) -> CheckResult:
    assert isinstance(returned, CheckResult), returned
    assert returned.status is Status.CRITICAL
    return returned


def unread(returned: object) -> list[str]:
    """What a critical result says of each hop."""
    result = critical(returned)
    hops = [str(one) for one in result.evidence]
    assert result.message.endswith(f" after it was sent: {'; '.join(hops)}")
    return hops


def test_it_measures_how_long_a_span_takes(tmp_path: Path) -> None:
    with faulty() as store, page(showing(store)) as jaeger, sending(tmp_path, base(store)):
        found = Arrival(jaeger.url)()
        assert isinstance(found, Measurement), found
        assert (found.unit, found.message) == ("s", "it can be read")
        assert isinstance(found.value, float)
        assert found.value > 0
        (span,) = spans_of(store)
        assert found.details == {"trace_id": span.trace_id.hex()}
        assert span.name == "obskit arrival"
        # What tail sampling keeps a trace by.
        assert [one.key for one in span.attributes] == ["obskit.check.name"]


def base(store: Faulty) -> str:
    return store.url.removesuffix("/v1/traces")


def test_the_span_is_part_of_the_runs_own_trace(tmp_path: Path) -> None:
    with faulty() as store, page(showing(store)) as jaeger, sending(tmp_path, base(store)):
        with trace.get_tracer("test").start_as_current_span("check arrival") as run:
            found = Arrival(jaeger.url)()
        assert isinstance(found, Measurement)
        assert found.details["trace_id"] == f"{run.get_span_context().trace_id:032x}"


def test_a_ratio_of_traces_does_not_leave_it_out(tmp_path: Path) -> None:
    ratio = {"traces_sampler": "parentbased_traceidratio", "traces_sampler_arg": 0.0}
    with faulty() as store, page(showing(store)) as jaeger, sending(tmp_path, base(store), **ratio):
        with trace.get_tracer("test").start_as_current_span("check arrival"):
            found = Arrival(jaeger.url)()
        assert isinstance(found, Measurement), found


NOTHING_SENT = (
    "this process sends no spans, or its sampler left this one out: run the check where"
    " obskit.init was called, without isolate, with a sampler that is parentbased_…"
)


def unknown(returned: object) -> str:
    """The message of an unknown result."""
    assert isinstance(returned, CheckResult), returned
    assert returned.status is Status.UNKNOWN
    return returned.message


def test_a_sampler_that_keeps_nothing_is_unknown(tmp_path: Path) -> None:
    with refusing() as nowhere, sending(tmp_path, nowhere, traces_sampler="always_off"):
        assert unknown(Arrival(nowhere)()) == NOTHING_SENT


@pytest.mark.parametrize("is_run", [False, True])
def test_a_process_without_a_pipeline_is_unknown(is_run: bool) -> None:
    run = SpanContext(1, 2, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    with refusing() as nowhere, trace.use_span(NonRecordingSpan(run if is_run else NOBODYS)):
        assert unknown(Arrival(nowhere)()) == NOTHING_SENT


def test_a_span_that_is_lost_on_the_way_is_critical(tmp_path: Path) -> None:
    with faulty() as store, faulty() as empty, page(showing(empty)) as jaeger:
        with sending(tmp_path, base(store)):
            found = Arrival(jaeger.url, timeout=PATIENCE)()
            assert unread(found) == [
                "this process' receiver took it",
                f"{jaeger.url} does not have it: look at what is in between",
            ]
            assert len(spans_of(store)) == 1
    result = critical(found)
    assert result.unit == "s"
    assert result.value is not None
    assert result.message.startswith("a span could not be read ")


def test_a_receiver_that_is_away_is_named_as_the_hop(tmp_path: Path) -> None:
    with refusing() as nowhere, faulty() as empty, page(showing(empty)) as jaeger:
        with sending(tmp_path, nowhere):
            hops = unread(Arrival(jaeger.url, timeout=PATIENCE)())
    assert hops[0] == (
        "it has not left this process: its receiver does not answer (obskit doctor endpoints)"
    )


def test_what_waits_on_disk_is_named_as_the_hop(tmp_path: Path) -> None:
    def busy(peer: Peer) -> bool:
        peer.take()
        peer.answer(503)
        return True

    kept = {"spool_max_bytes": 1_000_000, "spool_dir": str(tmp_path / "spool")}
    with faulty(busy) as store, page(lambda request: send(request, 404)) as jaeger:
        with sending(tmp_path, base(store), span_batch_size=1, **kept):
            hops = unread(Arrival(jaeger.url, timeout=PATIENCE)())
    assert hops[0] == (
        "this process keeps it on disk: its receiver does not take it (obskit doctor endpoints)"
    )


def test_a_receiver_that_refuses_for_good_is_named_as_the_hop(tmp_path: Path) -> None:
    def refuse(peer: Peer) -> bool:
        peer.take()
        peer.answer(400)
        return True

    with faulty(refuse) as store, page(lambda request: send(request, 404)) as jaeger:
        with sending(tmp_path, base(store)):
            hops = unread(Arrival(jaeger.url, timeout=PATIENCE)())
    assert hops[0].startswith("this process dropped 1 spans since: ")


def test_a_jaeger_that_is_away_is_named_as_the_hop(tmp_path: Path) -> None:
    with faulty() as store, refusing() as nowhere, sending(tmp_path, base(store)):
        hops = unread(Arrival(nowhere, timeout=PATIENCE)())
    assert hops[0] == "this process' receiver took it"
    assert hops[1].startswith("Jaeger was not reached: ConnectionError: ")


def test_a_jaeger_that_wants_a_login_is_asked_once(tmp_path: Path) -> None:
    with page(lambda request: send(request, 401)) as jaeger, faulty() as store:
        with sending(tmp_path, base(store)):
            hops = unread(Arrival(jaeger.url)())
        assert hops[1] == "Jaeger answered 401: give user and password in its URL"
        assert len(jaeger.seen) == 1


def test_a_jaeger_that_fails_may_recover(tmp_path: Path) -> None:
    with faulty() as store, page(lambda request: send(request, 500)) as jaeger:
        with sending(tmp_path, base(store)):
            assert unread(Arrival(jaeger.url, timeout=PATIENCE)())[1] == (
                "Jaeger answered 500: see its log"
            )
            jaeger.answers = Everywhere(showing(store))
            assert isinstance(Arrival(jaeger.url)(), Measurement)


def test_its_limits_judge_it_where_a_declaration_names_none(bench: Bench) -> None:
    check = bench.add("arrival", Arrival("http://jaeger:16686"))
    assert check.judge == above(warning=20, critical=40)
    assert check.scope == "fleet"


@pytest.mark.parametrize("url", ["jaeger:16686", "ftp://jaeger"])
def test_what_is_no_address_of_http_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="use an address such as"):
        Arrival(url)


def test_its_login_is_not_shown() -> None:
    assert "hunter2" not in repr(Arrival("http://ada:hunter2@jaeger"))


def test_it_can_be_handed_to_another_process() -> None:
    check = Arrival("http://jaeger:16686", timeout="20s")
    assert pickle.loads(pickle.dumps(check)) == check
