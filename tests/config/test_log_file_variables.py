"""Variables of log files."""

from __future__ import annotations

import gzip
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from .child import START, run
from .variables import shows

_LINES = (
    START
    + """
log = obskit.get_logger("shop")
log.info("placed", token="abc")
obskit.get_logger("shop.imports").info("imported")
log.warning("slow", job="nightly")
log.error("failed")
"""
)
# Waits for the thread that cares for rotated files.
_CARED = """
import threading
for thread in threading.enumerate():
    if thread.name == "obskit-log-files":
        thread.join()
"""
_QUIET = {"OBSKIT_LOG_FORMAT": "none", "OBSKIT_LOG_FOLDER": "logs"}


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    return folder


def ended(script: str, folder: Path, **environ: str) -> None:
    done = run(script, {**_QUIET, **environ}, folder)
    assert (done.status, done.errors) == (0, "")


def events(path: Path) -> list[Any]:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line)["event"] for line in data.splitlines()]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


@shows("OBSKIT_LOG_FOLDER", "OBSKIT_LOG_STREAMS")
def test_lines_go_to_files_only_where_a_folder_is_named(tmp_path: Path, logs: Path) -> None:
    ended(_LINES, tmp_path, OBSKIT_LOG_FOLDER="")
    assert names(logs) == []
    ended(_LINES, tmp_path, OBSKIT_LOG_STREAMS="imports=shop.imports job=nightly")
    assert {name: events(logs / name) for name in names(logs)} == {
        "app.log": ["placed", "failed"],
        "error.log": ["failed"],
        "imports.log": ["imported", "slow"],
    }
    first = json.loads((logs / "app.log").read_text().splitlines()[0])
    assert first["token"] == "[redacted]"
    assert first["service.name"] == "t"
    assert list(first)[:4] == ["timestamp", "level", "logger", "event"]


@shows("OBSKIT_LOG_FILE_MAX_BYTES", "OBSKIT_LOG_ROTATION")
@pytest.mark.parametrize(("who", "rotated"), [("obskit", True), ("logrotate", False)])
def test_a_file_that_becomes_too_large_is_rotated_unless_logrotate_does_it(
    who: str, rotated: bool, tmp_path: Path, logs: Path
) -> None:
    script = START + "for n in range(20): obskit.get_logger('shop').info('n', text='x' * 200)\n"
    ended(script + _CARED, tmp_path, OBSKIT_LOG_ROTATION=who, OBSKIT_LOG_FILE_MAX_BYTES="1024")
    assert any(name.startswith("app.log-") for name in names(logs)) is rotated
    assert sum(len(events(logs / name)) for name in names(logs)) == 20


@shows("OBSKIT_LOG_FILE_PERIOD")
@pytest.mark.parametrize(("period", "stays"), [("1", False), ("31536000", True)])
def test_a_file_is_rotated_in_a_new_period(
    period: str, stays: bool, tmp_path: Path, logs: Path
) -> None:
    (logs / "app.log").write_text('{"event":"old"}\n')
    year = time.time() // 31_536_000 * 31_536_000
    os.utime(logs / "app.log", (year, year))
    ended(_LINES, tmp_path, OBSKIT_LOG_FILE_PERIOD=period)
    assert ("old" in events(logs / "app.log")) is stays


@shows("OBSKIT_LOG_KEEP_DAYS")
def test_lines_are_kept_as_long_as_their_level_says(tmp_path: Path, logs: Path) -> None:
    old = logs / "app.log-20260101T000000.000000-7"
    lines = [f'{{"level":"{level}","event":"{level}"}}\n' for level in ("debug", "info", "error")]
    old.write_text("".join(lines))
    two_days_ago = time.time() - 2 * 86_400
    os.utime(old, (two_days_ago, two_days_ago))
    ended(_LINES + _CARED, tmp_path, OBSKIT_LOG_KEEP_DAYS="debug=1,info=1.5,error=3")
    left = logs / f"{old.name}-30.gz"
    assert events(left) == ["error"]
    assert f"{old.name}.gz" not in names(logs)


@shows("OBSKIT_LOG_FOLDER_MAX_BYTES")
def test_the_oldest_lines_go_where_all_takes_too_much(tmp_path: Path, logs: Path) -> None:
    for day in (1, 2):
        noise = os.urandom(2_000).hex()
        (logs / f"app.log-2026010{day}T000000.000000-7").write_text(
            f'{{"level":"info","event":"{noise}"}}\n'
        )
    environ = {**_QUIET, "OBSKIT_LOG_FOLDER_MAX_BYTES": "3500"}
    done = run(_LINES + _CARED, environ, tmp_path)
    assert [name for name in names(logs) if name.startswith("app.log-")] == [
        "app.log-20260102T000000.000000-7.gz"
    ]
    assert "OBSKIT_LOG_FOLDER_MAX_BYTES is the limit" in done.errors
