"""What this process logs: patterns that occur, that stay away, and that are new."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

import obskit
from obskit import Registry, default_runtime
from obskit.capture import Capture
from obskit.checks import verdict
from obskit.checks.library import ear, own_logs, window
from obskit.checks.model import CheckResult, Status
from obskit.checks.runner import Runner
from obskit.declaration import Check

SUBJECTS: list[Any] = [own_logs.PatternCount, own_logs.Absence, own_logs.NewPattern]


class Now:
    seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Now:
    now = Now()
    for module in (ear, own_logs, window):
        monkeypatch.setattr(module, "monotonic", now)
    return now


def declared(subject: Any, **options: Any) -> tuple[Runner, Check]:
    registry, current = Registry(), default_runtime.current()
    assert current is not None
    check = registry.add("cards", subject, every="1m", **options)
    return current.watch(registry).runner, check


def test_lines_turn_the_check_until_the_window_has_passed(
    obskit_capture: Capture, now: Now
) -> None:
    runner, check = declared(own_logs.PatternCount("declined", window="10m"))
    assert runner.run(check).status is Status.OK
    obskit.get_logger("shop").warning("card.declined", order_id=7)
    logging.getLogger("bank").error("card of order %d declined", 8)
    obskit.get_logger("shop").warning("card.accepted")
    now.seconds += 60
    broken = runner.run(check)
    assert (broken.status, broken.value, broken.unit) == (Status.CRITICAL, 2.0, "{line}")
    assert broken.message == "2 line: critical from 1 upward; declined in 10m"
    assert broken.evidence == (
        "warning shop: card.declined order_id=7",
        "error bank: card of order 8 declined",
    )
    assert broken.details["missed"] == 0
    now.seconds += 539
    assert runner.run(check).value == 2.0
    now.seconds += 1
    mended = runner.run(check)
    assert (mended.status, mended.value, mended.evidence) == (Status.OK, 0.0, ())
    told = [line["event"] for line in obskit_capture.lines if line["logger"] == "obskit.check"]
    assert len([event for event in told if "declined" in event]) == 4


def test_lines_without_a_pattern_are_counted_by_level(obskit_capture: Capture) -> None:
    runner, check = declared(own_logs.PatternCount("", level="error", window="1h"))
    obskit.get_logger("shop").warning("slow")
    assert runner.run(check).status is Status.OK
    logging.getLogger("bank").critical("gone")
    found = runner.run(check)
    assert (found.value, found.evidence) == (1.0, ("critical bank: gone",))
    assert found.message == "1 line: critical from 1 upward; lines of level error or above in 1h"


def test_a_pattern_that_stays_away_is_told_until_it_comes(obskit_capture: Capture) -> None:
    subject = own_logs.Absence("import.completed")
    check = Registry().add("import", subject, every="5m", critical_after="25h")

    def judged(hours: float) -> CheckResult:
        return verdict.of_returned(check, subject(), time.time() + hours * 3_600)

    assert judged(24).status is Status.OK
    obskit.get_logger("shop").info("import.began")
    broken = judged(26)
    assert broken.status is Status.CRITICAL
    assert broken.message.endswith("; no import.completed since the watch began")
    watch_began: Any = subject().value
    obskit.get_logger("shop").info("import.completed", rows=7)
    mended = judged(0)
    assert mended.status is Status.OK
    assert mended.evidence == ("info shop: import.completed rows=7",)
    seen: Any = subject().value
    assert seen >= watch_began
    assert subject().value == seen


def test_a_kind_of_line_that_was_never_logged_turns_the_check(
    obskit_capture: Capture, now: Now
) -> None:
    runner, check = declared(own_logs.NewPattern(window="10m"))
    log = obskit.get_logger("shop")
    log.error("card.declined", order_id=7)
    learning = runner.run(check)
    assert (learning.status, learning.value) == (Status.OK, 0.0)
    assert dict(learning.details) == {"kinds": 1, "learning": True, "missed": 0}
    now.seconds += 600
    log.error("card.declined", order_id=8)
    log.info("disk.nearly_full")
    assert runner.run(check).status is Status.OK
    log.error("disk.full", path="/data")
    log.error("disk.full", path="/data")
    broken = runner.run(check)
    assert (broken.status, broken.value) == (Status.WARNING, 1.0)
    assert broken.evidence == ("error shop: disk.full path=/data",)
    assert broken.details["learning"] is False
    now.seconds += 600
    assert runner.run(check).status is Status.OK


def test_a_flood_is_counted_in_bounded_memory(obskit_capture: Capture) -> None:
    subject = own_logs.PatternCount("boom", window="1h")
    hear = subject._ear.hear
    obskit.get_logger("shop").info("boom", text="x" * 2_000)
    pipeline = default_runtime.current()
    assert pipeline is not None
    line: Any = pipeline.pipeline._record(
        "shop", 20, "boom", {"text": "x" * 2_000}, None, None, None, True, True
    )
    tracemalloc.start()
    try:
        for _ in range(20_000):
            hear(line)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert subject().value == 20_001
    assert peak < 500_000


@pytest.mark.parametrize("subject", SUBJECTS)
def test_it_runs_in_each_process_unless_told_otherwise(subject: Any) -> None:
    assert Registry().add("cards", subject("x"), every="1m").scope == "process"
    assert Registry().add("cards", subject("x"), every="1m", scope="host").scope == "host"


@pytest.mark.parametrize("subject", SUBJECTS)
def test_what_is_no_pattern_or_level_is_refused(subject: Any) -> None:
    with pytest.raises(ValueError, match=r"pattern is 'a\(': no pattern: missing \)"):
        subject("a(")
    with pytest.raises(ValueError, match="level is 'ERROR': no level: give one of debug,"):
        subject("a", level="ERROR")


@pytest.mark.parametrize("subject", [own_logs.PatternCount, own_logs.NewPattern])
def test_a_window_that_is_none_is_refused(subject: Any) -> None:
    with pytest.raises(ValueError, match="'soon' is no span of time"):
        subject("a", window="soon")


_FORKS = """
import os
import obskit
from obskit.checks.library import own_logs

boom = own_logs.PatternCount("boom")
log = obskit.get_logger("shop")
log.info("boom before init")
obskit.init("shop")
log.info("boom")
print(boom().value, flush=True)
if os.fork() == 0:
    print(boom().value, flush=True)
    log.info("boom in the child")
    print(boom().value, flush=True)
    os._exit(0)
os.wait()
log.info("boom")
print(boom().value, flush=True)
"""


def test_a_forked_child_begins_with_nothing_and_the_parent_goes_on(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _FORKS],
        env={**os.environ, "OBSKIT_RUN_DIR": str(tmp_path), "OBSKIT_LOG_STREAM": "stderr"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.splitlines() == ["2", "0", "1", "3"]
