"""Variables of sampling, of context on its way between services, and of the queues."""

from __future__ import annotations

from pathlib import Path

import pytest

from .child import ONE_OF_EACH, serve
from .receiver import Receiver
from .variables import shows

# Served by the middleware: a request without a caller, then two from callers that did (not) sample.
_REQUESTS = """
from wsgiref.util import setup_testing_defaults
from obskit.wsgi import ObskitMiddleware
def app(environ, start_response):
    start_response("200 OK", [])
    return [b""]
def get(path, **headers):
    environ = {"PATH_INFO": path, "REMOTE_ADDR": "10.1.2.3", **headers}
    setup_testing_defaults(environ)
    answer = ObskitMiddleware(app)(environ, lambda *_: None)
    b"".join(answer)
    answer.close()
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0"
get("/alone")
get("/sampled", HTTP_TRACEPARENT=PARENT + "1")
get("/unsampled", HTTP_TRACEPARENT=PARENT + "0")
"""


@shows("OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG", "OBSKIT_TRUST_INBOUND")
@pytest.mark.parametrize(
    ("sampler", "argument", "trust", "arrived"),
    [
        ("", "", "", {"/alone", "/sampled", "/unsampled"}),
        ("always_off", "", "always", set()),
        ("traceidratio", "0", "always", set()),
        # The caller's trace id is below the bound of 0.64, so the ratio takes it, flag or no flag.
        ("traceidratio", "0.64", "ids", {"/sampled", "/unsampled"}),
        ("traceidratio", "0.63", "ids", set()),
        ("parentbased_always_off", "", "always", {"/sampled"}),
        ("parentbased_always_on", "", "10.0.0.0/8", {"/alone", "/sampled"}),
        ("parentbased_traceidratio", "0", "192.168.0.0/16", set()),
    ],
)
def test_which_traces_are_recorded(
    sampler: str, argument: str, trust: str, arrived: set[str], receiver: Receiver, tmp_path: Path
) -> None:
    """Sampler, its argument, and how far a caller's flag counts, together decide."""
    environ = {
        "OTEL_TRACES_SAMPLER": sampler,
        "OTEL_TRACES_SAMPLER_ARG": argument,
        "OBSKIT_TRUST_INBOUND": trust,
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": receiver.url,
    }
    serve(_REQUESTS, environ, tmp_path)
    spans = [span for batch in receiver.span_batches() for span in batch]
    paths = {
        one.value.string_value for span in spans for one in span.attributes if one.key == "url.path"
    }
    # The root's id is random: a ratio between 0 and 1 decides about it by chance.
    assert paths - ({"/alone"} if argument.startswith("0.") else set()) == arrived


@shows("OTEL_PROPAGATORS")
@pytest.mark.parametrize(
    ("propagators", "expected"),
    [
        ("", ["baggage", "traceparent"]),
        ("baggage", ["baggage"]),
        ("tracecontext", ["traceparent"]),
        ("none", []),
    ],
)
def test_which_headers_carry_the_context_to_other_services(
    propagators: str, expected: list[str], receiver: Receiver, tmp_path: Path
) -> None:
    """What a client library would send along is what the propagators put into its headers."""
    script = """
from opentelemetry import baggage, context, propagate
headers = {}
with obskit.span("work"):
    context.attach(baggage.set_baggage("plan", "free"))
    propagate.inject(headers)
print(json.dumps(sorted(headers)))
"""
    environ = {
        "OTEL_PROPAGATORS": propagators,
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": receiver.url,
    }
    assert serve(script, environ, tmp_path) == expected


@shows("OTEL_BSP_SCHEDULE_DELAY", "OTEL_BLRP_SCHEDULE_DELAY", "OTEL_METRIC_EXPORT_INTERVAL")
def test_nothing_leaves_before_its_delay_is_over(receiver: Receiver, tmp_path: Path) -> None:
    """Metrics leave after 6 s, not 60; spans and records by then not, although 5 s and 1 s are usual."""
    script = f"""
import time
{ONE_OF_EACH}
deadline = time.monotonic() + 30
while time.monotonic() < deadline:
    ledger = obskit.status()["ledger"]
    if ledger["metrics"]["exported"]:
        break
    time.sleep(0.01)
print(json.dumps({{signal: ledger[signal]["exported"] > 0 for signal in ledger}}))
"""
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "OTEL_BSP_SCHEDULE_DELAY": "3600000",
        "OTEL_BLRP_SCHEDULE_DELAY": "3600000",
        "OTEL_METRIC_EXPORT_INTERVAL": "6000",
    }
    answer = serve(script, environ, tmp_path)
    assert answer == {"traces": False, "metrics": True, "logs": False, "errors": False}
    assert receiver.paths() == ["/v1/logs", "/v1/metrics", "/v1/traces"]


@shows("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE")
def test_how_many_spans_and_records_one_export_takes(receiver: Receiver, tmp_path: Path) -> None:
    """Seven of each leave in batches of three, and of four."""
    script = """
log = obskit.get_logger("shop")
for number in range(7):
    with obskit.span(f"work{number}"):
        pass
    log.info(f"placed{number}")
"""
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "3",
        "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE": "4",
    }
    serve(script, environ, tmp_path)
    assert [len(batch) for batch in receiver.span_batches()] == [3, 3, 1]
    assert [len(batch) for batch in receiver.record_batches()] == [4, 3]


@shows("OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BLRP_MAX_QUEUE_SIZE")
@pytest.mark.parametrize(
    ("kind", "signal", "emit"),
    [
        ("BSP", "traces", "with obskit.span('work'): pass"),
        ("BLRP", "logs", "obskit.get_logger('shop').info('placed')"),
    ],
)
def test_what_a_full_queue_loses_is_counted(
    kind: str, signal: str, emit: str, receiver: Receiver, tmp_path: Path
) -> None:
    """Two are on their way to a receiver that holds them, four wait, three are lost."""
    receiver.hold()
    script = f"""
from http.client import HTTPConnection
def ask(path):
    connection = HTTPConnection("{receiver.address}", timeout=60)
    connection.request("GET", path)
    connection.getresponse().read()
    connection.close()
def emit(count):
    for _ in range(count):
        {emit}
emit(2)
ask("/held")
emit(7)
ask("/release")
obskit.flush(30)
print(json.dumps(obskit.status()["ledger"]["{signal}"]))
"""
    environ = {
        f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT": receiver.url,
        f"OTEL_{kind}_MAX_QUEUE_SIZE": "4",
        f"OTEL_{kind}_MAX_EXPORT_BATCH_SIZE": "2",
    }
    answer = serve(script, environ, tmp_path)
    # The line that the SDK itself writes of the loss is refused, and counted as that.
    assert (answer["exported"], answer["dropped"]["queue_full"], answer["queued"]) == (6, 3, 0)
