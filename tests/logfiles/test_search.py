"""Lines found in files, rotated and compressed ones too."""

from __future__ import annotations

import gzip
import os
import re
from contextlib import ExitStack, closing
from pathlib import Path

from obskit.logfiles.follow import Follower
from obskit.logfiles.search import Wanted, chosen, search


def line(second: int, event: str, level: str = "info", **fields: str) -> bytes:
    others = "".join(f',"{name}":"{value}"' for name, value in fields.items())
    return (
        f'{{"timestamp":"2026-01-01T00:00:{second:02d}.000000Z","level":"{level}",'
        f'"event":"{event}"{others}}}\n'
    ).encode()


def put(folder: Path, name: str, *lines: bytes, age: float = 0.0) -> None:
    path = folder / name
    data = b"".join(lines)
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    os.utime(path, (1_000_000.0 - age, 1_000_000.0 - age))


def events(folder: Path, wanted: Wanted, *streams: str, since: float = 0.0) -> list[str]:
    with ExitStack() as stack:
        followers = [
            stack.enter_context(closing(Follower(folder, one))) for one in chosen(folder, streams)
        ]
        return [str(one.fields.get("event", one.text)) for one in search(followers, wanted, since)]


def test_lines_of_all_streams_and_files_are_found_in_order_of_time(tmp_path: Path) -> None:
    put(tmp_path, "app.log", line(5, "five"))
    put(tmp_path, "app.log-20260101T000004.000000-9", line(4, "four"), age=1)
    put(tmp_path, "app.log-20260101T000002.000000-7-20.gz", line(2, "two"), age=3)
    put(tmp_path, "app.log.2.gz", line(1, "one"), age=4)  # as logrotate names them
    put(tmp_path, "imports.log", line(3, "three"), line(6, "six"))
    put(tmp_path, "error.log", line(6, "six"))
    put(tmp_path, "app.log-20260101T000009.000000-9.gz.part", line(9, "never"))
    assert events(tmp_path, Wanted()) == ["one", "two", "three", "four", "five", "six"]
    assert events(tmp_path, Wanted(), "error") == ["six"]


def test_a_file_that_is_compressed_already_and_still_there_is_read_once(tmp_path: Path) -> None:
    name = "app.log-20260101T000004.000000-9"
    put(tmp_path, name, line(4, "four"))
    put(tmp_path, f"{name}.gz", line(4, "four"))
    assert events(tmp_path, Wanted()) == ["four"]


def test_what_is_sought_is_found_by_level_id_time_and_pattern(tmp_path: Path) -> None:
    put(
        tmp_path,
        "app.log",
        line(1, "a", "debug", request_id="r-1"),
        line(2, "b", "warning", trace_id="t-1"),
        line(3, "c", "error", request_id="r-1", user="ann"),
        line(4, "about r-1"),
    )
    assert events(tmp_path, Wanted(level=30)) == ["b", "c"]
    assert events(tmp_path, Wanted(request="r-1")) == ["a", "c"]
    assert events(tmp_path, Wanted(request="t-1")) == ["b"]
    assert events(tmp_path, Wanted(since="2026-01-01T00:00:03.000000Z")) == ["c", "about r-1"]
    assert events(tmp_path, Wanted(pattern=re.compile("user.*ann"))) == ["c"]
    assert events(tmp_path, Wanted(level=30, request="r-1")) == ["c"]


def test_files_that_are_older_than_what_is_sought_are_not_read(tmp_path: Path) -> None:
    put(tmp_path, "app.log-20260101T000004.000000-9.gz", line(4, "four"), age=10)
    put(tmp_path, "app.log", line(5, "five"))
    assert events(tmp_path, Wanted(), since=999_995.0) == ["five"]


def test_lines_that_are_no_json_keep_their_place(tmp_path: Path) -> None:
    put(tmp_path, "app.log", line(2, "two"), b"Traceback: \xff\n", b"\n", b"[1]\n", line(4, "four"))
    put(tmp_path, "other.log", line(3, "three"))
    assert events(tmp_path, Wanted()) == ["two", "Traceback: \ufffd", "[1]", "three", "four"]


def test_a_line_behind_a_part_of_one_is_still_read(tmp_path: Path) -> None:
    put(tmp_path, "app.log", b'{"timestamp":"2026' + line(4, "four"))
    assert events(tmp_path, Wanted()) == ["four"]


def test_of_a_damaged_file_is_read_what_can_be(tmp_path: Path) -> None:
    noise = os.urandom(40_000).hex()
    put(tmp_path, "app.log.1.gz", line(1, "one"), line(2, noise))
    damaged = tmp_path / "app.log.1.gz"
    damaged.write_bytes(damaged.read_bytes()[:-1_000])
    put(tmp_path, "app.log", line(5, "five"))
    assert [event[:4] for event in events(tmp_path, Wanted())] == ["one", "five"]
