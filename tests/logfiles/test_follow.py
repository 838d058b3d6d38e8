"""A stream that is read while it is written and rotated."""

from __future__ import annotations

import json
import os
from collections import Counter
from contextlib import closing
from pathlib import Path

from obskit.logfiles.care import Limits, care
from obskit.logfiles.follow import Follower
from obskit.logfiles.linefile import LineFile

from .writing import WRITE, begin, go


def read(follower: Follower) -> list[str]:
    return [line.text for line in follower.read()]


def test_what_was_there_is_past_and_what_is_added_is_read_once(tmp_path: Path) -> None:
    file = LineFile(tmp_path / "app.log")
    file.write(b"1\n")
    with closing(Follower(tmp_path, "app")) as follower:
        file.write(b"2\n")
        assert list(follower.past()) == [b"1"]
        assert read(follower) == ["2"]
        assert read(follower) == []
        file.write(b"3\n")
        assert read(follower) == ["3"]


def test_a_part_of_a_line_waits_for_its_end(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(b"1\nbegin")
    with closing(Follower(tmp_path, "app")) as follower, path.open("ab", buffering=0) as other:
        assert list(follower.past()) == [b"1"]
        assert read(follower) == []
        other.write(b" middle")
        assert read(follower) == []
        other.write(b" end\n")
        assert read(follower) == ["begin middle end"]


def test_a_stream_that_is_not_there_yet_is_followed_when_it_is(tmp_path: Path) -> None:
    with closing(Follower(tmp_path, "app")) as follower:
        assert read(follower) == []
        LineFile(tmp_path / "app.log").write(b"1\n")
        assert read(follower) == ["1"]


def test_files_that_come_and_go_between_two_looks_are_all_read(tmp_path: Path) -> None:
    file = LineFile(tmp_path / "app.log", max_bytes=4, period=1e9)
    file.write(b"1\n")
    with closing(Follower(tmp_path, "app")) as follower:
        for number in range(2, 9):
            file.write(b"%d\n" % number)
        care(tmp_path, Limits({}, 1 << 40))
        assert read(follower) == ["2", "3", "4", "5", "6", "7", "8"]
        file.write(b"9\n")
        assert read(follower) == ["9"]


def test_a_file_that_somebody_moved_or_truncated_is_followed(tmp_path: Path) -> None:
    file = LineFile(tmp_path / "app.log")
    file.write(b"1\n")
    with closing(Follower(tmp_path, "app")) as follower:
        file.write(b"2\n")
        (tmp_path / "app.log").rename(tmp_path / "app.log.1")
        file.write(b"3\n")
        assert read(follower) == ["2", "3"]
        os.truncate(tmp_path / "app.log", 0)
        assert read(follower) == []
        file.write(b"4\n")
        assert read(follower) == ["4"]


def test_each_line_is_read_once_while_two_processes_write_and_rotate(tmp_path: Path) -> None:
    LineFile(tmp_path / "app.log").write(b'{"who":"before","number":0}\n')
    writers = [begin(WRITE, tmp_path, who, 1_500, 3_000) for who in "ab"]
    with closing(Follower(tmp_path, "app")) as follower:
        go(*writers)
        found = [json.loads(row) for row in follower.past()]
        while any(one.poll() is None for one in writers):
            found += [line.fields for line in follower.read()]
        found += [line.fields for line in follower.read()]
    for one in writers:
        one.communicate()
    counted = Counter((line["who"], line["number"]) for line in found)
    expected = {(who, number): 1 for who in "ab" for number in range(1_500)}
    assert counted == {("before", 0): 1, **expected}
