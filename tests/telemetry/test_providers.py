"""Providers of ours, and those that the host made global before us. Each case is a process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.resources import Resource
from tests.config.child import ONE_OF_EACH, START, run, serve
from tests.config.receiver import Receiver, points

from obskit.config import Config
from obskit.export.otlp import Export
from obskit.export.ring import bodies
from obskit.stories.otlp import decode
from obskit.stories.signals import Span
from obskit.telemetry import providers

from .hosts import BATCHES, SIMPLE, host


@pytest.fixture
def ours() -> Iterator[Receiver]:
    """Where obskit is told to send."""
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def theirs() -> Iterator[Receiver]:
    """Where the host sends by itself."""
    with Receiver() as receiver:
        yield receiver


@pytest.mark.parametrize("ends", [True, False])
def test_a_hosts_providers_stay_and_send_to_us_as_well(
    ends: bool, ours: Receiver, tmp_path: Path
) -> None:
    """Whether or not the host ends them at exit: what waits in ours leaves all the same."""
    script = (
        host(ends=ends)
        + START
        + ONE_OF_EACH
        + """
assert trace.get_tracer_provider() is tracer
assert api_metrics.get_meter_provider() is meter
assert _logs.get_logger_provider() is logger
status = obskit.status()["signals"]
print(json.dumps({name: [way["provider"], way["exported_by_host"]] for name, way in status.items()}))
"""
    )
    ended = run(script, {"OTEL_EXPORTER_OTLP_ENDPOINT": ours.url}, tmp_path)
    assert (ended.status, [line["event"] for line in ended.lines]) == (0, ["placed"])
    assert list(ended.answer.values()) == [["host", False]] * 3
    assert list(ours.spans()) == ["work"]
    assert list(ours.records()) == ["placed"]
    assert [point.as_int for point in points(ours.metrics()["orders"])] == [1]
    for path in ours.paths():
        assert ours.resource(path)["service.name"] == "host"


def test_flush_reaches_what_was_added_to_a_hosts_providers(ours: Receiver, tmp_path: Path) -> None:
    """Metrics too: a meter provider of the SDK forgets readers that are added to it."""
    script = host(ends=False) + START + ONE_OF_EACH
    script += "print(json.dumps([obskit.flush(30), obskit.status()['ledger']]))"
    ended = run(script, {"OTEL_EXPORTER_OTLP_ENDPOINT": ours.url}, tmp_path)
    flushed, ledger = ended.answer
    assert flushed is True
    assert [ledger[signal]["queued"] for signal in ("traces", "metrics", "logs")] == [0, 0, 0]
    assert [ledger[signal]["exported"] for signal in ("traces", "logs")] == [1, 1]
    assert ledger["metrics"]["exported"] > 0


@pytest.mark.parametrize("ways", [BATCHES, SIMPLE], ids=["batches", "simple"])
def test_a_host_that_sends_over_otlp_gets_no_second_exporter(
    ways: dict[str, str], ours: Receiver, theirs: Receiver, tmp_path: Path
) -> None:
    """Be it a class of its own on top of the stock one. Nothing arrives twice, nothing is said."""
    made = {signal: way.format(url=theirs.url) for signal, way in ways.items()}
    script = host(made["traces"], made["metrics"], made["logs"]) + START + ONE_OF_EACH
    script += "way = obskit.status()['signals']\n"
    script += "print(json.dumps([way[signal]['exported_by_host'] for signal in way]))"
    ended = run(script, {"OTEL_EXPORTER_OTLP_ENDPOINT": ours.url}, tmp_path)
    assert (ended.status, len(ended.errors.splitlines())) == (0, 1)
    assert ended.answer == [True, True, True]
    assert ours.requests == []
    assert [len(batch) for batch in theirs.span_batches()] == [1]
    assert [len(batch) for batch in theirs.record_batches()] == [1]
    assert "orders" in theirs.metrics()


def test_a_host_that_sends_elsewhere_keeps_its_way_beside_ours(
    ours: Receiver, tmp_path: Path
) -> None:
    """A console exporter of the host's own still writes."""
    script = host(traces="SimpleSpanProcessor(ConsoleSpanExporter())") + START + ONE_OF_EACH
    ended = run(script, {"OTEL_EXPORTER_OTLP_ENDPOINT": ours.url}, tmp_path)
    assert (ended.status, '"name": "work"' in ended.output) == (0, True)
    assert list(ours.spans()) == ["work"]


