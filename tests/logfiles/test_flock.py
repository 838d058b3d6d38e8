"""Locks of an open file that nobody waits for long."""

from __future__ import annotations

from pathlib import Path
from threading import Timer

import pytest

from obskit.logfiles import flock


def test_many_share_a_file_and_one_has_it_alone(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    with path.open("wb") as one, path.open("rb") as other, path.open("rb") as third:
        flock.shared(one.fileno(), 0)
        flock.shared(other.fileno(), 0)
        with pytest.raises(BlockingIOError):
            flock.alone(third.fileno())
        flock.release(one.fileno())
        flock.release(other.fileno())
        flock.alone(third.fileno())
        with pytest.raises(BlockingIOError):
            flock.shared(one.fileno(), 0)


def test_who_is_patient_has_it_when_the_other_is_done(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    with path.open("wb") as one, path.open("rb") as other:
        flock.alone(one.fileno())
        timer = Timer(0.02, flock.release, (one.fileno(),))
        timer.start()
        flock.shared(other.fileno(), 60)
        timer.join()
        with pytest.raises(BlockingIOError):
            flock.alone(one.fileno())
