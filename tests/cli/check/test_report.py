"""`obskit check report`."""

from __future__ import annotations

import json
import re
import time

import pytest
from tests.cli.host import Host, kept


@pytest.fixture
def watching(host: Host) -> Host:
    """An app of which `rows` failed for ten minutes, and `beats` thrice for a minute."""
    host.write(
        """
        for name in ("rows", "beats", "idle"):
            checks.add(name, lambda: None, every="1m")
        """
    )
    now = time.time()
    for minute in range(120, 0, -1):
        rows = "critical" if 60 >= minute > 50 else "ok"
        beats = "critical" if minute in {100, 70, 40} else "ok"
        for name, status in (("rows", rows), ("beats", beats)):
            host.store.keep(kept(name, now - minute * 60, status=status))
    return host


def test_each_check_that_ran_is_told_of_in_a_line(watching: Host) -> None:
    found = watching.run(command="report")
    assert found.exit_code == 0
    # Time goes on while it is asked.
    assert re.sub(r"(\d+)\.\d\d%", r"\1%", found.stdout).splitlines() == [
        "CHECK  WATCHED  UP      FAILED  LONGEST  MENDED  FLAPPED  IN TIME  DETECTED",
        "rows   100%  91%  1       10m      0       0        1 of 1   1m",
        "beats  100%  97%  3       1m       3       0        3 of 3   1m",
        "",
        "another threshold, or failures_before_alert, may fit better: beats",
    ]


def test_single_checks_are_told_of_by_name(watching: Host) -> None:
    found = watching.run("rows", "--since", "45m", command="report")
    assert found.stdout.splitlines()[1:] == ["rows   100.00%  100.00%  0                0       0"]


def test_it_is_json_too(watching: Host) -> None:
    shown = json.loads(watching.run("beats", "--json", command="report").stdout)
    (one,) = shown["checks"]
    assert one.pop("detection_seconds") == pytest.approx(60.012, abs=0.01)
    assert one.pop("up") == pytest.approx(0.975, abs=0.001)
    assert one.pop("longest_seconds") == pytest.approx(60, abs=0.01)
    assert one == {
        "check": "beats",
        "watched": 1.0,
        "failed": 3,
        "failing": False,
        "mended": 3,
        "flapped": 0,
        "in_time": 3,
        "restless": True,
    }


def test_without_any_kept_run_that_is_said(host: Host) -> None:
    host.write('checks.add("rows", lambda: None, every="1m")')
    found = host.run(command="report")
    assert found.exit_code == 4
    assert "no run of a check is kept in sqlite:///" in found.output


def test_a_check_that_is_not_there_is_refused(watching: Host) -> None:
    found = watching.run("row", command="report")
    assert (found.exit_code, "did you mean 'rows'" in found.output) == (4, True)