def test_providers_that_take_nothing_are_left_as_they_are(ours: Receiver, tmp_path: Path) -> None:
    """A host that switched OpenTelemetry off: no thread of ours runs for nothing."""
    script = """
import threading
from opentelemetry import _logs, metrics as api_metrics, trace
trace.set_tracer_provider(trace.NoOpTracerProvider())
api_metrics.set_meter_provider(api_metrics.NoOpMeterProvider())
_logs.set_logger_provider(_logs.NoOpLoggerProvider())
"""
    script += START + ONE_OF_EACH
    script += "print(json.dumps([thread.name for thread in threading.enumerate()]))"
    ended = run(script, {"OTEL_EXPORTER_OTLP_ENDPOINT": ours.url}, tmp_path)
    assert (ended.status, len(ended.errors.splitlines())) == (0, 1)
    # Some interpreters start no thread at exit: there one is kept for that (`export.budget`).
    assert set(ended.answer) - {"obskit-exit"} == {"MainThread"}
    assert ours.requests == []


def test_a_signal_without_a_receiver_adds_nothing_to_a_hosts_provider(tmp_path: Path) -> None:
    """No endpoint, no exporter."""
    script = host() + START + ONE_OF_EACH
    script += "print(len(tracer._active_span_processor._span_processors))"
    assert run(script, {}, tmp_path).output == "0\n"


_FORK = """
import os
{one_of_each}
obskit.flush(30)
child = os.fork()
if child:
    os.waitpid(child, 0)
    with obskit.span("in parent"):
        pass
else:
    with obskit.span("in child"):
        obskit.get_logger("shop").info("placed in child")
"""


def test_a_forked_child_has_an_identity_of_its_own_on_every_signal(
    ours: Receiver, tmp_path: Path
) -> None:
    """The second slot's, not the random one that the SDK puts on every provider after a fork."""
    serve(
        _FORK.format(one_of_each=ONE_OF_EACH), {"OTEL_EXPORTER_OTLP_ENDPOINT": ours.url}, tmp_path
    )
    identities = {
        name: (resource["process.pid"], resource["service.instance.id"])
        for name, resource in ours.resources_of_spans().items()
    }
    assert identities["work"] == identities["in parent"]
    assert identities["in child"][0] != identities["work"][0]
    again = run(START + "print(json.dumps(obskit.status()['instance_id']))", {}, tmp_path)
    assert identities["work"][1] == again.answer
    second = """
from obskit.telemetry.instance import instance_id
import socket
print(json.dumps(instance_id(socket.gethostname(), "t", 1)))
"""
    assert identities["in child"][1] == serve(second, {}, tmp_path)
    assert {ours.resource(path)["service.instance.id"] for path in ours.paths()} <= {
        identities["work"][1],
        identities["in child"][1],
    }


