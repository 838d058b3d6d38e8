"""The command: its environment, its signals, its end."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from obskit.dev.child import Child, child_environment, signals_caught

ENDPOINT, DSN = "http://127.0.0.1:4999", "http://key@127.0.0.1:4999/1"


def test_telemetry_comes_here_soon_and_nothing_is_shown_twice() -> None:
    assert child_environment(ENDPOINT, DSN, {"HOME": "/root"}) == {
        "HOME": "/root",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4999",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "SENTRY_DSN": "http://key@127.0.0.1:4999/1",
        "OTEL_BSP_SCHEDULE_DELAY": "200",
        "OTEL_BLRP_SCHEDULE_DELAY": "200",
        "OTEL_METRIC_EXPORT_INTERVAL": "1000",
        "OBSKIT_LOG_FORMAT": "none",
        "PYTHONUNBUFFERED": "1",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


def test_where_telemetry_went_before_does_not_matter() -> None:
    before = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector.example",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://traces.example",
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "https://metrics.example",
        "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL": "grpc",
        "SENTRY_DSN": "https://key@sentry.example/1",
    }
    child = child_environment(ENDPOINT, DSN, before)
    assert {name: child.get(name) for name in before} == {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4999",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": None,
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": None,
        "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL": None,
        "SENTRY_DSN": "http://key@127.0.0.1:4999/1",
    }


def test_what_else_the_user_has_set_stays() -> None:
    before = {
        "OTEL_BSP_SCHEDULE_DELAY": "50",
        "OBSKIT_LOG_FORMAT": "json",
        "PYTHONUNBUFFERED": "",
        "OTEL_SERVICE_NAME": "shop",
        "NO_PROXY": "internal.example",
    }
    child = child_environment(ENDPOINT, DSN, before)
    assert {name: child[name] for name in before} == {
        **before,
        "NO_PROXY": "internal.example,127.0.0.1",
    }


def python(code: str) -> Child:
    return Child([sys.executable, "-c", code], os.environ)


@pytest.mark.parametrize(
    ("code", "expected"),
    [("", 0), ("raise SystemExit(7)", 7), ("import os; os.kill(os.getpid(), 9)", 137)],
)
def test_the_exit_code_is_the_command_s(code: str, expected: int) -> None:
    assert python(code).wait(60) == expected


def test_a_command_that_runs_has_no_exit_code_and_can_be_ended() -> None:
    child = python("import time; time.sleep(600)")
    assert child.wait(0.01) is None
    child.end(60)
    assert child.wait(0) == 128 + signal.SIGTERM
    child.send(signal.SIGTERM)  # too late, and no error
    child.end(60)


def test_a_command_that_will_not_end_is_killed(tmp_path: Path) -> None:
    deaf = tmp_path / "deaf"
    child = python(
        "import signal, pathlib, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"pathlib.Path({str(deaf)!r}).touch()\n"
        "time.sleep(600)"
    )
    for _ in range(6000):
        if deaf.exists():
            break
        child.wait(0.01)
    child.end(0.1)
    assert child.wait(0) == 128 + signal.SIGKILL


@pytest.fixture
def dispositions() -> Iterator[None]:
    # A test run under nohup ignores SIGHUP.
    hangup = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    ignored = signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGHUP, hangup)
    signal.signal(signal.SIGUSR2, ignored)


def test_signals_are_caught_in_order_and_given_back(dispositions: None) -> None:
    before = signal.getsignal(signal.SIGTERM)
    caught: list[int] = []
    with signals_caught(caught):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
            os.kill(os.getpid(), number)
        assert caught == [signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1]
    assert signal.getsignal(signal.SIGTERM) is before
