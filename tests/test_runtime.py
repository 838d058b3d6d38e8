"""A process that calls `init`: how it begins, forks and ends. Each runs in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from obskit.dev import Receiver
from obskit.stories.signals import Line, Point, Span


class Host:
    """Runs small programs, and holds what they send."""

    def __init__(self, receiver: Receiver, received: list[Any], folder: Path) -> None:
        self.endpoint = receiver.endpoint
        self.dsn = receiver.dsn
        self.received = received
        self.folder = folder

    def run(self, program: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a program to its end, in an environment without anything of ours but these."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("OTEL_", "OBSKIT_", "SENTRY_", "PYTHONWARN"))
        }
        own = {"OBSKIT_RUN_DIR": str(self.folder), "OBSKIT_SPOOL_DIR": str(self.folder / "spool")}
        environment = {**kept, **own, **variables}
        return subprocess.run(
            [sys.executable, "-W", "error", "-c", "import obskit\n" + program],
            env=environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def answer(self, program: str, **variables: str) -> Any:
        """What a program prints as JSON in its last line."""
        done = self.run("import json\n" + program, **variables)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def of(self, kind: type[Any]) -> list[Any]:
        """The received spans, lines or points."""
        return [signal for signal in self.received if isinstance(signal, kind)]


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """A host with a receiver."""
    received: list[Any] = []
    with Receiver(received.extend) as receiver:
        yield Host(receiver, received, tmp_path)


def test_without_an_endpoint_there_is_neither_thread_nor_connection(host: Host) -> None:
    found = host.answer("""
import psutil, threading
obskit.init("quiet")
obskit.get_logger().info("hello")
with obskit.span("work"):
    obskit.metrics.count("things")
me = psutil.Process()
print(json.dumps([threading.active_count(), me.num_threads(), len(me.net_connections())]))
""")
    assert found == [1, 1, 0]


def test_without_a_receiver_a_line_makes_no_record_of_the_sdk(host: Host) -> None:
    found = host.answer(
        """
from obskit import default_runtime
obskit.init("quiet")
sinks = default_runtime.current().pipeline._sinks
print(json.dumps([type(sink).__name__ for sink in sinks]))
"""
    )
    assert found == ["Console"]


def test_everything_arrives_at_a_normal_exit(host: Host) -> None:
    done = host.run(
        """
obskit.init("short")
with obskit.span("work", password="hunter2"):
    obskit.get_logger("job").info("done", rows=3)
    obskit.metrics.count("rows", 3, unit="{row}")
""",
        OTEL_EXPORTER_OTLP_ENDPOINT=host.endpoint,
    )
    assert done.returncode == 0, done.stderr
    (span,) = host.of(Span)
    assert (span.name, span.attributes["password"]) == ("work", "[redacted]")
    (line,) = host.of(Line)
    assert (line.body, line.attributes["rows"], line.trace_id) == ("done", 3, span.trace_id)
    assert {"rows", "process.memory.usage"} <= {point.metric for point in host.of(Point)}


def test_the_stories_of_a_script_that_fails_are_whole(host: Host) -> None:
    done = host.run(
        """
obskit.init("short")
with obskit.span("work"):
    raise ValueError("no such row")
""",
        OTEL_EXPORTER_OTLP_ENDPOINT=host.endpoint,
        SENTRY_DSN=host.dsn,
    )
    assert done.returncode == 1
    assert "ValueError: no such row" in done.stderr
    (span,) = host.of(Span)
    assert [event.name for event in span.events] == ["exception"]
    (line,) = host.of(Line)
    assert (line.body, line.event_name) == ("work failed", "exception")
    errors = [signal for signal in host.received if not isinstance(signal, (Span, Line, Point))]
    assert [error.trace_id for error in errors] == [span.trace_id]


def test_the_exit_waits_no_longer_than_its_budget_for_a_receiver_that_refuses(host: Host) -> None:
    """Nothing is timed: without the budget the exporter alone would retry for ten seconds or more."""
    done = host.run(
        """
import time
begun = time.monotonic()
import atexit
atexit.register(lambda: print(time.monotonic() - begun < 8))
obskit.init("away")
with obskit.span("work"):
    pass
