"""Services that must be up: real processes that are killed, and started again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from obskit.checks.library import processes
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult, Status

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a process that waits, with these words in its command line."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(*words: str, program: str = sys.executable) -> subprocess.Popen[bytes]:
        code = "import sys; print(flush=True); sys.stdin.read()"
        process = subprocess.Popen(
            [program, "-c", code, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        started.append(process)
        assert process.stdout is not None
        process.stdout.readline()
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def count(subject: processes.Running) -> object:
    measured = subject()
    assert isinstance(measured, Measurement)
    return measured.value


def test_a_service_is_found_by_its_command_line_until_it_is_killed(start: Start) -> None:
    word = uuid4().hex
    subject = processes.Running(command=f"worker {word}$")
    assert count(subject) == 0
    first = start("worker", word)
    start("worker", word)
    assert count(subject) == 2
    first.kill()
    first.wait()
    assert count(subject) == 1
    start("worker", word)
    assert count(subject) == 2


def test_a_service_is_found_by_its_name(start: Start, tmp_path: Path) -> None:
    program = tmp_path / f"svc-{uuid4().hex[:6]}"
    program.symlink_to(sys.executable)
    subject = processes.Running(name=program.name)
    assert count(subject) == 0
    running = start(program=str(program))
    measured = subject()
    assert isinstance(measured, Measurement)
    assert measured.evidence == [f"pid {running.pid}"]
    assert measured.message == f"1 of {program.name}"
    assert count(processes.Running(name=program.name, command="another")) == 0
    running.kill()
    running.wait()
    assert count(subject) == 0


def test_a_process_that_ended_unnoticed_does_not_run(start: Start) -> None:
    word = uuid4().hex
    ended = start(word)
    ended.kill()
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    assert psutil.Process(ended.pid).status() == psutil.STATUS_ZOMBIE
    assert count(processes.Running(command=word)) == 0


def test_passwords_of_a_command_line_are_not_told(start: Start) -> None:
    word = uuid4().hex
    start(word, "--password=hunter2")
    assert "hunter2" not in repr(processes.Running(command=word)())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "Running(): give the name of the program, or command=, a pattern"),
        ({"command": "a("}, "command is 'a(': no pattern: missing ), unterminated subpattern"),
    ],
)
def test_what_fits_nothing_is_refused(fields: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError) as told:
        processes.Running(**fields)
    assert message in str(told.value)


def test_hidden_processes_are_unknown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # As /proc looks where it is mounted with hidepid=2.
    (tmp_path / "4242").mkdir()
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(tmp_path))
    told = processes.Running(name="nginx")()
    assert isinstance(told, CheckResult)
    assert told.status is Status.UNKNOWN
    assert told.message == (
        "no nginx runs, of the processes that this user may see: run as another"
    )


def test_a_pid_file_is_followed_until_its_process_is_killed(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "service.pid"
    subject = processes.PidFile(file)
    running = start()
    file.write_text(f"{running.pid}\n")
    assert subject().details["pid"] == running.pid
    running.kill()
    running.wait()
    with pytest.raises(ProcessLookupError) as told:
        subject()
    assert str(told.value) == f"pid {running.pid} of {file} does not run: start the service"
    again = start()
    file.write_text(str(again.pid))
    assert subject().status is Status.OK


def test_another_process_with_the_number_of_a_pid_file_is_not_the_service(
    start: Start, tmp_path: Path
) -> None:
    file = tmp_path / "service.pid"
    running = start()
    file.write_text(str(running.pid))
    yesterday = time.time() - 86_400
    os.utime(file, (yesterday, yesterday))
    with pytest.raises(ProcessLookupError, match="begun after the file was written"):
        processes.PidFile(file)()


def test_a_pid_file_of_a_process_that_ended_unnoticed_is_critical(
    start: Start, tmp_path: Path
) -> None:
    file = tmp_path / "service.pid"
    ended = start()
    file.write_text(str(ended.pid))
    ended.kill()
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    with pytest.raises(ProcessLookupError, match="its parent has not noticed"):
        processes.PidFile(file)()


def test_a_number_that_no_process_can_have_does_not_run(tmp_path: Path) -> None:
    file = tmp_path / "service.pid"
    file.write_text("99999999999999999999999")
    with pytest.raises(ProcessLookupError, match="does not run: start the service"):
        processes.PidFile(file)()


def test_a_pid_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as told:
        processes.PidFile(tmp_path / "no.pid")()
    assert str(told.value) == (
        f"{tmp_path}/no.pid is not there: start the service, or correct the path"
    )


@pytest.mark.parametrize("text", ["", "not yet", "-1", "x" * 100_000])
def test_a_pid_file_without_a_pid_is_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "service.pid"
    file.write_text(text)
    with pytest.raises(ValueError, match="and no pid: restart the service") as told:
        processes.PidFile(file)()
    assert len(str(told.value)) < 300


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """A `systemctl` that runs this shell script: few machines that run tests have a systemd."""
    shell = shutil.which("sh")
    monkeypatch.setenv("PATH", str(tmp_path))

    def write(script: str) -> None:
        file = tmp_path / "new"
        file.write_text(f"#!{shell}\n{script}\n")
        file.chmod(0o755)
        file.rename(tmp_path / "systemctl")

    return write


def test_a_unit_turns_when_it_fails_and_recovers(systemctl: Callable[[str], None]) -> None:
    subject = processes.Unit("web.service")
    active = "LoadState=loaded\nActiveState=active\nSubState=running\nResult=success"
    systemctl(f'[ "$4" = web.service ] && echo "{active}"')
    assert (subject().status, subject().message) == (
        Status.OK,
        "web.service is active (running)",
    )
    systemctl(
        "echo LoadState=loaded; echo ActiveState=failed; echo SubState=failed; echo Result=oom-kill"
    )
    told = subject()
    assert told.status is Status.CRITICAL
    assert told.message == (
        "web.service is failed (failed), oom-kill: see systemctl status web.service"
    )
    assert told.details["Result"] == "oom-kill"
    systemctl(f'echo "{active}"')
    assert subject().status is Status.OK


@pytest.mark.parametrize(
    ("script", "status", "message"),
    [
        (
            "echo LoadState=not-found; echo ActiveState=inactive",
            Status.CRITICAL,
            "web.service: systemd has no such unit",
        ),
        (
            "echo 'Failed to connect to bus' >&2; exit 1",
            Status.UNKNOWN,
            "systemctl ended with 1: Failed to connect to bus",
        ),
        (
            "while :; do :; done",
            Status.UNKNOWN,
            "systemctl gave no answer within 50ms",
        ),
    ],
    ids=["not found", "no bus", "hangs"],
)
def test_a_unit_that_cannot_be_asked_for(
    systemctl: Callable[[str], None], script: str, status: Status, message: str
) -> None:
    systemctl(script)
    timeout = "50ms" if "while" in script else "5s"
    told = processes.Unit("web.service", timeout=timeout)()
    assert (told.status, told.message) == (status, message)


def test_a_time_out_that_is_none_is_refused_where_it_is_declared() -> None:
    with pytest.raises(ValueError, match="'soon' is no span of time"):
        processes.Unit("web.service", timeout="soon")


def test_without_systemctl_a_unit_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    told = processes.Unit("web.service")()
    assert (told.status, told.message) == (
        Status.UNKNOWN,
        "there is no systemctl here: use Running or PidFile",
    )
