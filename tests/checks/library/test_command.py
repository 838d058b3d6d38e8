"""Commands that run: how they end, what they write, and how they are ended."""

from __future__ import annotations

import gc
import os
import threading
import tracemalloc
from pathlib import Path
from typing import Any

import psutil
import pytest

from obskit.checks.library import command
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult, Status


def shell(script: str, *words: str | Path) -> list[str]:
    return ["sh", "-c", script, "sh", *map(str, words)]


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_command_turns_when_it_fails_and_recovers(tmp_path: Path) -> None:
    subject = command.ExitCode(shell('echo looking; cat "$1"', tmp_path / "backup"))
    broken = subject()
    assert (broken.status, broken.message) == (Status.CRITICAL, "sh ended with 1")
    assert broken.details == {"exit_code": 1}
    first, second = broken.evidence
    assert first == "looking"
    assert "No such file or directory" in str(second)
    (tmp_path / "backup").write_text("there\n")
    mended = subject()
    assert (mended.status, mended.evidence) == (Status.OK, ("looking", "there"))


@pytest.mark.parametrize(
    ("code", "codes", "status"),
    [(0, (0,), "ok"), (2, (0, 2), "ok"), (0, (2,), "critical"), (255, (0,), "critical")],
)
def test_the_codes_that_are_well_can_be_said(
    code: int, codes: tuple[int, ...], status: str
) -> None:
    assert str(command.ExitCode(shell(f"exit {code}"), codes)().status) == status


def test_a_signal_that_ended_a_command_is_named() -> None:
    told = command.ExitCode(shell("kill -SEGV $$"))()
    assert (told.status, told.message) == (Status.CRITICAL, "sh was ended by SIGSEGV")
    assert command.ExitCode(shell("kill -40 $$"))().message == "sh was ended by signal 40"


def test_a_command_that_is_not_there_is_unknown() -> None:
    told = command.ExitCode(["/no/such/command"])()
    assert (told.status, told.message) == (
        Status.UNKNOWN,
        "/no/such/command cannot be started: No such file or directory",
    )


def test_a_file_that_is_no_command_is_unknown(tmp_path: Path) -> None:
    file = tmp_path / "text"
    file.write_text("neither a program nor a script")
    file.chmod(0o755)
    for mode, reason in ((0o755, "Exec format error"), (0o644, "Permission denied")):
        file.chmod(mode)
        told = command.ExitCode([str(file)])()
        assert (told.status, told.message) == (
            Status.UNKNOWN,
            f"{file} cannot be started: {reason}",
        )


@pytest.mark.parametrize("argv", ["df -h", "", []])
def test_what_only_a_shell_could_read_is_refused(argv: list[str]) -> None:
    with pytest.raises(ValueError, match="argv is no list: write") as told:
        command.ExitCode(argv)
    assert "df -h" not in str(told.value)


@pytest.mark.parametrize(
    "declare", [command.ExitCode, lambda argv, timeout: command.Output(argv, "x", timeout=timeout)]
)
def test_a_time_out_that_is_none_is_refused_where_it_is_declared(declare: Any) -> None:
    with pytest.raises(ValueError, match="'soon' is no span of time"):
        declare(["true"], timeout="soon")


def test_arguments_are_shown_nowhere() -> None:
    subject = command.ExitCode(shell("exit 1", "--password=hunter2"))
    assert "hunter2" not in repr(subject) + repr(subject())


def test_the_last_lines_are_the_evidence() -> None:
    told = command.ExitCode(shell("seq 1 2000; exit 1"))()
    assert list(told.evidence) == [str(number) for number in range(1951, 2001)]