begun = time.monotonic()
""",
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9",
        OBSKIT_SHUTDOWN_TIMEOUT="0.5",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "True\n"


def test_init_twice_with_the_same_configuration_does_nothing(host: Host) -> None:
    found = host.answer("""
from obskit import default_runtime
obskit.init("same")
first = default_runtime.current()
obskit.init("same")
print(json.dumps(first is default_runtime.current()))
""")
    assert found is True


def test_init_again_with_another_configuration_is_refused(host: Host) -> None:
    done = host.run("""
obskit.init("one")
obskit.init("two", log_level="DEBUG")
""")
    assert done.returncode == 1
    assert "service differs from what the first call of init was given" in done.stderr
    assert "log_level differs" in done.stderr


def test_the_status_tells_where_each_signal_goes_without_secrets(host: Host) -> None:
    status = host.answer(
        """
obskit.init("told", version="1.2")
with obskit.span("work"):
    pass
obskit.flush()
print(json.dumps(obskit.status()))
""",
        OTEL_EXPORTER_OTLP_ENDPOINT=host.endpoint.replace("//", "//user:hunter2@"),
        OTEL_METRICS_EXPORTER="none",
    )
    assert status["initialised"] is True
    assert (status["service"], status["version"]) == ("told", "1.2")
    assert status["signals"]["traces"]["exporter"] == "otlp"
    assert status["signals"]["metrics"]["exporter"] == "none"
    assert "hunter2" not in json.dumps(status)
    assert status["ledger"]["traces"] == {
        "accepted": 1,
        "exported": 1,
        "dropped": {},
        "sampled_out": 0,
        "spooled": 0,
        "queued": 0,
    }


def test_shutdown_and_flush_can_be_called_in_any_order_and_again(host: Host) -> None:
    found = host.answer(
        """
obskit.init("ends")
with obskit.span("work"):
    pass
answers = [obskit.flush(5), obskit.shutdown(5), obskit.shutdown(), obskit.flush()]
obskit.get_logger().info("after the end")
print(json.dumps(answers))
""",
        OTEL_EXPORTER_OTLP_ENDPOINT=host.endpoint,
    )
    assert found == [True, True, True, True]
    assert [span.name for span in host.of(Span)] == ["work"]


def test_a_forked_child_is_an_instance_of_its_own_and_loses_nothing(host: Host) -> None:
    instances = host.answer(
        """
import os, sys, warnings
from opentelemetry import trace
warnings.simplefilter("ignore")  # Python 3.12 warns of forks beside threads
obskit.init("forks")
reader, writer = os.pipe()
child = os.fork()
if child == 0:
    with obskit.span("in the child"):
        pass
    told = trace.get_tracer_provider().resource.attributes["service.instance.id"]
    assert told == obskit.status()["instance_id"]
    os.write(writer, told.encode())
    obskit.shutdown()
    os._exit(0)
os.waitpid(child, 0)
with obskit.span("in the parent"):
    pass
print(json.dumps([obskit.status()["instance_id"], os.read(reader, 100).decode()]))
""",
        OTEL_EXPORTER_OTLP_ENDPOINT=host.endpoint,
    )
    assert len(set(instances)) == 2
    assert sorted(span.name for span in host.of(Span)) == ["in the child", "in the parent"]


def test_a_worker_that_is_started_again_is_the_same_instance(host: Host) -> None:
    program = 'obskit.init("again")\nprint(json.dumps(obskit.status()["instance_id"]))'
    assert host.answer(program) == host.answer(program)


def test_while_inert_init_starts_nothing_but_still_refuses_what_is_wrong(host: Host) -> None:
    found = host.answer(
        """
from obskit import default_runtime
with default_runtime.inert():
    obskit.init("idle")
    try:
        obskit.init("idle", log_level="LOUD")
    except obskit.ConfigError:
        refused = True
print(json.dumps([default_runtime.current() is None, refused, obskit.status()]))
""",
        OTEL_EXPORTER_OTLP_ENDPOINT=host.endpoint,
    )
    assert found == [True, True, {"initialised": False}]
    assert host.received == []
