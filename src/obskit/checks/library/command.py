"""Commands: how they end, and what they write. No shell is between."""

from __future__ import annotations

import os
import re
import selectors
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import IO

from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult
from obskit.duration import Duration, format_duration, parse_duration

Take = Callable[[str], object]

_CHUNK = 65_536
_MAX_LINE = 65_536
_KEPT_LINES = 50
_KEPT_OF_LINE = 1_000
# A command that has ended may leave a daemon that holds its output open.
_LOOK = 0.05
_UNTIL_DEAD = 1.0


@dataclass(frozen=True)
class ExitCode:
    """Whether a command ends with the right number.

    Args:
        argv: The command and its arguments, a list. Not shown: it may hold a password.
        codes: The numbers that are well.
        timeout: How long it may run; then it and its children are killed.

    Returns:
        Critical with any other number, or where a signal ended it, with the last 50 lines that it
        wrote. Unknown where it cannot be started.

    Raises:
        TimeoutError: It did not end in time.
        ValueError: The command or the time-out is none.

    >>> ExitCode(["sh", "-c", "exit 3"])().message
    'sh ended with 3'
    """

    argv: Sequence[str] = field(repr=False)
    codes: Collection[int] = (0,)
    timeout: Duration = 5.0

    def __post_init__(self) -> None:
        """Refuse a command line that only a shell could read."""
        object.__setattr__(self, "argv", arguments(self.argv))
        parse_duration(self.timeout)

    def __call__(self) -> CheckResult:
        """Run it."""
        lines = _Tail(maxlen=_KEPT_LINES)
        code = run(self.argv, self.timeout, lines.take)
        return (
            code if isinstance(code, CheckResult) else _of_code(self.argv, code, self.codes, lines)
        )


@dataclass(frozen=True)
class Output:
    r"""What a command writes: how many of its lines fit a pattern, or the number that it names.

    Args:
        argv: The command and its arguments, a list. Not shown: it may hold a password.
        pattern: A regular expression, looked for in each line of its output and errors. Where it
            has a group, what the group found last is the value, and lines that fit without it are
            evidence: ``r"(\d+) issues|^ISSUE"``.
        codes: The exit codes that are well. With any other it is critical, whatever it wrote.
        timeout: How long it may run; then it and its children are killed.

    Returns:
        The number of lines, or the number of the group, with the exit code and the last 50 lines
        that fit. Unknown where no line has the number, or the command cannot be started.

    Raises:
        TimeoutError: It did not end in time.
        ValueError: The command, the pattern or the time-out is none, or the group found no number.

    >>> Output(["echo", "7 issues"], r"(\d+) issues")().value
    7.0
    """

    argv: Sequence[str] = field(repr=False)
    pattern: str
    codes: Collection[int] = (0,)
    timeout: Duration = 5.0

    def __post_init__(self) -> None:
        """Refuse what cannot be read."""
        object.__setattr__(self, "argv", arguments(self.argv))
        parse_duration(self.timeout)
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise ValueError(f"pattern is {self.pattern!r}: no pattern: {error}") from None

    def __call__(self) -> Measurement | CheckResult:
        """Run it."""
        pattern = re.compile(self.pattern)
        all_lines, fitting = _Tail(maxlen=_KEPT_LINES), _Tail(maxlen=_KEPT_LINES)
        found: deque[re.Match[str]] = deque(maxlen=1)

        def take(line: str) -> None:
            all_lines.take(line)
            match = pattern.search(line)
            if match is not None:
                fitting.take(line)
                if not pattern.groups or match[1] is not None:
                    found.append(match)

        code = run(self.argv, self.timeout, take)
        if isinstance(code, CheckResult):
            return code
        if code not in self.codes:
            return _of_code(self.argv, code, self.codes, all_lines)
        facts = {"exit_code": code}
        if not pattern.groups:
            return Measurement(fitting.taken, "{line}", details=facts, evidence=list(fitting))
        if not found:
            return CheckResult.unknown(
                f"no line of {_name(self.argv)} fits {self.pattern!r}: correct the pattern",
                evidence=all_lines,
            )
        value = _number(found[0], self.pattern)
        return Measurement(value, details=facts, evidence=list(fitting))


def _number(match: re.Match[str], pattern: str) -> float:
    try:
        return float(match[1])
    except (TypeError, ValueError):
        raise ValueError(
            f"{pattern!r} found {match[1]!r}, and no number: narrow its group"
        ) from None