def test_at_the_time_out_a_command_and_its_children_are_killed(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    for timeout in ("200ms", "1s", "5s", "25s"):  # a loaded machine may start the child late
        subject = command.ExitCode(shell('sleep 600 & echo $! > "$1"; wait', pid), timeout=timeout)
        with pytest.raises(TimeoutError) as told:
            subject()
        assert str(told.value) == (
            f"sh did not end within {timeout}: killed; give it longer, or less to do"
        )
        if pid.exists() and pid.read_text():
            break
    while _runs(int(pid.read_text())):
        os.sched_yield()


def _runs(pid: int) -> bool:
    try:
        # Where nothing reaps orphans they stay behind, dead.
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_command_that_closes_its_output_and_hangs_is_killed() -> None:
    with pytest.raises(TimeoutError, match=r"sh did not end within 100ms"):
        command.ExitCode(shell("exec >&- 2>&-; while :; do :; done"), timeout=0.1)()


def test_a_daemon_that_a_command_leaves_holds_nobody_up(tmp_path: Path) -> None:
    told = command.ExitCode(shell('sleep 600 & echo $! > "$1"; echo done', tmp_path / "pid"))()
    os.kill(int((tmp_path / "pid").read_text()), 9)
    assert (told.status, told.evidence) == (Status.OK, ("done",))


def test_endless_output_is_read_and_not_kept() -> None:
    tracemalloc.start()
    try:
        with pytest.raises(TimeoutError):
            command.ExitCode(["cat", "/dev/zero"], timeout=0.2)()
        with pytest.raises(TimeoutError):
            command.Output(["yes"], "y", timeout=0.2)()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000


def test_a_long_line_is_cut_and_the_next_one_is_whole() -> None:
    told = command.Output(
        shell("head -c 300000 /dev/zero | tr '\\0' a; echo; echo next"), "^(?:a|next)"
    )()
    assert isinstance(told, Measurement)
    assert told.value == 2
    assert list(told.evidence) == ["a" * 1_000, "next"]


def test_lines_that_fit_are_counted_until_there_are_none(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("ok\nCRITICAL: no hours\nok\nCRITICAL: no school\n")
    subject = command.Output(["cat", str(log)], "^CRITICAL:")
    broken = subject()
    assert isinstance(broken, Measurement)
    assert (broken.value, broken.unit) == (2, "{line}")
    assert broken.evidence == ["CRITICAL: no hours", "CRITICAL: no school"]
    log.write_text("ok\r\nwithout an end")
    mended = subject()
    assert isinstance(mended, Measurement)
    assert mended.value == 0


def test_the_number_of_a_group_is_the_value() -> None:
    told = command.Output(shell("echo 3 issues; echo 12.5 issues >&2"), r"([\d.]+) issues")()
    assert isinstance(told, Measurement)
    assert sorted(map(str, told.evidence)) == ["12.5 issues", "3 issues"]
    assert told.value == 12.5


def test_the_exit_code_stands_beside_what_was_counted() -> None:
    numbered = command.Output(shell("echo '2 issues'; exit 1"), r"(\d+) issues", codes=(0, 1))()
    counted = command.Output(shell("echo boom; exit 3"), "boom", codes=(3,))()
    assert isinstance(numbered, Measurement)
    assert isinstance(counted, Measurement)
    assert (numbered.value, numbered.details) == (2.0, {"exit_code": 1})
    assert (counted.value, counted.details) == (1, {"exit_code": 3})


def test_lines_that_fit_without_the_group_are_evidence_beside_the_number() -> None:
    argv = shell("echo '1 issues'; echo looking; echo ISSUE row 7")
    told = command.Output(argv, r"(\d+) issues|^ISSUE")()
    assert isinstance(told, Measurement)
    assert (told.value, told.evidence) == (1.0, ["1 issues", "ISSUE row 7"])


def test_a_number_that_is_not_written_is_unknown() -> None:
    told = command.Output(["echo", "no news"], r"(\d+) issues")()
    assert isinstance(told, CheckResult)
    assert told.status is Status.UNKNOWN
    assert told.message == "no line of echo fits '(\\\\d+) issues': correct the pattern"
    assert told.evidence == ("no news",)


def test_a_group_without_a_number_is_told() -> None:
    with pytest.raises(ValueError, match="found 'many', and no number: narrow its group"):
        command.Output(["echo", "many issues"], r"(\w+) issues")()


def test_a_command_that_fails_is_critical_whatever_it_wrote() -> None:
    argv = shell("echo 0 issues; exit 3")
    told = command.Output(argv, r"(\d+) issues")()
    assert isinstance(told, CheckResult)
    assert (told.status, told.evidence) == (Status.CRITICAL, ("0 issues",))
    counted = command.Output(argv, r"(\d+) issues", codes=(0, 3))()
    assert isinstance(counted, Measurement)
    assert counted.value == 0


def test_a_pattern_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"pattern is 'a\(': no pattern: missing \)"):
        command.Output(["true"], "a(")


def test_many_runs_leave_nothing_behind() -> None:
    good, late = command.ExitCode(["true"]), command.ExitCode(["sleep", "9"], timeout=0.01)
    good()
    gc.collect()  # what other tests left is closed now, not while it is counted
    before = descriptors(), threading.active_count(), len(psutil.Process().children())
    for _ in range(20):
        good()
        with pytest.raises(TimeoutError):
            late()
    assert (descriptors(), threading.active_count(), len(psutil.Process().children())) == before


def test_one_subject_may_run_in_several_threads_at_once() -> None:
    subject = command.Output(["seq", "1", "500"], "7")
    values: list[object] = []

    def measure() -> None:
        told = subject()
        assert isinstance(told, Measurement)
        values.append(told.value)

    threads = [threading.Thread(target=measure) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert values == [95, 95, 95, 95]
