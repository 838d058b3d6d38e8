"""Levels of loggers, changed while the service runs."""

from __future__ import annotations

import json
import logging
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from tests.telemetry.lines import Installed

import obskit
from obskit.exceptions import ObskitError
from obskit.telemetry import levels


class Time:
    """The monotonic clock, moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000.0
        monkeypatch.setattr(levels, "monotonic", lambda: self.now)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    return Time(monkeypatch)


def level(name: str) -> int:
    return logging.getLogger(name).level


@pytest.mark.parametrize(
    ("given", "number"),
    [("DEBUG", 10), ("info", 20), ("Warning", 30), ("ERROR", 40), ("critical", 50)],
)
def test_a_level_is_set_at_once_for_a_logger_and_those_below(given: str, number: int) -> None:
    obskit.set_level("host", given)
    assert level("host") == number
    assert logging.getLogger("host.below").getEffectiveLevel() == number


def test_root_is_the_root() -> None:
    obskit.set_level("root", "error")
    assert logging.getLogger().level == 40


@pytest.mark.parametrize("given", ["LOUD", "", "10", "NOTSET"])
def test_another_level_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="use DEBUG, INFO, WARNING, ERROR, CRITICAL") as caught:
        obskit.set_level("host", given)
    assert repr(given) in str(caught.value)


@pytest.mark.parametrize(
    ("root", "chosen", "own", "passes"),
    [
        (30, False, 0, True),  # nobody chose Python's default
        (30, True, 0, False),
        (20, False, 0, True),
        (40, False, 0, False),
        (30, False, 20, True),
        (30, False, 30, False),
        (10, True, 30, False),
    ],
)
def test_what_silences_logging_by_accident_does_not_silence_ours(
    root: int, chosen: bool, own: int, passes: bool
) -> None:
    logging.getLogger().setLevel(root)
    if chosen:
        levels.set_level("root", logging.getLevelName(root))
    logger = logging.getLogger("host.module")
    logging.getLogger("host").setLevel(own)
    logger.disabled = True
    assert levels.passes(logger, 20) is passes


def test_disabling_all_of_logging_is_no_accident() -> None:
    logging.disable(20)
    assert not levels.passes(logging.getLogger("host"), 20)
    assert levels.passes(logging.getLogger("host"), 21)


def test_all_processes_that_follow_a_folder_take_its_levels(tmp_path: Path, time: Time) -> None:
    levels.follow(tmp_path)
    levels.write(tmp_path, "host", "debug")
    levels.write(tmp_path, "root", "error")
    assert (level("host"), logging.getLogger().level) != (10, 40)
    levels.refresh()
    assert level("host") == 0
    time.now += 1.0
    levels.refresh()
    assert (level("host"), logging.getLogger().level) == (10, 40)


def test_what_is_there_already_is_taken_when_following_begins(tmp_path: Path, time: Time) -> None:
    levels.write(tmp_path, "host", "debug")
    levels.follow(tmp_path)
    assert level("host") == 10


def test_it_looks_at_most_once_a_second_and_reads_only_what_changed(
    tmp_path: Path, time: Time
) -> None:
    levels.follow(tmp_path)
    levels.write(tmp_path, "host", "debug")
    time.now += 0.9
    levels.refresh()
    assert level("host") == 0
    time.now += 0.1
    levels.refresh()
    assert level("host") == 10
    logging.getLogger("host").setLevel(30)
    time.now += 1.0
    levels.refresh()
    assert level("host") == 30


def test_two_changes_within_one_tick_of_the_file_system_are_both_seen(
    tmp_path: Path, time: Time
) -> None:
    levels.write(tmp_path, "host", "debug")
    before = (tmp_path / "levels.json").stat()
    levels.follow(tmp_path)
    levels.write(tmp_path, "host", "error")
    os.utime(tmp_path / "levels.json", ns=(before.st_atime_ns, before.st_mtime_ns))
    time.now += 1.0
    levels.refresh()
    assert level("host") == 40


def test_a_line_that_is_made_or_suppressed_looks_at_the_levels(tmp_path: Path, time: Time) -> None:
    installed = Installed()
    log = obskit.get_logger("host")
    levels.follow(tmp_path)
    levels.write(tmp_path, "host", "debug")
    time.now += 1.0
    log.debug("shown")
    levels.write(tmp_path, "host", "error")
    time.now += 1.0
    installed.pipeline.emit("host", 20, "made by the server's path", {})
    assert level("host") == 40
    assert installed.lines.events == ["shown", "made by the server's path"]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[1]", b'"text"', b"5", b"null", b"\xff\xfe", b"[" * 100_000, b'{"host": 5}'],
    ids=lambda content: content[:12],
)
def test_a_file_of_anything_harms_nobody(tmp_path: Path, time: Time, content: bytes) -> None:
    (tmp_path / "levels.json").write_bytes(content)
    levels.follow(tmp_path)
    assert level("host") == 0


def test_a_level_that_is_not_known_costs_no_other(tmp_path: Path, time: Time) -> None:
    (tmp_path / "levels.json").write_text(json.dumps({"a": "LOUD", "host": "DEBUG", "b": 5}))
    levels.follow(tmp_path)
    assert level("host") == 10


def test_what_is_forgotten_is_not_followed(tmp_path: Path, time: Time) -> None:
    levels.follow(tmp_path)
    levels.set_level("root", "warning")
    levels.forget()
    levels.write(tmp_path, "host", "debug")
    time.now += 1.0
    levels.refresh()
    assert level("host") == 0
    assert levels.passes(logging.getLogger("host"), 20)


def test_writing_keeps_the_other_levels_and_leaves_nothing_else(tmp_path: Path) -> None:
    levels.write(tmp_path, "a", "debug")
    levels.write(tmp_path, "b", "ERROR")
    levels.write(tmp_path, "a", "info")
    assert json.loads((tmp_path / "levels.json").read_text()) == {"a": "INFO", "b": "ERROR"}
    assert [path.name for path in tmp_path.iterdir()] == ["levels.json"]
    assert level("a") == 0


def test_writing_over_something_broken_begins_anew(tmp_path: Path) -> None:
    (tmp_path / "levels.json").write_text("{")
    levels.write(tmp_path, "a", "debug")
    assert json.loads((tmp_path / "levels.json").read_text()) == {"a": "DEBUG"}


def test_where_no_process_ran_nothing_can_be_told(tmp_path: Path) -> None:
    with pytest.raises(ObskitError, match="no process of this service runs on this host"):
        levels.write(tmp_path / "missing", "a", "debug")
    with pytest.raises(ValueError, match="the level is 'loud'"):
        levels.write(tmp_path / "missing", "a", "loud")


def test_the_file_can_be_read_by_its_processes(tmp_path: Path) -> None:
    levels.write(tmp_path, "a", "debug")
    mode: Any = stat.S_IMODE((tmp_path / "levels.json").stat().st_mode)
    assert mode & stat.S_IRUSR
