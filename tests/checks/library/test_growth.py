"""How much a file has grown, on a clock that the test sets."""

from __future__ import annotations

from pathlib import Path

import pytest

from obskit.checks.library import growth
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult, Status


class Now:
    seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Now:
    now = Now()
    monkeypatch.setattr(growth, "monotonic", now)
    return now


def grown(subject: growth.Growth) -> tuple[object, str]:
    told = subject()
    assert isinstance(told, Measurement)
    return told.value, told.message


def add(file: Path, size: int) -> None:
    with file.open("ab") as opened:
        opened.write(bytes(size))


def test_a_file_that_runs_away_is_told_until_it_rests(tmp_path: Path, now: Now) -> None:
    file = tmp_path / "app.log"
    add(file, 5_000)
    subject = growth.Growth(file, "10m")
    first = subject()
    assert isinstance(first, CheckResult)
    assert first.status is Status.UNKNOWN
    now.seconds += 300
    assert grown(subject) == (0, "0 B in 5m")
    add(file, 4_096)
    now.seconds += 300
    assert grown(subject) == (4_096, "4.0 KiB in 10m")
    now.seconds += 300
    assert grown(subject) == (4_096, "4.0 KiB in 10m")
    now.seconds += 300
    assert grown(subject) == (0, "0 B in 10m")


def test_a_file_that_is_rotated_has_not_shrunk(tmp_path: Path, now: Now) -> None:
    file = tmp_path / "app.log"
    add(file, 1_000)
    subject = growth.Growth(file)
    subject()
    add(file, 200)
    now.seconds += 60
    assert grown(subject) == (200, "200 B in 1m")
    file.rename(tmp_path / "app.log.1")
    add(file, 2_000)
    now.seconds += 60
    assert grown(subject) == (2_200, "2.1 KiB in 2m")
    file.write_bytes(b"truncated")
    now.seconds += 60
    assert grown(subject) == (2_209, "2.2 KiB in 3m")


def test_runs_beyond_the_window_are_forgotten(tmp_path: Path, now: Now) -> None:
    file = tmp_path / "app.log"
    add(file, 1)
    subject = growth.Growth(file, "1m")
    for _ in range(10_000):
        now.seconds += 0.1
        subject()
    assert len(subject._seen.looks) <= 62


def test_a_file_that_is_gone_is_told_and_goes_on_when_it_is_back(tmp_path: Path, now: Now) -> None:
    file = tmp_path / "app.log"
    add(file, 10)
    subject = growth.Growth(file)
    subject()
    file.unlink()
    with pytest.raises(FileNotFoundError, match=r"app\.log is not there"):
        subject()
    add(file, 30)
    now.seconds += 1
    assert grown(subject)[0] in {20, 30}  # the new one may have the old one's inode


@pytest.mark.parametrize("window", ["", "5", "-1m"])
def test_a_window_that_is_none_is_refused(window: str) -> None:
    with pytest.raises(ValueError, match="is no span of time"):
        growth.Growth("app.log", window)
