"""A process tells of itself in a file."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from obskit.capture import StillClock
from obskit.overview.telling import Telling


class Bench:
    """A file whose name a test sets, on a clock that stands still."""

    def __init__(self, folder: Path) -> None:
        self.clock = StillClock()
        self.begun = self.clock.now()
        self.folder = folder
        self.name = "i-1"
        self.content = self.tell
        self.telling = Telling(lambda: folder / f"{self.name}.json", self._tell, self.clock)

    def tell(self, started: float, now: float) -> bytes:
        return json.dumps([started - self.begun, now - self.begun]).encode()

    def _tell(self, started: float, now: float) -> bytes:
        return self.content(started, now)

    def run(self, seconds: float = 5.0) -> None:
        self.clock.advance(seconds)
        self.telling.run()

    @property
    def files(self) -> dict[str, object]:
        return {path.name: json.loads(path.read_text()) for path in self.folder.iterdir()}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    yield Bench(tmp_path / "standing")


def test_it_is_written_at_once_and_then_each_five_seconds(bench: Bench) -> None:
    bench.run(0)
    assert bench.files == {"i-1.json": [0.0, 0.0]}
    bench.run(4.75)
    assert bench.files == {"i-1.json": [0.0, 0.0]}
    bench.run(0.25)
    assert bench.files == {"i-1.json": [0.0, 5.0]}


def test_nobody_else_may_read_it_whatever_the_mask_of_the_process(bench: Bench) -> None:
    before = os.umask(0)
    try:
        bench.run()
    finally:
        os.umask(before)
    assert bench.folder.stat().st_mode & 0o777 == 0o700
    assert (bench.folder / "i-1.json").stat().st_mode & 0o777 == 0o600


def test_at_a_good_end_it_is_removed_and_not_written_again(bench: Bench) -> None:
    bench.run()
    bench.telling.finish()
    assert bench.files == {}
    bench.run()
    assert bench.files == {}


def test_a_process_that_never_told_leaves_another_ones_file(bench: Bench) -> None:
    bench.folder.mkdir()
    (bench.folder / "i-1.json").write_text("7")
    bench.telling.finish()
    assert bench.files == {"i-1.json": 7}


def test_a_forked_child_tells_of_itself_beside_its_parent(bench: Bench) -> None:
    bench.run()
    bench.telling._lock.acquire()  # by a thread that the child does not have
    bench.telling.after_fork()
    bench.name = "i-2"
    bench.run(1)
    assert bench.files == {"i-1.json": [0.0, 5.0], "i-2.json": [5.0, 6.0]}
    bench.telling.finish()
    assert bench.files == {"i-1.json": [0.0, 5.0]}


def test_what_killed_processes_have_left_goes_after_a_day(bench: Bench) -> None:
    bench.folder.mkdir()
    now = bench.clock.now()
    for name, age in {
        "old.json": 90_000,
        "old-traces-0.bin": 90_000,
        "old.json.tmp": 90_000,
        "young.json": 80_000,
        "notes.txt": 90_000,
    }.items():
        path = bench.folder / name
        path.write_text("7")
        os.utime(path, (now - age, now - age))
    bench.run()
    assert sorted(bench.files) == ["i-1.json", "notes.txt", "young.json"]


def test_that_it_cannot_be_written_is_told_once_and_so_is_that_it_can_again(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.folder.parent.joinpath("standing").write_text("")  # no folder
    with caplog.at_level(logging.INFO, "obskit.console"):
        bench.run()
        bench.run()
        bench.folder.unlink()
        bench.run()
    first, second = [record.getMessage() for record in caplog.records]
    assert first.startswith("the status page is not told of this process: ")
    assert first.endswith("; it is tried again each 5 s")
    assert second == "the status page is told of this process again"
    assert list(bench.files) == ["i-1.json"]


def test_a_fault_of_ours_is_told_with_its_traceback_and_reaches_nobody(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(started: float, now: float) -> bytes:
        raise LookupError("ours")

    bench.content = broken
    bench.run()
    (record,) = caplog.records
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], LookupError)
