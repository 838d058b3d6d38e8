"""What a runtime puts into the process around it, and takes out again."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from opentelemetry import propagate, trace
from tests.running import running

from obskit import metrics as host_metrics
from obskit.operations import surroundings
from obskit.redaction import rules, text
from obskit.telemetry import levels, loggers, stdlib, traces
from obskit.telemetry.instance import run_directory


def installed() -> dict[str, Any]:
    """What stands in modules."""
    return {
        "masked": text("password=hunter2 ann@example.org shop-7"),
        "own_tracer": isinstance(traces._tracer, trace.ProxyTracer),
        "exception_events": traces._events_too,
        "series": host_metrics._series_limit,
        "pipeline": loggers._active,
        "listens": stdlib._listener in logging.root.handlers,
        "levels": levels._file,
        "jobs": surroundings.active(),
    }


def test_all_that_was_put_into_the_process_is_taken_out_again(tmp_path: Path) -> None:
    before, level = installed(), logging.getLogger("shop.orders").level
    shown = "password=[redacted] ann@example.org shop-7"
    assert (before["masked"], before["own_tracer"], before["listens"]) == (shown, True, False)
    options: dict[str, Any] = {
        "run_dir": str(tmp_path),
        "state_url": "memory:",
        "redact_emails": True,
        "redact_patterns": ["shop-[0-9]"],
        "exception_signal": "logs",
        "metric_cardinality_limit": 7,
        "log_levels": {"shop.orders": "DEBUG"},
    }
    with running(**options) as runtime:
        during = installed()
        assert during == {
            "masked": "password=[redacted] [redacted] [redacted]",
            "own_tracer": False,
            "exception_events": False,
            "series": 7,
            "pipeline": runtime.pipeline,
            "listens": True,
            "levels": run_directory(str(tmp_path), "shop") / "levels.json",
            "jobs": during["jobs"],
        }
        assert during["jobs"].store is not None
        assert logging.getLogger("shop.orders").level == logging.DEBUG
    after = installed()
    assert after.pop("jobs").store is None
    assert after == {name: value for name, value in before.items() if name != "jobs"}
    assert logging.getLogger("shop.orders").level == level


def test_nothing_is_masked_where_that_is_switched_off(tmp_path: Path) -> None:
    with running(run_dir=str(tmp_path), redaction=False):
        assert text("password=hunter2") == "password=hunter2"


def test_the_hosts_own_function_has_the_last_word(tmp_path: Path) -> None:
    def shorten(_name: str, value: object) -> object:
        return "short" if value == "a long text" else value

    with running(run_dir=str(tmp_path), redact=shorten):
        assert rules.active.function is shorten


def test_requests_carry_on_a_trace_as_configured(tmp_path: Path) -> None:
    with running(run_dir=str(tmp_path), propagators=("baggage",)):
        assert propagate.get_global_textmap().fields == {"baggage"}
