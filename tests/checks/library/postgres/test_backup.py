"""Backup files: the newest that is large enough counts."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path

from obskit.checks.library.postgres import BackupFile
from obskit.checks.measurement import Measurement

NOON = datetime(2026, 1, 2, 12, tzinfo=timezone.utc)


def write(path: Path, size: int, hours_old: int) -> None:
    path.write_bytes(b"x" * size)
    when = NOON.timestamp() - hours_old * 3600
    os.utime(path, (when, when))


def test_no_backup_is_never(tmp_path: Path) -> None:
    assert BackupFile(f"{tmp_path}/*.dump")() == Measurement(
        None, message=f"no backup at {tmp_path}/*.dump"
    )


def test_the_newest_backup_counts(tmp_path: Path) -> None:
    write(tmp_path / "old.dump", 3000, 48)
    write(tmp_path / "new.dump", 2048, 2)
    write(tmp_path / "newer.log", 9000, 1)
    found = BackupFile(f"{tmp_path}/*.dump")()
    assert found == Measurement(
        datetime(2026, 1, 2, 10, tzinfo=timezone.utc),
        message="new.dump, 2.0 KiB",
        details={"file": f"{tmp_path}/new.dump", "size": 2048},
    )
    (tmp_path / "new.dump").unlink()
    assert BackupFile(f"{tmp_path}/*.dump")().value == datetime(
        2025, 12, 31, 12, tzinfo=timezone.utc
    )


def test_a_backup_that_is_too_small_is_none_until_it_is_whole(tmp_path: Path) -> None:
    subject = BackupFile(str(tmp_path / "shop.dump"), least_size=1000)
    write(tmp_path / "shop.dump", 999, 1)
    assert subject().value is None
    assert subject().details == {"too_small": 1}
    write(tmp_path / "shop.dump", 1000, 1)
    assert subject().value == datetime(2026, 1, 2, 11, tzinfo=timezone.utc)


def test_an_empty_backup_is_none(tmp_path: Path) -> None:
    write(tmp_path / "shop.dump", 0, 1)
    assert BackupFile(str(tmp_path / "shop.dump"))().value is None
