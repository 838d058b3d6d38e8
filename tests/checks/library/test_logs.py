"""What log files say: patterns that occur, that stay away, and that are new."""

from __future__ import annotations

import threading
import time
import tracemalloc
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from obskit import Registry
from obskit.checks import verdict
from obskit.checks.library import logs, window
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult, Status

SUBJECTS: list[Any] = [logs.PatternCount, logs.Absence, logs.NewPattern]


class Now:
    seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Now:
    now = Now()
    monkeypatch.setattr(window, "monotonic", now)
    return now


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "app.log"
    file.touch()
    return file


def add(file: Path, *lines: object) -> None:
    with file.open("a") as opened:
        opened.writelines(f"{line}\n" for line in lines)


def measured(subject: Any) -> Measurement:
    told = subject()
    assert isinstance(told, Measurement)
    return told


def state(subject: Any) -> tuple[object, str]:
    value = measured(subject).value
    assert isinstance(value, int)
    return value, subject.default_judge(value).state


def test_a_pattern_turns_the_check_until_the_window_has_passed(file: Path, now: Now) -> None:
    add(file, "CRITICAL: long ago")
    subject = logs.PatternCount(file, "^CRITICAL:", window="10m")
    assert state(subject) == (0, "ok")
    add(file, "CRITICAL: no hours", "info: CRITICAL: quoted", "CRITICAL: no school")
    now.seconds += 60
    assert state(subject) == (2, "critical")
    now.seconds += 500
    add(file, "CRITICAL: again")
    told = measured(subject)
    assert (told.value, told.unit, told.message) == (3, "{line}", "^CRITICAL: in 10m")
    assert told.evidence == ["CRITICAL: no hours", "CRITICAL: no school", "CRITICAL: again"]
    now.seconds += 100
    assert measured(subject).evidence == ["CRITICAL: again"]
    now.seconds += 500
    assert state(subject) == (0, "ok")
    assert measured(subject).evidence == []


def test_lines_are_counted_over_a_rotation(file: Path, now: Now) -> None:
    subject = logs.PatternCount(file, "boom")
    add(file, "start")
    assert state(subject) == (0, "ok")
    add(file, "boom 1")
    file.rename(file.with_name("app.log.1"))
    add(file, "boom 2")
    assert state(subject) == (2, "critical")
    assert measured(subject).details == {"behind": False, "rotations_lost": 0}


def test_a_log_that_was_lost_is_told(file: Path, now: Now) -> None:
    subject = logs.PatternCount(file, "boom")
    add(file, "start")
    assert state(subject) == (0, "ok")
    add(file, "boom 1")
    assert state(subject) == (1, "critical")
    file.unlink()
    add(file, "quite another")
    assert measured(subject).details == {"behind": False, "rotations_lost": 1}


def test_a_flood_is_counted_in_bounded_memory(file: Path, now: Now) -> None:
    subject = logs.PatternCount(file, "boom", window="1m")
    subject()
    with file.open("a") as opened:
        opened.writelines(f"boom {number} {'x' * 2_000}\n" for number in range(7_000))
    tracemalloc.start()
    try:
        told = measured(subject)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert told.value == 7_000
    assert peak < 3_000_000
    evidence = list(told.evidence)
    assert len(evidence) == 50
    assert str(evidence[-1]).startswith("boom 6999 xxx")
    assert {len(str(line)) for line in evidence} == {1_000}
    for _ in range(1_000):
        now.seconds += 0.1
        add(file, "boom")
        subject()
    assert len(subject._found._counts) <= 61


def test_a_pattern_that_stays_away_is_told_until_it_comes(file: Path) -> None:
    add(file, "Import completed: long ago")
    subject = logs.Absence(file, "Import completed")
    declared = Registry().add("import", subject, every="5m", critical_after="25h")

    def judged(hours: float) -> CheckResult:
        return verdict.of_returned(declared, subject(), time.time() + hours * 3_600)

    assert judged(24).status is Status.OK
    add(file, "Import began")
    broken = judged(26)
    assert broken.status is Status.CRITICAL
    assert broken.message.endswith("; no Import completed since the watch began")
    watch_began = measured(subject).value
    add(file, "Import completed: 7 rows")
    mended = judged(0)
    assert (mended.status, mended.evidence) == (Status.OK, ("Import completed: 7 rows",))
    seen = measured(subject).value
    assert isinstance(watch_began, datetime)
    assert isinstance(seen, datetime)
    assert seen > watch_began
    assert measured(subject).value == seen


def test_a_kind_of_line_that_was_never_seen_turns_the_check(file: Path, now: Now) -> None:
    add(file, "INFO order 1 paid", "ERROR card 2 declined")
    subject = logs.NewPattern(file, window="10m")
    assert state(subject) == (0, "ok")
    add(file, "INFO order 17 paid", "ERROR card 9 declined")
    assert state(subject) == (0, "ok")
    add(file, "ERROR disk full on /data", "INFO order 18 paid", "ERROR disk full on /data")
    told = measured(subject)
    assert (told.value, told.unit, told.message) == (1, "{pattern}", "new kinds of lines in 10m")
    assert told.evidence == ["ERROR disk full on /data"]
    assert told.details["kinds"] == 3
    now.seconds += 599
    assert state(subject) == (1, "warning")
    now.seconds += 1
    add(file, "ERROR disk full on /data")
    assert state(subject) == (0, "ok")


def test_only_the_lines_of_a_pattern_can_be_new(file: Path, now: Now) -> None:
    subject = logs.NewPattern(file, "ERROR")
    assert state(subject) == (0, "ok")
    add(file, "INFO began", "INFO ended")
    assert state(subject) == (0, "ok")
    add(file, "ERROR began")
    assert state(subject) == (1, "warning")


def test_the_kinds_seen_last_are_known_and_no_more(file: Path, now: Now) -> None:
    subject = logs.NewPattern(file)
    words = ["".join(chr(97 + int(digit)) for digit in str(number)) for number in range(12_000)]
    subject()
    add(file, *words)
    assert measured(subject).details["kinds"] == 10_000
    now.seconds += 3_600
    add(file, words[-1], words[2_000], words[1_999])
    assert measured(subject).evidence == [words[1_999]]


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_log_that_is_not_there_is_unknown_until_it_is(tmp_path: Path, subject: Any) -> None:
    watched = subject(tmp_path / "app.log", "x")
    told = watched()
    assert isinstance(told, CheckResult)
    assert told.status is Status.UNKNOWN
    assert told.message == (
        f"{tmp_path}/app.log is not there: correct the path, or see what writes it"
    )
    add(tmp_path / "app.log", "x")
    measured(watched)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_pattern_that_is_none_is_refused(subject: Any) -> None:
    with pytest.raises(ValueError, match=r"pattern is 'a\(': no pattern: missing \)"):
        subject("app.log", "a(")


@pytest.mark.parametrize("subject", [logs.PatternCount, logs.NewPattern])
def test_a_window_that_is_none_is_refused(subject: Any) -> None:
    with pytest.raises(ValueError, match="'soon' is no span of time"):
        subject("app.log", "a", window="soon")


def test_a_line_counts_once_whichever_thread_reads_it(file: Path) -> None:
    subject = logs.PatternCount(file, "boom", window="1h")
    subject()
    add(file, *["boom"] * 1_000)
    threads = [threading.Thread(target=subject) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert measured(subject).value == 1_000
