"""A log file that is followed: each line once, whatever rotates it."""

from __future__ import annotations

import gc
import gzip
import logging.handlers
import os
import shutil
from pathlib import Path

import pytest

from obskit.checks.library.logfile import LogFile
from obskit.checks.library.walk import CannotJudge


def add(file: Path, *lines: object) -> None:
    with file.open("a") as opened:
        opened.writelines(f"{line}\n" for line in lines)


def read(log: LogFile) -> list[str]:
    lines: list[str] = []
    log.read(lines.append)
    return lines


def pack(file: Path) -> Path:
    packed = file.with_name(f"{file.name}.gz")
    with gzip.open(packed, "wb") as opened:
        opened.write(file.read_bytes())
    file.unlink()
    return packed


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "app.log"
    add(file, "old", "older")
    return file


@pytest.fixture
def log(file: Path) -> LogFile:
    """The file, followed from its end on."""
    log = LogFile(file)
    assert read(log) == []
    add(file, "before")
    assert read(log) == ["before"]
    return log


def test_each_line_is_read_once(file: Path, log: LogFile) -> None:
    assert read(log) == []
    add(file, "one", "two")
    assert read(log) == ["one", "two"]
    assert read(log) == []


def test_a_line_is_read_when_it_is_whole(file: Path, log: LogFile) -> None:
    with file.open("ab", buffering=0) as opened:
        opened.write(b"half")
        assert read(log) == []
        opened.write(b" and half\r\nn\xc3")
        assert read(log) == ["half and half"]
        opened.write(b"\xa4chste\n\xff\n")
        assert read(log) == ["nächste", "�"]


def test_some_of_what_is_there_can_be_read_first(file: Path) -> None:
    add(file, "newest")
    assert read(LogFile(file, back=10)) == ["newest"]
    assert read(LogFile(file, back=10_000)) == ["old", "older", "newest"]


def test_the_rest_of_a_renamed_file_is_read_first(file: Path, log: LogFile) -> None:
    add(file, "rest")
    file.rename(file.with_name("app.log.1"))
    add(file, "new", "newer")
    assert read(log) == ["rest", "new", "newer"]
    assert read(log) == []
    assert log.lost == 0


def test_the_rest_of_a_packed_file_is_read_first(file: Path, log: LogFile) -> None:
    add(file, "rest")
    file.rename(file.with_name("app.log-20240131"))
    pack(file.with_name("app.log-20240131"))
    add(file, "new")
    assert read(log) == ["rest", "new"]
    assert log.lost == 0


def test_the_rest_of_a_file_that_was_copied_and_truncated_is_read_first(
    file: Path, log: LogFile
) -> None:
    add(file, "rest")
    shutil.copy(file, file.with_name("app.log.1"))
    os.truncate(file, 0)
    add(file, "new")
    assert read(log) == ["rest", "new"]
    add(file, "newer")
    assert read(log) == ["newer"]
    assert log.lost == 0


def test_copies_of_a_file_that_was_empty_are_read_first(file: Path) -> None:
    add(file.with_name("app.log.1"), "long ago")
    os.utime(file.with_name("app.log.1"), (1, 1))
    os.truncate(file, 0)
    log = LogFile(file)
    assert read(log) == []
    add(file, "one")
    file.with_name("app.log.1").rename(file.with_name("app.log.3"))
    shutil.copy(file, file.with_name("app.log.2"))
    os.truncate(file, 0)
    add(file, "two")
    shutil.copy(file, file.with_name("app.log.1"))
    os.truncate(file, 0)
    assert read(log) == ["one", "two"]
    add(file, "three")
    assert read(log) == ["three"]
    assert log.lost == 0


def test_a_truncated_file_that_has_outgrown_the_old_one_is_known_as_new(
    file: Path, log: LogFile
) -> None:
    shutil.copy(file, file.with_name("app.log.1"))
    os.truncate(file, 0)
    lines = [f"line {number}" for number in range(100)]
    add(file, *lines)
    assert read(log) == lines
    assert log.lost == 0


def test_lines_that_are_all_alike_are_counted_over_a_rotation(file: Path, log: LogFile) -> None:
    add(file, *["boom"] * 3)
    assert len(read(log)) == 3
    file.rename(file.with_name("app.log.1"))
    add(file, "old", "older", "before", *["boom"] * 5)
    assert len(read(log)) == 8


def test_two_rotations_between_two_readings_lose_nothing(file: Path, log: LogFile) -> None:
    add(file, "rest")
    file.rename(file.with_name("app.log.2"))
    add(file.with_name("app.log.1"), "between")
    add(file.with_name("app.log.3"), "long ago")
    add(file, "new")
    assert read(log) == ["rest", "between", "new"]
    assert log.lost == 0


def test_two_dated_rotations_lose_nothing(file: Path, log: LogFile) -> None:
    add(file, "rest")
    file.rename(file.with_name("app.log.2024-01-30"))
    pack(file.with_name("app.log.2024-01-30"))
    add(file.with_name("app.log.2024-01-31"), "between")
    add(file.with_name("app.log.2024-01-29"), "long ago")
    add(file, "new")
    assert read(log) == ["rest", "between", "new"]


