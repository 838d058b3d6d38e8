"""The names of log files."""

from __future__ import annotations

import os
from pathlib import Path

from obskit.logfiles import naming


def put(folder: Path, *names: str) -> None:
    for age, name in enumerate(names):
        (folder / name).write_bytes(b"")
        os.utime(folder / name, (1_000 - age, 1_000 - age))


def test_a_rotated_file_says_when_and_by_whom() -> None:
    assert naming.rotated_now(Path("/logs/app.log"), 1_767_225_600.25, 77) == Path(
        "/logs/app.log-20260101T000000.250000-77"
    )
    assert naming.rotated_now(Path("app.log"), 0).name == (
        f"app.log-19700101T000000.000000-{os.getpid()}"
    )


def test_files_of_a_stream_are_in_order_of_age_and_others_left_out(tmp_path: Path) -> None:
    put(
        tmp_path,
        "app.log-20260102T000000.000000-9",
        "app.log.2.gz",
        "app.log",
        "app.log-20260101T000000.000000-7-30.gz",
        "app.log-20260103T000000.000000-9.gz.part",
        "application.log",
        "app.log.swp",
        "app.logs",
        ".app.log",
        "notes.txt",
    )
    assert [path.name for path in naming.files(tmp_path, "app")] == [
        "app.log-20260101T000000.000000-7-30.gz",
        "app.log.2.gz",
        "app.log-20260102T000000.000000-9",
        "app.log",
    ]
    assert naming.streams(tmp_path) == ["app", "application"]
    assert [one.when for one in naming.rotated(tmp_path)] == [
        "20260101T000000.000000-7",
        "20260102T000000.000000-9",
    ]


def test_a_file_that_was_thinned_says_which_level_is_left() -> None:
    one = naming.read(Path("/logs/app.log-20260101T000000.000000-7.gz"))
    assert one is not None
    assert (one.stream, one.least, one.packed) == ("app", 0, True)
    thinned = naming.thinned(one, 30)
    assert thinned == Path("/logs/app.log-20260101T000000.000000-7-30.gz")
    assert naming.read(Path("app.log.1")) is None
