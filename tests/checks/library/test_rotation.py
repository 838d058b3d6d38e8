"""Rotation of log files, as it leaves real files."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from obskit.checks.library.rotation import Rotation

DAY = 86_400


def write(file: Path, size: int = 0, *, days: float = 0.0) -> Path:
    with file.open("wb") as opened:
        opened.truncate(size)  # sparse: it takes no room
    then = time.time() - days * DAY
    os.utime(file, (then, then))
    return file


def said(folder: Path) -> list[str]:
    issues = Rotation(folder, most_bytes=100_000_000, keep="30d")()
    assert isinstance(issues, list)
    assert {each.level for each in issues} <= {"critical"}
    return [f"{Path(each.subject).name} {each.message}" for each in issues]


def test_a_folder_in_order_has_no_issues(tmp_path: Path) -> None:
    write(tmp_path / "app.log", 100_000_000, days=90)
    write(tmp_path / "app.log-20260101T000000.000000-77.gz", 500_000_000, days=29)
    write(tmp_path / "app.log.1", days=1)
    write(tmp_path / "other.txt", 500_000_000)
    assert said(tmp_path) == []


def test_a_file_that_has_outgrown_its_size_was_not_rotated(tmp_path: Path) -> None:
    file = write(tmp_path / "app.log", 101_000_000)
    assert said(tmp_path) == [
        "app.log has 96 MiB, and is to be rotated at 95 MiB: see what rotates it"
    ]
    file.unlink()
    assert said(tmp_path) == []


@pytest.mark.parametrize("name", ["app.log-20260101T000000.000000-77", "app.log.1"])
def test_what_was_rotated_long_ago_is_to_be_compressed(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, days=3.001)
    assert said(tmp_path) == [
        f"{name} was rotated 3d ago, and is not compressed: see what rotates it"
    ]


@pytest.mark.parametrize("name", ["app.log-20260101.gz", "app.log.9"])
def test_what_is_kept_for_too_long_is_to_be_removed(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, days=31.001)
    assert said(tmp_path) == [f"{name} is 31d old, and is to be removed: see what rotates it"]


def test_a_folder_that_is_gone_is_missed(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="is no folder: correct the path, or make it"):
        Rotation(tmp_path / "gone", most_bytes=1)()


def test_a_span_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="soon"):
        Rotation(tmp_path, most_bytes=1, keep="soon")
