"""What takes time, and what takes room."""

from __future__ import annotations

import time
from pathlib import Path

from tests.cli.doctor.conftest import Doctor
from tests.cli.host import Host, kept


def test_a_check_that_takes_long_for_how_often_it_runs_is_named(app: Host, doctor: Doctor) -> None:
    for minute in (3, 2, 1):
        app.store.keep(kept("rows", time.time() - minute * 60, duration=15.0))
    found = doctor("overhead")
    assert found.exit_code == 1
    assert found.stdout.splitlines()[:2] == [
        (
            "FAILED  overhead      rows takes 15s, and runs every 1m: run it more seldom, or have it look"
            " at less"
        ),
        (
            "FAILED  overhead      checks take 25.00% of the time of one thread: run these more seldom:"
            " rows"
        ),
    ]


def test_checks_that_are_quick_are_well(app: Host, doctor: Doctor) -> None:
    app.store.keep(kept("rows", time.time() - 60, duration=0.6))
    found = doctor("overhead")
    assert (found.exit_code, found.stdout.splitlines()) == (
        0,
        [
            "OK      overhead      checks take 1.00% of the time of one thread",
            "OK      overhead      log files take 0.0 of 1074 MB",
        ],
    )


def test_a_stream_that_fills_the_room_of_the_log_files_is_named(
    app: Host, doctor: Doctor, tmp_path: Path
) -> None:
    (tmp_path / "log" / "app.log").write_bytes(bytes(1_000))
    (tmp_path / "log" / "imports.log").write_bytes(bytes(950_000))
    found = doctor("overhead", OBSKIT_LOG_FOLDER_MAX_BYTES="1000000")
    assert found.exit_code == 1
    assert "log files take 1.0 of 1 MB: imports is the largest" in found.output
