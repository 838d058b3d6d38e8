"""Mail that waits to be sent: in a folder, or in the queue of a mail server.

Mail that waits in a table is counted by `obskit.checks.library.sql.Scalar`.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from obskit.checks.library.command import arguments, ending, run
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult
from obskit.duration import Duration, parse_duration

_UNIT = "{message}"
_MOST = 100_000
_MAX_REASONS = 1_000
_SHOWN_REASONS = 10
_MAX_TEXT = 200
_MAILDIR = ("cur", "new", "tmp")
_ADDRESS = re.compile(r"[^\s<>]+@[^\s<>:,;]+")
# The last line of Postfix' and of Sendmail's mailq, and what `exim -bpc` writes.
_TOTAL = re.compile(r"in (\d+) Requests?\.?$|Total requests: (\d+)|^(\d+)$")
# What Postfix says where it may read the queue itself.
_DOWN = "Mail system is down"
_EMPTY = re.compile(r"queue is empty", re.IGNORECASE)


@dataclass(frozen=True)
class Folder:
    """How many messages wait in a folder, those of its own folders among them.

    Of a Maildir, what nobody has taken up counts: the files in `new`. Hidden files never count.
    After 100,000 files nothing more is looked at, and the message says so.

    Args:
        folder: A Maildir, or a folder with a file for each message.
        pattern: Which files are messages, as a shell matches names: `"*-H"` for Exim.

    >>> Folder("/var/spool/exim4/input", pattern="*-H").pattern
    '*-H'
    """

    folder: str | os.PathLike[str]
    pattern: str = "*"

    def __call__(self) -> Measurement | CheckResult:
        """Count.

        Returns:
            The messages; in the details, the age of the oldest, seconds. Unknown, where the folder
            may not be read.

        Raises:
            NotADirectoryError: There is no such folder.
        """
        folder = Path(self.folder)
        if not folder.is_dir():
            raise NotADirectoryError(f"{folder} is no folder: see that the path is right")
        if all((folder / name).is_dir() for name in _MAILDIR):
            folder /= "new"
        waiting, oldest, looked_at = 0, time.time(), 0
        try:
            for entry in _files(folder):
                looked_at += 1
                if fnmatchcase(entry.name, self.pattern):
                    waiting += 1
                    oldest = min(oldest, _changed(entry, oldest))
                if looked_at == _MOST:
                    break
        except PermissionError as error:
            return CheckResult.unknown(
                f"{error.filename} may not be read: give this user the right"
            )
        message = f"at least {waiting}: no more was looked at" if looked_at == _MOST else ""
        age = max(0.0, time.time() - oldest) if waiting else 0.0
        return Measurement(waiting, _UNIT, message, {"oldest_seconds": age})


@dataclass(frozen=True)
class Postqueue:
    """How many messages wait in the queue of the mail server of this machine.

    Reads `postqueue -j`, which tells most, and the total of `mailq` (Postfix, Sendmail) and of
    `exim -bpc`.

    Args:
        argv: The command that lists the queue.
        timeout: How long it may run; then it and its children are killed.

    Raises:
        ValueError: The command is no list, or the time-out no span of time.

    >>> Postqueue(["postqueue", "-c", "/etc/postfix-out", "-j"]).timeout
    5.0
    """

    argv: Sequence[str] = ("postqueue", "-j")
    timeout: Duration = 5.0

    def __post_init__(self) -> None:
        """Refuse a command line that only a shell could read."""
        object.__setattr__(self, "argv", arguments(self.argv))
        parse_duration(self.timeout)

    def __call__(self) -> Measurement | CheckResult:
        """Run the command.

        Returns:
            The messages; in the details, how many are in which queue, and the age of the oldest,
            seconds; as evidence, why most of them wait, without addresses. Unknown, where the
            command cannot be started or its output not be read. Critical, where it says that the
            mail server is down.

        Raises:
            ConnectionError: The command failed, as it does for most users while the server is down.
            TimeoutError: It did not end in time.
        """
        queue, errors = _Queue(), _Last()
        code = run(self.argv, self.timeout, queue.take, errors.take)
        if isinstance(code, CheckResult):
            return code
        if code:
            raise ConnectionError(f"{ending(self.argv, code)}: {errors.line}")
        if not queue.is_understood:
            return CheckResult.unknown(
                f"what {self.argv[0]} writes is no list of mail: {queue.last!r}; use postqueue -j"
            )
        if _DOWN in errors.line:
            return CheckResult.critical(errors.line, value=queue.count)
        return Measurement(
            queue.count, _UNIT, errors.line, queue.facts(), queue.commonest_reasons()
        )


@dataclass
class _Last:
    """The last line that is not empty."""

    line: str = ""

    def take(self, line: str) -> None:
        self.line = line.strip()[:_MAX_TEXT] or self.line


@dataclass
class _Queue:
    """What the lines of a listing say, whichever command wrote them."""

    waiting: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    oldest: float | None = None
    total: int | None = None
    unread: int = 0
    last: str = ""

    @property
    def is_understood(self) -> bool:
        """An empty list of `postqueue -j` is an empty text."""
        return bool(self.waiting) or self.total is not None or not self.unread

    def take(self, line: str) -> None:
        """Read one line."""
        line = line.strip()
        if line.startswith("{"):
            self._take_message(line)
        elif total := _TOTAL.search(line):
            self.total = int(total[total.lastindex or 0])
        elif _EMPTY.search(line):
            self.total = 0
        elif line:
            self.unread += 1
            self.last = line[:_MAX_TEXT]

    @property
    def count(self) -> int:
        """How many messages wait."""
        return self.waiting.total() if self.waiting else self.total or 0

    def facts(self) -> dict[str, object]:
        """How many are in which queue, and how long the oldest has waited."""
        if self.oldest is None:
            return dict(self.waiting)
        return {**self.waiting, "oldest_seconds": max(0.0, time.time() - self.oldest)}

    def commonest_reasons(self) -> list[str]:
        """Why most of them wait."""
        return [f"{count} × {reason}" for reason, count in self.reasons.most_common(_SHOWN_REASONS)]

    def _take_message(self, line: str) -> None:
        try:
            message: dict[str, Any] = json.loads(line)
        except ValueError:  # cut, for its thousands of recipients
            self.waiting["unread"] += 1
            return
        self.waiting[str(message.get("queue_name"))[:_MAX_TEXT]] += 1
        arrived = message.get("arrival_time")
        if isinstance(arrived, (int, float)):
            self.oldest = arrived if self.oldest is None else min(self.oldest, arrived)
        recipients = message.get("recipients") or [{}]
        reason = _ADDRESS.sub("…", str(recipients[0].get("delay_reason") or ""))[:_MAX_TEXT]
        if reason and (reason in self.reasons or len(self.reasons) < _MAX_REASONS):
            self.reasons[reason] += 1


def _files(folder: Path) -> Iterator[os.DirEntry[str]]:
    """The files under a folder. One that vanishes meanwhile has been sent."""
    folders = [os.fspath(folder)]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        yield entry
        except FileNotFoundError:
            continue


def _changed(entry: os.DirEntry[str], otherwise: float) -> float:
    try:
        return entry.stat(follow_symlinks=False).st_mtime
    except FileNotFoundError:
        return otherwise
