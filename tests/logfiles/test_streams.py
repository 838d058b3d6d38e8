"""Which file a line goes to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from obskit.logfiles.streams import Rule, Streams, rules


def written(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.log")}


def streams(
    folder: Path,
    given: dict[str, str],
    max_bytes: int = 0,
    care: Callable[[], object] = lambda: None,
) -> Streams:
    return Streams(folder, rules(given), max_bytes=max_bytes, period=1e9, care=care)


def test_a_line_goes_to_the_stream_of_its_logger_or_field_else_to_app(tmp_path: Path) -> None:
    files = streams(tmp_path, {"imports": "shop.imports job=nightly"})
    files.write(b"1\n", "shop.imports", 20, {})
    files.write(b"2\n", "shop.imports.crm", 20, {})
    files.write(b"3\n", "shop.importsnot", 20, {})
    files.write(b"4\n", "shop", 20, {"job": "nightly"})
    files.write(b"5\n", "shop", 20, {"job": "hourly"})
    assert written(tmp_path) == {"imports.log": b"1\n2\n4\n", "app.log": b"3\n5\n"}


def test_a_line_of_level_error_or_above_goes_to_error_as_well(tmp_path: Path) -> None:
    files = streams(tmp_path, {"imports": "imports"})
    for level in (10, 20, 30, 40, 50):
        files.write(b"%d\n" % level, "imports", level, {})
    assert written(tmp_path) == {
        "imports.log": b"10\n20\n30\n40\n50\n",
        "error.log": b"40\n50\n",
    }


def test_what_checks_found_goes_to_monitoring_unless_that_is_configured_otherwise() -> None:
    assert rules({}) == (Rule("monitoring", ("obskit.check",), ()),)
    assert rules({"monitoring": "nagios"}) == (Rule("monitoring", ("nagios",), ()),)


def test_a_line_that_cannot_be_written_to_its_stream_still_goes_to_error(tmp_path: Path) -> None:
    (tmp_path / "app.log").mkdir()
    files = streams(tmp_path, {})
    with pytest.raises(IsADirectoryError):
        files.write(b"1\n", "shop", 40, {})
    assert (tmp_path / "error.log").read_bytes() == b"1\n"


def test_rotated_files_are_cared_for_in_a_thread_that_no_exit_waits_for(tmp_path: Path) -> None:
    seen: list[threading.Thread] = []
    done = threading.Semaphore(0)

    def care() -> None:
        seen.append(threading.current_thread())
        done.release()

    files = streams(tmp_path, {}, 8, care)
    files.write(b"1234\n", "shop", 20, {})  # the first line: what was left before is looked after
    assert done.acquire(timeout=30)
    seen[0].join()
    files.write(b"5\n", "shop", 20, {})
    assert len(seen) == 1
    files.write(b"6789\n", "shop", 20, {})  # rotates
    assert done.acquire(timeout=30)
    assert [thread.daemon for thread in seen] == [True, True]
    assert threading.main_thread() not in seen


def test_what_is_rotated_while_they_are_cared_for_waits_for_no_further_line(tmp_path: Path) -> None:
    begun, go_on = threading.Semaphore(0), threading.Semaphore(0)

    def care() -> None:
        begun.release()
        go_on.acquire(timeout=30)

    files = streams(tmp_path, {}, 8, care)
    files.write(b"1234\n", "shop", 20, {})
    assert begun.acquire(timeout=30)
    files.write(b"5678\n", "shop", 20, {})  # rotates
    go_on.release()
    assert begun.acquire(timeout=30)
    go_on.release()


def test_nobody_cares_for_files_that_somebody_else_rotates(tmp_path: Path) -> None:
    called: list[int] = []
    files = streams(tmp_path, {}, 0, lambda: called.append(1))
    files.write(b"1\n", "shop", 20, {})
    assert files._carer is None
    assert called == []
