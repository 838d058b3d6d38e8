"""What becomes of rotated files."""

from __future__ import annotations

import gzip
import os
import time
from pathlib import Path

import pytest

from obskit.export.lock import exclusive
from obskit.logfiles import flock
from obskit.logfiles.care import LOCK, Limits, care, days

from .writing import lines

LEVELS = ("debug", "info", "warning", "error", "critical")
ALL = b"".join(b'{"timestamp":"t","level":"%s"}\n' % level.encode() for level in LEVELS)
KEPT = days({10: 7, 20: 30, 30: 90, 40: 365})
NAME = "app.log-20260101T000000.000000-7"
EVERYTHING = Limits({}, 1 << 40)


def rotated(folder: Path, days_old: float, name: str = NAME, data: bytes = ALL) -> Path:
    """A file that was rotated some days ago."""
    path = folder / name
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    when = time.time() - 86_400 * days_old
    os.utime(path, (when, when))
    return path


@pytest.mark.parametrize(
    ("days_old", "left", "suffix"),
    [
        (6, LEVELS, ".gz"),
        (8, LEVELS[1:], "-20.gz"),
        (31, LEVELS[2:], "-30.gz"),
        (91, LEVELS[3:], "-40.gz"),
        (366, LEVELS[4:], "-50.gz"),
        (3_660, LEVELS[4:], "-50.gz"),
    ],
)
def test_lines_of_a_level_go_when_their_days_are_over(
    tmp_path: Path, days_old: float, left: tuple[str, ...], suffix: str
) -> None:
    path = rotated(tmp_path, days_old)
    before = path.stat().st_mtime_ns
    for _ in range(2):  # the second time nothing is left to do
        care(tmp_path, Limits(KEPT, 1 << 40))
    (found,) = tmp_path.glob("app.log-*")
    assert found.name == NAME + suffix
    assert found.stat().st_mtime_ns == before
    expected = [b'{"timestamp":"t","level":"%s"}' % level.encode() for level in left]
    assert lines(tmp_path) == expected


def test_a_file_goes_when_none_of_its_lines_is_kept(tmp_path: Path) -> None:
    rotated(tmp_path, 8, data=b'{"level":"debug"}\n')
    rotated(tmp_path, 31, "app.log-20250101T000000.000000-7.gz", b"no JSON is of level INFO\n")
    care(tmp_path, Limits({**KEPT, 50: 1.0}, 1 << 40))
    assert [one.name for one in tmp_path.glob("app*")] == []


def test_the_audit_is_compressed_and_nothing_of_it_ever_removed(tmp_path: Path) -> None:
    rotated(tmp_path, 10_000, "audit.log-20260101T000000.000000-7")
    care(tmp_path, Limits(dict.fromkeys((10, 20, 30, 40, 50), 1.0), 1))
    assert [one.name for one in tmp_path.glob("audit*")] == [
        "audit.log-20260101T000000.000000-7.gz"
    ]
    assert len(lines(tmp_path, "audit")) == 5


def test_beyond_the_cap_the_oldest_lines_go_first_and_critical_ones_last(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noise = b"".join(
        b'{"level":"info","n":"%s"}\n' % os.urandom(30).hex().encode() for _ in "." * 99
    )
    for day in (1, 2, 3):
        name = f"app.log-2026010{day}T000000.000000-7"
        rotated(tmp_path, 10 - day, name, noise + b'{"level":"critical"}\n')
    size = len(gzip.compress(noise, 6))
    care(tmp_path, Limits({}, 2 * size))
    assert sorted(one.name for one in tmp_path.glob("app*")) == [
        "app.log-20260101T000000.000000-7-50.gz",
        "app.log-20260102T000000.000000-7-50.gz",
        "app.log-20260103T000000.000000-7.gz",
    ]
    assert capsys.readouterr().err == (
        f"obskit: the log files in {tmp_path} took more than {2 * size} bytes: lines of the oldest"
        " 2 were removed before their time. OBSKIT_LOG_FOLDER_MAX_BYTES is the limit\n"
    )
    care(tmp_path, Limits({}, 1))
    assert list(tmp_path.glob("app*")) == []


def test_what_a_killed_process_left_is_put_right(tmp_path: Path) -> None:
    # Killed after compressing and before removing, and in the middle of compressing.
    rotated(tmp_path, 1)
    rotated(tmp_path, 1, f"{NAME}.gz")
    second = "app.log-20260102T000000.000000-7"
    rotated(tmp_path, 1, second, b"second\n")
    (tmp_path / f"{second}.gz.part").write_bytes(b"\x1f\x8b half")
    care(tmp_path, EVERYTHING)
    assert sorted(one.name for one in tmp_path.glob("app*")) == [f"{NAME}.gz", f"{second}.gz"]
    assert lines(tmp_path) == [*ALL.splitlines(), b"second"]


def test_a_file_that_is_still_written_to_is_left_for_the_next_time(tmp_path: Path) -> None:
    path = rotated(tmp_path, 1)
    with path.open("ab") as writer:
        flock.shared(writer.fileno(), 0)
        care(tmp_path, EVERYTHING)
        assert path.exists()
    care(tmp_path, EVERYTHING)
    assert not path.exists()
    assert lines(tmp_path) == ALL.splitlines()


def test_only_one_process_of_a_host_does_it_at_a_time(tmp_path: Path) -> None:
    path = rotated(tmp_path, 1)
    with exclusive(tmp_path / LOCK) as ours:
        assert ours
        care(tmp_path, EVERYTHING)
    assert path.exists()


def test_a_damaged_file_is_told_and_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = rotated(tmp_path, 366, f"{NAME}.gz")
    path.write_bytes(path.read_bytes()[:-12])
    old = time.time() - 366 * 86_400
    os.utime(path, (old, old))
    care(tmp_path, Limits(KEPT, 1 << 40))
    assert [one.name for one in tmp_path.glob("app*")] == [f"{NAME}.gz"]
    assert capsys.readouterr().err == (
        f"obskit: rotated log files in {tmp_path} cannot be compressed or removed:"
        f" {path} is cut off\n"
    )


def test_a_folder_that_is_gone_raises_nothing(tmp_path: Path) -> None:
    care(tmp_path / "gone", EVERYTHING)
    assert not (tmp_path / "gone").exists()
