"""What a service counts is what Prometheus has counted, over restarts too."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.parse
from pathlib import Path

from .reading import fetch, prometheus_scalar
from .stack import Stack
from .waiting import wait_until

# Counts once, and ends before the first interval is over.
HOST = """
import obskit
from obskit import metrics
from opentelemetry import metrics as api

obskit.init("counting")
metrics.count("orders")
api.get_meter("host").create_histogram("wait", "s").record(0.5)
"""


def count_once(stack: Stack, folder: Path) -> None:
    """Run the host to its end."""
    own = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": stack.url("collector_otlp_http"),
        "OBSKIT_RUN_DIR": str(folder),
        "HOME": str(folder),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
    }
    done = subprocess.run(
        [sys.executable, "-c", HOST],
        env=own,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def samples(stack: Stack, selector: str) -> list[str]:
    """The values of the one series that there is, in order of their times."""
    query = urllib.parse.urlencode({"query": f"{selector}[5m]"})
    answer = fetch(f"{stack.url('prometheus_http')}/api/v1/query?{query}").json
    series = answer["data"]["result"]
    assert len(series) <= 1, series
    return [value for one in series for _, value in one["values"]]


def test_what_is_counted_once_a_run_is_seen_to_grow_in_each_run(
    own_stack: Stack, tmp_path: Path
) -> None:
    """The second run counts no less than the first: without a beginning it would be none."""
    own_stack.start("collector", "prometheus")
    folder = tmp_path / "host"
    folder.mkdir()
    for times in (1, 2):
        count_once(own_stack, folder)
        expected = ["0", "1"] * times
        wait_until(
            f"the orders of run {times} arrive",
            lambda: samples(own_stack, "orders_total") == expected,  # noqa: B023
        )
        assert samples(own_stack, "wait_seconds_count") == expected
        assert samples(own_stack, 'wait_seconds_bucket{le="5"}') == expected
    base = own_stack.url("prometheus_http")
    assert prometheus_scalar(base, "resets(orders_total[5m])") == 1
    # Never less; a little more, because it looks beyond the samples that there are.
    assert prometheus_scalar(base, "increase(orders_total[5m]) >= bool 2") == 1
    log = (own_stack.directory / "collector.log").read_text()
    assert "out of order" not in log