def test_shutting_down_ends_ours_and_leaves_the_hosts_running(
    ours: Receiver, theirs: Receiver, tmp_path: Path
) -> None:
    """After our shutdown a host's own exporter still takes spans."""
    script = host(traces=BATCHES["traces"].format(url=theirs.url)) + START + ONE_OF_EACH
    script += """
assert obskit.shutdown(30)
with trace.get_tracer("host").start_as_current_span("later"):
    pass
"""
    ended = run(script, {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": ours.url}, tmp_path)
    assert ended.status == 0
    assert sorted(theirs.spans()) == ["later", "work"]
    assert list(ours.records()) == ["placed"]


@pytest.mark.parametrize("beginning", ["", host()], ids=["ours", "the host's"])
def test_what_is_discarded_is_never_sent(beginning: str, ours: Receiver, tmp_path: Path) -> None:
    """A process that turns out to serve nothing."""
    script = START + ONE_OF_EACH
    script += "from obskit import default_runtime\ndefault_runtime.current().discard()\n"
    ended = run(beginning + script, {"OTEL_EXPORTER_OTLP_ENDPOINT": ours.url}, tmp_path)
    assert (ended.status, ours.requests) == (0, [])


_WRONG = """
import obskit
try:
    obskit.init("t")
except obskit.ConfigError as error:
    print(error.problems[0])
"""


@pytest.mark.parametrize("place", ["environment", "file"])
def test_a_propagator_that_is_not_installed_is_a_wrong_value(place: str, tmp_path: Path) -> None:
    """With the names of those that are; the API would raise at import without a word of them."""
    environ = {"OTEL_PROPAGATORS": "tracecontext,b4"} if place == "environment" else {}
    if place == "file":
        (tmp_path / "obskit.toml").write_text('propagators = ["tracecontext", "b4"]')
    told = run(_WRONG, environ, tmp_path).output
    assert told.startswith("propagators holds 'b4' (OTEL_PROPAGATORS): use baggage, ")
    assert told.endswith("tracecontext, or install its package\n")


def test_what_the_api_cannot_read_is_a_wrong_value_too(tmp_path: Path) -> None:
    """It takes what stands behind a last comma for a name."""
    ended = run(_WRONG, {"OTEL_PROPAGATORS": "tracecontext,"}, tmp_path)
    assert ended.output.startswith("propagators cannot be read (from OTEL_PROPAGATORS): ")


def test_a_test_can_make_the_api_forget_its_providers(tmp_path: Path) -> None:
    """So that the next ones can be set, which the API allows once only."""
    script = """
from opentelemetry import _logs, metrics, trace
from obskit.telemetry import providers
before = trace.get_tracer_provider(), metrics.get_meter_provider(), _logs.get_logger_provider()
from obskit import default_runtime
default_runtime.current().forget()
default_runtime.replace(None)
obskit.init("u")
after = trace.get_tracer_provider(), metrics.get_meter_provider(), _logs.get_logger_provider()
print(json.dumps([one is other for one, other in zip(before, after)]))
"""
    ended = run(START + script, {}, tmp_path)
    assert (ended.status, ended.errors, ended.answer) == (0, "", [False, False, False])


def test_attributes_change_at_once_where_nothing_was_forked() -> None:
    """Only a child has to wait for the SDK's own hooks."""
    made = providers.install(Config(), Resource({"host.name": "web1"}), Export(None, None, None))
    made.update_resource(Resource({"host.name": "web2"}))
    assert made.tracer.resource.attributes == {"host.name": "web2"}
    assert made.logger.resource.attributes == {"host.name": "web2"}


@pytest.mark.parametrize(
    ("ways", "settings"),
    [
        (BATCHES, {}),
        (SIMPLE, {}),
        (None, {"OTEL_TRACES_EXPORTER": "console"}),
        (None, {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}),
    ],
    ids=["host's batches", "host's spans one by one", "SDK's exporter", "ours"],
)
def test_spans_that_leave_by_any_way_are_kept_once_for_the_status_page(
    ways: dict[str, str] | None,
    settings: dict[str, str],
    ours: Receiver,
    theirs: Receiver,
    tmp_path: Path,
) -> None:
    script = host(ways["traces"].format(url=theirs.url)) if ways else "import json\n"
    script += START + ONE_OF_EACH
    settings = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": ours.url,
        "OBSKIT_CONSOLE": "true",
        "OBSKIT_RUN_DIR": str(tmp_path / "run"),
        **settings,
    }
    ended = run(script, settings, tmp_path)
    assert ended.status == 0
    (folder,) = (tmp_path / "run").rglob("standing")
    kept = [
        decode("/v1/traces", body, "protobuf") for kind, body in bodies(folder) if kind == "traces"
    ]
    spans = [span for one in kept for span in one.signals if isinstance(span, Span)]
    assert [span.name for span in spans] == ["work"]
