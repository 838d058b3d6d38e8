"""The check of a span's way, through the real collector to the real Jaeger."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from .reading import jaeger_trace, prometheus_scalar
from .stack import Stack
from .waiting import wait_until

PROGRAM = """
import json
import sys

import obskit
from obskit.checks.library.arrival import Arrival

obskit.init("arriving")
found = Arrival(sys.argv[1], timeout=sys.argv[2])()
details = {"evidence": list(getattr(found, "evidence", ()))}
print(json.dumps({"value": found.value, "message": found.message, **found.details, **details}))
"""
SERVICE = """
import os

import obskit
from obskit.checks.library.arrival import Arrival

obskit.init("watching-itself")
checks = obskit.Registry()
checks.add("arrival", Arrival(os.environ["JAEGER"]), every="1m", timeout="1m")
"""


def environment(folder: Path, stack: Stack) -> dict[str, str]:
    return {
        **os.environ,
        "OTEL_EXPORTER_OTLP_ENDPOINT": stack.url("collector_otlp_http"),
        "OTEL_BSP_SCHEDULE_DELAY": "200",
        "OTEL_METRIC_EXPORT_INTERVAL": "500",
        "OBSKIT_RUN_DIR": str(folder / "run"),
        "OBSKIT_SPOOL_MAX_BYTES": "0",
    }


def asked(folder: Path, stack: Stack, jaeger: str, timeout: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, jaeger, timeout],
        env=environment(folder, stack),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_span_is_read_back_from_jaeger(stack: Stack, tmp_path: Path) -> None:
    jaeger = stack.url("jaeger_query_http")
    found = asked(tmp_path, stack, jaeger, "50s")
    assert found["message"] == "it can be read"
    assert found["value"] > 0
    (span,) = jaeger_trace(jaeger, found["trace_id"])
    assert span["operationName"] == "obskit arrival"


def test_where_jaeger_is_away_the_hop_before_it_is_named(own_stack: Stack, tmp_path: Path) -> None:
    own_stack.start("collector")
    found = asked(tmp_path, own_stack, own_stack.url("jaeger_query_http"), "5s")
    took, unreached = found["evidence"]
    assert took == "this process' receiver took it"
    assert unreached.startswith("Jaeger was not reached: ")


def test_tail_sampling_keeps_it_whatever_else_it_drops(own_stack: Stack, tmp_path: Path) -> None:
    own_stack.start("jaeger")
    own_stack.start(
        "collector",
        env={"OTELCOL_KEPT_PERCENT": "0", "OTELCOL_DECISION_WAIT": "1s"},
        config=["profiles/tail-sampling.yaml"],
    )
    found = asked(tmp_path, own_stack, own_stack.url("jaeger_query_http"), "50s")
    assert found["message"] == "it can be read"


def test_a_worker_declared_to_run_it_makes_its_value_a_series(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "watching.py").write_text(SERVICE)
    process = subprocess.Popen(
        [sys.executable, "-m", "obskit", "check", "worker", "--app", "watching:checks"],
        env={**environment(tmp_path, stack), "JAEGER": stack.url("jaeger_query_http")},
        cwd=tmp_path,
    )
    series = 'obskit_check_value{service_name="watching-itself", obskit_check_name="arrival"}'
    try:
        base = stack.url("prometheus_http")
        value = wait_until("it is there", lambda: prometheus_scalar(base, series), seconds=60)
        assert value > 0
        well = series.replace("value", "status", 1).replace("}", ', obskit_check_state="ok"}')
        assert prometheus_scalar(base, well) == 1
    finally:
        process.terminate()
        process.wait(30)