class _Tail(deque[str]):
    """The last lines, and how many there were."""

    taken = 0

    def take(self, line: str) -> None:
        self.taken += 1
        self.append(line[:_KEPT_OF_LINE])


def _of_code(
    argv: Sequence[str], code: int, codes: Collection[int], lines: Collection[str]
) -> CheckResult:
    facts = {"exit_code": code}
    if code in codes:
        return CheckResult.ok(ending(argv, code), details=facts, evidence=lines)
    return CheckResult.critical(ending(argv, code), details=facts, evidence=lines)


def ending(argv: Sequence[str], code: int) -> str:
    """How a command ended, in words.

    >>> ending(["/bin/df", "-h"], 1), ending(["df"], -9)
    ('df ended with 1', 'df was ended by SIGKILL')
    """
    if code >= 0:
        return f"{_name(argv)} ended with {code}"
    try:
        return f"{_name(argv)} was ended by {signal.Signals(-code).name}"
    except ValueError:  # a real-time signal
        return f"{_name(argv)} was ended by signal {-code}"


def arguments(given: Sequence[str]) -> tuple[str, ...]:
    """A command as it is run, checked.

    Args:
        given: The program and its arguments.

    Raises:
        ValueError: It is a text, which a shell would have to read, or empty.

    >>> arguments(["df", "-h"])
    ('df', '-h')
    """
    if isinstance(given, (str, bytes)) or not given:
        raise ValueError("argv is no list: write ['df', '-h'], and ['sh', '-c', …] for a shell")
    return tuple(os.fspath(word) for word in given)


def run(
    argv: Sequence[str], timeout: Duration, take: Take, take_error: Take | None = None
) -> int | CheckResult:
    """Run a command and hand over each line that it writes, cut at 64 KiB.

    Args:
        argv: The command and its arguments.
        timeout: How long it may run; then it and its children are killed.
        take: Takes a line of its output.
        take_error: Takes a line of its errors; without it they stand in the output.

    Returns:
        Its exit code, negative where a signal ended it; or an unknown result where it cannot be
        started.

    Raises:
        TimeoutError: It did not end in time.

    >>> run(["echo", "hello"], 5.0, print)
    hello
    0
    """
    seconds = parse_duration(timeout)
    deadline = monotonic() + seconds
    try:
        process = subprocess.Popen(  # noqa: S603 -- no shell
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if take_error is None else subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        return CheckResult.unknown(f"{argv[0]} cannot be started: {error.strerror}")
    try:
        _read(process, deadline, take, take_error)
        return process.wait(max(0.0, deadline - monotonic()))
    except (TimeoutError, subprocess.TimeoutExpired):
        raise TimeoutError(
            f"{_name(argv)} did not end within {format_duration(seconds)}: killed; give it longer, or"
            " less to do"
        ) from None
    finally:
        _end(process)


def _read(
    process: subprocess.Popen[bytes], deadline: float, take: Take, take_error: Take | None
) -> None:
    with selectors.DefaultSelector() as open_pipes:
        for pipe, taker in ((process.stdout, take), (process.stderr, take_error)):
            if pipe is not None and taker is not None:
                open_pipes.register(pipe, selectors.EVENT_READ, _Lines(taker))
        while open_pipes.get_map():
            left = deadline - monotonic()
            if left <= 0:
                raise TimeoutError
            ended = process.poll() is not None  # asked before, so that what it wrote is there
            ready = open_pipes.select(0 if ended else min(left, _LOOK))
            if ended and not ready:
                break
            for key, _ in ready:
                chunk = os.read(key.fd, _CHUNK)
                key.data.add(chunk)
                if not chunk:
                    open_pipes.unregister(key.fileobj)
        for key in list(open_pipes.get_map().values()):
            key.data.add(b"")


class _Lines:
    """Makes lines of chunks; an empty chunk is the end."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self._rest = b""

    def add(self, chunk: bytes) -> None:
        *lines, rest = (self._rest + chunk).split(b"\n")
        self._rest = rest[:_MAX_LINE]
        if not chunk and rest:
            lines, self._rest = [rest], b""
        for line in lines:
            self._take(line[:_MAX_LINE].decode("utf-8", "replace").rstrip("\r"))


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with suppress(OSError):  # it may have become another user
            os.killpg(process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_UNTIL_DEAD)
    pipes: tuple[IO[bytes] | None, ...] = (process.stdout, process.stderr)
    for pipe in pipes:
        if pipe is not None:
            pipe.close()


def _name(argv: Sequence[str]) -> str:
    return Path(argv[0]).name
