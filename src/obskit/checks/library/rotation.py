"""Rotation of log files, whoever does it: confirmed by what it leaves in the folder."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

from obskit.checks.issues import Issue
from obskit.checks.library.walk import CannotJudge, Walk
from obskit.checks.model import CheckResult
from obskit.duration import Duration, format_duration, parse_duration
from obskit.size import format_size

_MAX_ISSUES = 1_000
# As obskit and logrotate name them: app.log-20260101T…, app.log-20260101.gz, app.log.1, app.log.2.gz.
_ROTATED = re.compile(r"\.log[.-][0-9][^/]*$")
_PACKED = (".gz", ".bz2", ".xz", ".zst")
_LOG = "*.log*"


@dataclass(frozen=True)
class Rotation:
    """Whether the log files of a folder are rotated, compressed and removed in time.

    Args:
        folder: The folder.
        most_bytes: A log file that is written to and larger than this was not rotated.
        keep: What was rotated and is older than this should have been removed.
        compress_after: What was rotated longer ago should be compressed; logrotate's
            `delaycompress` leaves one file uncompressed until the next time.
        timeout: How long the folder may take.

    Returns:
        A critical issue for each file. Unknown where the folder cannot be read.

    Raises:
        FileNotFoundError: There is no such folder.
        ValueError: A span of time is none.

    >>> Rotation("/var/log/shop", most_bytes=100_000_000).keep
    '31d'
    """

    folder: str | os.PathLike[str]
    most_bytes: float
    keep: Duration = "31d"
    compress_after: Duration = "2d"
    timeout: Duration = 5.0

    def __post_init__(self) -> None:
        """Refuse what is no span of time."""
        for span in (self.keep, self.compress_after, self.timeout):
            parse_duration(span)

    def __call__(self) -> list[Issue] | CheckResult:
        """Look."""
        issues: list[Issue] = []
        try:
            for entry in Walk(self.folder, _LOG, timeout=self.timeout):
                issues += self._of(entry)
                if len(issues) >= _MAX_ISSUES:
                    break
        except CannotJudge as why:
            return CheckResult.unknown(str(why))
        return issues

    def _of(self, entry: os.DirEntry[str]) -> Iterator[Issue]:
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:  # rotated since
            return
        age = time.time() - status.st_mtime
        if not _ROTATED.search(entry.name):
            if status.st_size > self.most_bytes:
                most = format_size(self.most_bytes)
                yield _issue(
                    entry, f"has {format_size(status.st_size)}, and is to be rotated at {most}"
                )
        elif age > parse_duration(self.keep):
            yield _issue(entry, f"is {format_duration(age)} old, and is to be removed")
        elif age > parse_duration(self.compress_after) and not entry.name.endswith(_PACKED):
            yield _issue(entry, f"was rotated {format_duration(age)} ago, and is not compressed")


def _issue(entry: os.DirEntry[str], fault: str) -> Issue:
    return Issue("critical", entry.path, f"{fault}: see what rotates it")
