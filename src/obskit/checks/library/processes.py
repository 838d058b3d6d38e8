"""Services that must be up: by their process, their pid file, or their systemd unit."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import psutil

from obskit.checks.judge import Below, below
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult
from obskit.duration import Duration, format_duration, parse_duration

# A pid file is written by a process that runs already; its start is known to a hundredth of a
# second, and the two clocks differ by less than this, seconds.
_SLACK = 2.0
_MAX_PID_FILE = 64
_ACTIVE = frozenset({"active", "reloading", "refreshing"})
_SHOWN = ("LoadState", "ActiveState", "SubState", "Result", "NRestarts", "MainPID")
_ROWS = 50


@dataclass(frozen=True)
class Running:
    """How many processes of a name or command line run. A process that ended unnoticed is none.

    Args:
        name: The name of the program, such as `nginx`, whole.
        command: A regular expression, looked for in the command line: what tells two services of one
            interpreter apart. With both, both must fit.

    Returns:
        The number of processes, with their pids. Unknown where there is none and this user may not
        see the processes of others.

    Raises:
        ValueError: Neither is given, or the expression is none.

    >>> Running(name="nginx").default_judge(0).state
    'critical'
    """

    name: str = ""
    command: str = ""
    default_judge: ClassVar[Below] = below(critical=0)

    def __post_init__(self) -> None:
        """Refuse what every process would fit."""
        if not self.name and not self.command:
            raise ValueError("Running(): give the name of the program, or command=, a pattern")
        try:
            re.compile(self.command)
        except re.error as error:
            raise ValueError(f"command is {self.command!r}: no pattern: {error}") from None

    def __call__(self) -> Measurement | CheckResult:
        """Count them."""
        pids = psutil.pids()
        found = list(self._found(pids))
        if not found and 1 not in pids:
            return CheckResult.unknown(
                f"no {self._wanted()} runs, of the processes that this user may see: run as another"
            )
        # A command line may hold a password: the pid is enough to look it up.
        rows = [f"pid {process.pid}" for process in found[:_ROWS]]
        return Measurement(
            len(found), "{process}", f"{len(found)} of {self._wanted()}", evidence=rows
        )

    def _found(self, pids: list[int]) -> Iterator[psutil.Process]:
        pattern = re.compile(self.command)
        for pid in pids:
            try:
                process = psutil.Process(pid)
                if self.name and process.name() != self.name:
                    continue
                if self.command and not pattern.search(" ".join(process.cmdline())):
                    continue
                if process.status() != psutil.STATUS_ZOMBIE:
                    yield process
            except psutil.Error:  # ended since, or another user's
                continue

    def _wanted(self) -> str:
        return " ".join(filter(None, (self.name, self.command and f"/{self.command}/")))


@dataclass(frozen=True)
class PidFile:
    """Whether the process runs whose number stands in a file.

    A process that began after the file was written is another one that got the same number.

    Args:
        path: The file.

    Returns:
        Its pid and name.

    Raises:
        FileNotFoundError: There is no such file.
        ProcessLookupError: The process does not run.
        ValueError: The file holds no pid.

    >>> PidFile("/run/nginx.pid").path
    '/run/nginx.pid'
    """

    path: str | Path

    def __call__(self) -> CheckResult:
        """Look for it."""
        file = Path(self.path)
        try:
            with file.open("rb") as opened:
                written = opened.read(_MAX_PID_FILE).decode("ascii", "replace").split()
            changed = file.stat().st_mtime
        except FileNotFoundError:
            raise FileNotFoundError(
                f"{file} is not there: start the service, or correct the path"
            ) from None
        except PermissionError:
            return CheckResult.unknown(f"{file} may not be read by this user: run as another")
        if not written or not written[0].isdigit():
            raise ValueError(f"{file} holds {' '.join(written)!r}, and no pid: restart the service")
        return _of_pid(int(written[0]), changed, file)


def _of_pid(pid: int, written: float, file: Path) -> CheckResult:
    try:
        process = psutil.Process(pid)
        name, began, state = process.name(), process.create_time(), process.status()
    except psutil.NoSuchProcess:
        raise ProcessLookupError(f"pid {pid} of {file} does not run: start the service") from None
    if state == psutil.STATUS_ZOMBIE:
        raise ProcessLookupError(f"pid {pid} of {file} has ended, and its parent has not noticed")
    if began > written + _SLACK:
        raise ProcessLookupError(
            f"pid {pid} of {file} is {name} now, begun after the file was written: start the service"
        )
    return CheckResult.ok(f"{name} runs", details={"pid": pid, "name": name})


@dataclass(frozen=True)
class Unit:
    """Whether a unit of systemd is active.

    Args:
        name: The unit, such as `nginx.service`.
        timeout: How long systemd may take to answer.

    Returns:
        Critical where it is not active; unknown where there is no systemd, or it does not answer.

    >>> Unit("postgresql.service").name
    'postgresql.service'
    """

    name: str
    timeout: Duration = 5.0

    def __post_init__(self) -> None:
        """Refuse what is no span of time."""
        parse_duration(self.timeout)

    def __call__(self) -> CheckResult:
        """Ask systemd."""
        seconds = parse_duration(self.timeout)
        command = ["systemctl", "show", f"--property={','.join(_SHOWN)}", "--", self.name]
        try:
            ended = subprocess.run(  # noqa: S603 -- no shell, and the name follows `--`
                command, capture_output=True, timeout=seconds, check=False
            )
        except FileNotFoundError:
            return CheckResult.unknown("there is no systemctl here: use Running or PidFile")
        except subprocess.TimeoutExpired:
            return CheckResult.unknown(
                f"systemctl gave no answer within {format_duration(seconds)}"
            )
        if ended.returncode:
            said = ended.stderr.decode("utf-8", "replace").strip()
            return CheckResult.unknown(f"systemctl ended with {ended.returncode}: {said}")
        return self._judged(ended.stdout.decode("utf-8", "replace"))

    def _judged(self, shown: str) -> CheckResult:
        facts = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
        state = f"{facts.get('ActiveState', '')} ({facts.get('SubState', '')})"
        if facts.get("LoadState") == "not-found":
            return CheckResult.critical(f"{self.name}: systemd has no such unit", details=facts)
        if facts.get("ActiveState") in _ACTIVE:
            return CheckResult.ok(f"{self.name} is {state}", details=facts)
        return CheckResult.critical(
            f"{self.name} is {state}, {facts.get('Result', '')}: see systemctl status {self.name}",
            details=facts,
        )