def test_a_file_that_is_being_packed_is_read_once(file: Path, log: LogFile) -> None:
    add(file, "rest")
    file.rename(file.with_name("app.log.1"))
    shutil.copy(file.with_name("app.log.1"), file.with_name("copy"))
    pack(file.with_name("copy")).rename(file.with_name("app.log.1.gz"))
    add(file, "new")
    assert read(log) == ["rest", "new"]
    assert read(log) == []


def test_an_old_file_whose_last_line_has_no_end_is_read_whole(file: Path, log: LogFile) -> None:
    with file.open("a") as opened:
        opened.write("killed here")
    file.rename(file.with_name("app.log.1"))
    add(file, "new")
    assert read(log) == ["killed here", "new"]


def test_an_old_file_that_cannot_be_found_is_counted_as_lost(file: Path, log: LogFile) -> None:
    add(file, "rest")
    file.unlink()
    add(file.with_name("app.log.1"), "another's")
    add(file.with_name("app.log.lock"), "x")
    add(file.with_name("app.logger"), "x")
    add(file, "completely", "different", "and longer than the old one was")
    assert read(log) == ["completely", "different", "and longer than the old one was"]
    assert log.lost == 1


def test_a_packed_file_that_is_broken_is_counted_as_lost(file: Path, log: LogFile) -> None:
    add(file, "rest")
    file.rename(file.with_name("app.log.1"))
    packed = pack(file.with_name("app.log.1"))
    packed.write_bytes(packed.read_bytes()[:-12])
    add(file, "new")
    assert read(log) == ["new"]
    assert read(log) == []
    assert log.lost == 1


@pytest.mark.parametrize("packed", [False, True])
def test_the_old_file_is_read_while_the_new_one_is_not_there_yet(
    file: Path, log: LogFile, packed: bool
) -> None:
    add(file, "rest")
    file.rename(file.with_name("app.log.1"))
    if packed:
        pack(file.with_name("app.log.1"))
    assert read(log) == ["rest"]
    assert read(log) == []
    add(file, "new")
    assert read(log) == ["new"]
    assert log.lost == 0


@pytest.mark.parametrize("kind", ["size", "time"])
def test_what_python_rotates_is_read_whole(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "app.log"
    handler: logging.handlers.BaseRotatingHandler
    if kind == "size":
        handler = logging.handlers.RotatingFileHandler(file, maxBytes=300, backupCount=9)
    else:
        handler = logging.handlers.TimedRotatingFileHandler(file, when="S", backupCount=9)
    log = LogFile(file)
    read(log)
    expected, found = [], []
    for number in range(100):
        line = f"line {number}"
        expected.append(line)
        handler.emit(logging.makeLogRecord({"msg": line}))
        if number % 30 == 7:
            found += read(log)
    found += read(log)
    handler.close()
    assert found == expected
    assert log.lost == 0


def test_a_reading_is_bounded_and_the_next_one_goes_on(file: Path, log: LogFile) -> None:
    with file.open("a") as opened:
        opened.writelines(f"{number} {'x' * 1_000}\n" for number in range(20_000))
    file.rename(file.with_name("app.log.1"))
    add(file, "new")
    numbers: list[int] = []

    def take(line: str) -> None:
        numbers.append(int(line.split(maxsplit=1)[0]) if line[0].isdigit() else -1)

    assert log.read(take) is True
    assert len(numbers) == 16_671
    assert log.read(take) is False
    assert numbers == [*range(20_000), -1]
    assert log.lost == 0


def test_a_line_without_end_is_cut(file: Path, log: LogFile) -> None:
    with file.open("a") as opened:
        opened.write("x" * 1_000_000)
    assert [len(line) for line in read(log)] == [65_536]
    with file.open("a") as opened:
        opened.write("x" * 1_000_000)
    assert read(log) == []
    add(file, "", "next")
    assert read(log) == ["next"]


def test_a_file_that_is_not_there_yet_is_read_from_its_beginning(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "app.log")
    with pytest.raises(CannotJudge) as told:
        read(log)
    assert str(told.value) == (
        f"{tmp_path}/app.log is not there: correct the path, or see what writes it"
    )
    add(tmp_path / "app.log", "first")
    assert read(log) == ["first"]


def test_a_file_that_went_away_is_told_and_read_when_it_is_back(file: Path, log: LogFile) -> None:
    file.unlink()
    with pytest.raises(CannotJudge, match="is not there"):
        read(log)
    add(file, "back")
    assert read(log) == ["back"]


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CannotJudge, match="is no file: a pipe or device cannot be followed"):
        read(LogFile(tmp_path / "pipe"))
    with pytest.raises(CannotJudge, match="is a folder: name a file in it"):
        read(LogFile(tmp_path))


def test_nothing_stays_open_between_readings(file: Path, log: LogFile) -> None:
    gc.collect()  # what other tests left is closed now, not while it is counted
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(10):
        add(file, f"rest {number}")
        file.rename(file.with_name(f"app.log-2024010{number}"))
        pack(file.with_name(f"app.log-2024010{number}"))
        add(file, f"new {number}")
        assert read(log) == [f"rest {number}", f"new {number}"]
    assert len(list(Path("/proc/self/fd").iterdir())) == before
