"""`obskit check watch`, in a process; and on a terminal, where it writes in place."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time

import pytest
from tests.checks.given import PATIENCE
from tests.cli.host import Host, kept

TWO = """
    checks.add("fine", lambda: obskit.CheckResult.ok("well"), every="1m")
    checks.add("broken", lambda: False, every="1m")
"""


def tables(host: Host) -> list[list[str]]:
    """Two tables in a row in which each check has run; then Ctrl-C, by which it must end well."""
    with host.begin("check", "watch", "--every", "50ms") as watch:
        assert watch.stdout is not None
        found: list[list[str]] = []
        table: list[str] = []
        for line in watch.stdout:
            text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", "NOW", line.rstrip("\n"))
            if text:
                table.append(re.sub(r"\(\d+(\.\d)?m?s\)", "(TIME)", text))
                continue
            found += [] if "has not run yet" in "".join(table) else [table]
            if len(found) == 2:
                break
            table = []
        watch.send_signal(signal.SIGINT)
        _, errors = watch.communicate(timeout=PATIENCE)
    assert (watch.returncode, errors) == (0, "")
    return found


def test_without_a_terminal_each_table_follows_the_one_before(host: Host) -> None:
    host.write(TWO)
    first, second = tables(host)
    assert first == second
    assert first == [
        "NOW  UNHEALTHY  checks: 2, all run here",
        "NOW  CRITICAL  broken  it returned False  (TIME)",
        "NOW  OK        fine    well  (TIME)",
        "UNHEALTHY",
    ]


def test_what_other_processes_run_is_shown_as_they_found_it(host: Host) -> None:
    host.write("""
        def never():
            raise AssertionError
        checks.add("rows", never, every="1m")
    """)
    host.store.keep(kept("rows", time.time(), status="warning", message="3 rows"))
    assert tables(host)[0] == [
        "NOW  DEGRADED  checks: 1, run by other processes: 1",
        "NOW  WARNING   rows  3 rows  (TIME)",
        "DEGRADED",
    ]


def test_what_others_found_too_long_ago_is_run_here(host: Host) -> None:
    host.write(TWO)
    for name in ("fine", "broken"):
        host.store.keep(kept(name, time.time() - 200, status="warning"))
    assert tables(host)[0][0] == "NOW  UNHEALTHY  checks: 2, all run here"


def test_where_the_store_cannot_be_read_it_says_so_and_runs_all(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.write(TWO)
    (host.folder / "state.sqlite3").mkdir()
    monkeypatch.setenv("OBSKIT_STATE_URL", f"sqlite:///{host.folder}/state.sqlite3")
    with host.begin("check", "watch", "--every", "50ms") as watch:
        assert watch.stdout is not None
        head, trouble = watch.stdout.readline(), watch.stdout.readline()
        watch.kill()
    assert "checks: 2, all run here" in head
    assert trouble.startswith("what other processes find cannot be read: ")


def test_a_wrong_use_is_told(host: Host) -> None:
    host.write("")
    assert host.run(command="watch").stderr == "Error: no checks are declared there\n"
    result = host.run("--every", "0s", command="watch")
    assert "'0s' is out of range" in result.stderr
    assert result.exit_code == 4


def test_on_a_terminal_the_table_stays_in_place(host: Host) -> None:
    """The cursor goes back up to where the table began, and is shown again at the end."""
    host.write(TWO)
    ours, theirs = pty.openpty()
    argv = [sys.executable, "-m", "obskit", "check", "watch", "--every", "50ms"]
    watch = subprocess.Popen(
        [*argv, "--app", f"{host.name}:checks"],
        cwd=host.folder,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "30"},
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    try:
        while seen.count(b"UNHEALTHY") < 8:
            seen += os.read(ours, 65_536)
        watch.send_signal(signal.SIGINT)
        seen += _rest(ours)
    finally:
        watch.kill()
        watch.wait()
        os.close(ours)
    assert watch.returncode == 0
    assert b"\x1b[1A" in seen
    assert b"\x1b[31m" in seen
    assert seen.rstrip().endswith(b"\x1b[?25h")


def _rest(terminal: int) -> bytes:
    read = b""
    while True:
        try:
            piece = os.read(terminal, 65_536)
        except OSError:  # the other end is closed
            return read
        if not piece:
            return read
        read += piece
