"""The bounds of the spool: bytes, age, and the disk itself."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from tests.export.spooled import START, STORED, Time, bodies, files, one, refuse

from obskit.export.spool import Outcome, Spool


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def spool(tmp_path: Path, time: Time) -> Spool:
    return Spool(tmp_path / "spool", clock=time, writer="web1 7")


def test_the_oldest_of_any_signal_makes_room(tmp_path: Path, time: Time) -> None:
    size = one(Spool(tmp_path / "measured", clock=time, writer="w")).stat().st_size
    spool = Spool(tmp_path / "spool", max_bytes=3 * size, clock=time, writer="w")
    for signal, records in (("traces", 2), ("logs", 3), ("traces", 5)):
        time.pass_by(1)
        assert spool.put(signal, b"body", records) == STORED
    time.pass_by(1)
    assert spool.put("logs", b"more", 1) == Outcome(True, "", {("traces", "spool_size"): 2})
    shown = spool.snapshot()
    assert shown["bytes"] == 3 * size
    assert {signal: found["records"] for signal, found in shown["signals"].items()} == {
        "logs": 4,
        "traces": 5,
    }


def test_what_alone_is_too_large_drops_nothing(tmp_path: Path, time: Time) -> None:
    spool = Spool(tmp_path / "spool", max_bytes=1_000, clock=time)
    one(spool)
    large = os.urandom(2_000)
    assert spool.put("logs", large, 9) == Outcome(False, "spool_size", {})
    assert bodies(spool) == [b"body"]


def test_what_is_too_old_is_dropped_first(tmp_path: Path, time: Time) -> None:
    """So that nothing that is still of use makes room."""
    size = one(Spool(tmp_path / "measured", clock=time, writer="w")).stat().st_size
    spool = Spool(tmp_path / "spool", 2 * size, 60.0, time, "w")
    one(spool, "traces", records=4)
    time.pass_by(60)
    one(spool, "logs", body=b"kept")
    time.pass_by(1)
    outcome = spool.put("logs", b"last", 1)
    assert outcome == Outcome(True, "", {("traces", "spool_age"): 4})
    assert bodies(spool) == [b"kept", b"last"]


def test_what_grows_too_old_is_not_read(tmp_path: Path, time: Time) -> None:
    """It is removed, and told of once."""
    spool = Spool(tmp_path / "spool", max_age=60, clock=time)
    one(spool, "traces", records=4)
    one(spool, "traces", records=5)
    time.pass_by(61)
    assert spool.oldest() is None
    assert spool.take_losses() == {("traces", "spool_age"): 9}
    assert spool.take_losses() == {}
    assert files(spool) == []


def test_a_file_of_the_future_is_fresh(spool: Spool, time: Time) -> None:
    """The clock was set back after it was written."""
    time.seconds += 10 * 86_400
    one(spool)
    time.seconds = START
    assert spool.snapshot()["signals"]["logs"]["oldest_seconds"] == 0.0
    assert bodies(spool) == [b"body"]


def test_a_clock_before_1970_is_no_obstacle(spool: Spool, time: Time) -> None:
    time.seconds = -5.0
    one(spool)
    assert bodies(spool) == [b"body"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_fills_up_leaves_nothing_behind(
    number: int, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part is written, then the rest has no room. The next batch is tried at once."""
    written: list[int] = []
    real = os.write

    def write(file: int, content: Any) -> int:
        if written:
            raise OSError(number, os.strerror(number))
        written.append(real(file, content[:10]))
        return written[0]

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        assert spool.put("logs", b"body", 1) == Outcome(False, "spool_full_disk", {})
    assert written == [10]
    assert files(spool) == []
    assert spool.off == ""
    assert spool.put("logs", b"body", 1) == STORED


def test_a_write_in_small_parts_is_whole_in_the_end(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda file, content: real(file, content[:7]))
        one(spool, body=b"a longer body")
    assert bodies(spool) == [b"a longer body"]


def test_where_no_directory_can_be_the_spool_is_off_for_a_minute(
    tmp_path: Path, time: Time
) -> None:
    """Then it is tried again."""
    place = tmp_path / "spool"
    place.write_text("precious")
    spool = Spool(place, clock=time)
    refused = Outcome(False, "spool_unwritable", {})
    assert spool.put("logs", b"body", 1) == refused
    assert spool.off == f"cannot write to {place}: Not a directory"
    assert spool.snapshot()["off"] == spool.off
    assert spool.oldest() is None
    with spool.replaying() as ours:
        assert not ours
    assert place.read_text() == "precious"
    place.unlink()
    time.pass_by(59.9)
    assert spool.put("logs", b"body", 1) == refused
    time.pass_by(0.1)
    assert spool.put("logs", b"body", 1) == STORED
    assert spool.off == ""


def test_a_path_that_cannot_be_one_is_refused(time: Time) -> None:
    spool = Spool(Path("/tmp/a\0b"), clock=time)
    assert spool.put("logs", b"body", 1) == Outcome(False, "spool_unwritable", {})
    assert "null" in spool.off
    assert spool.oldest() is None
    assert spool.purge() == {}
    with spool.replaying() as ours:
        assert not ours


def test_a_directory_that_is_removed_meanwhile_is_made_again(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As between the steps of one write."""
    removed: list[Path] = []
    real = os.write

    def write(file: int, content: Any) -> int:
        if not removed:
            removed.append(spool.directory)
            (partial,) = files(spool)
            partial.unlink()
            spool.directory.rmdir()
        return real(file, content)

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        assert spool.put("logs", b"body", 1) == STORED
    assert bodies(spool) == [b"body"]


def test_where_no_room_can_be_made_nothing_is_written(
    tmp_path: Path, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files that cannot be removed keep their bytes."""
    spool = Spool(tmp_path / "spool", 250, clock=time, writer="w")
    one(spool)
    one(spool)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        assert spool.put("logs", os.urandom(100), 1) == Outcome(False, "spool_size", {})
    assert len(files(spool)) == 2


def test_evictions_of_another_process_are_its_own(
    tmp_path: Path, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both see the same oldest file; the one that removes it counts it."""
    size = one(Spool(tmp_path / "measured", clock=time, writer="w")).stat().st_size
    spool = Spool(tmp_path / "spool", 2 * size, clock=time, writer="w")
    one(spool)
    one(spool)
    real = Path.unlink
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", lambda path: (real(path), real(path)))
        assert spool.put("logs", b"body", 1) == STORED
    assert len(files(spool)) == 2
