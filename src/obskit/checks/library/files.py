"""Files and folders: whether they are there, how old, how large, how many, how open."""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from obskit.checks.issues import Issue
from obskit.checks.library.walk import CannotJudge, Walk
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult
from obskit.duration import Duration, parse_duration
from obskit.size import format_size

_LARGEST = 10
_MAX_ISSUES = 1_000
_MODES = 0o7777
_ALL = 0o777


@dataclass(frozen=True)
class Exists:
    """Whether a file, folder, socket or whatever stands at a path.

    Args:
        path: Where.

    Raises:
        FileNotFoundError: Nothing does, or a link to nothing.

    >>> Exists("/etc/hosts")()
    """

    path: str | Path

    def __call__(self) -> CheckResult | None:
        """Look."""
        try:
            status_of(self.path)
        except CannotJudge as why:
            return CheckResult.unknown(str(why))
        return None


class _InTime:
    timeout: Duration

    def __post_init__(self) -> None:
        """Refuse what is no span of time."""
        parse_duration(self.timeout)


@dataclass(frozen=True)
class Age(_InTime):
    """When a file was written last, or the newest file of a folder: a backup, an export.

    An instant, for a declaration with `critical_after`. Where no file is, that is "never".

    Args:
        path: The file, or the folder where `pattern` is given.
        pattern: What names of files look like, as a shell writes it: `*.dump.gz`.
        oldest: Judge the oldest of them instead, what waits longest in a spool; none is well then.
        timeout: How long the folder may take.

    Returns:
        The instant, with the file.

    Raises:
        FileNotFoundError: There is no such folder.

    >>> Age("/etc", "hosts")().details["path"]
    '/etc/hosts'
    """

    path: str | Path
    pattern: str = ""
    oldest: bool = False
    timeout: Duration = 5.0

    def __call__(self) -> Measurement | CheckResult:
        """Look for it."""
        try:
            found = self._found()
        except CannotJudge as why:
            return CheckResult.unknown(str(why))
        if found is not None:
            written, name = found
            instant = datetime.fromtimestamp(written, timezone.utc)
            return Measurement(instant, message=name, details={"path": name})
        if not self.pattern:
            return Measurement(None, message=f"{self.path} is not there")
        none = f"no file in {self.path} fits {self.pattern!r}"
        return CheckResult.ok(none) if self.oldest else Measurement(None, message=none)

    def _found(self) -> tuple[float, str] | None:
        if not self.pattern:
            with suppress(FileNotFoundError):
                return status_of(self.path).st_mtime, os.fspath(self.path)
            return None
        walk = Walk(self.path, self.pattern, timeout=self.timeout)
        times = ((status.st_mtime, path) for path, status in _statuses(walk))
        return (min if self.oldest else max)(times, default=None)


@dataclass(frozen=True)
class Size:
    """How large a file is.

    Args:
        path: The file.

    Returns:
        Bytes.

    Raises:
        FileNotFoundError: There is no such file.

    >>> Size("/etc/hosts")().unit
    'By'
    """

    path: str | Path

    def __call__(self) -> Measurement | CheckResult:
        """Measure it."""
        try:
            size = status_of(self.path).st_size
        except CannotJudge as why:
            return CheckResult.unknown(str(why))
        return Measurement(size, "By", f"{self.path}, {format_size(size)}")


@dataclass(frozen=True)
class Count(_InTime):
    """How many files a folder has.

    Args:
        folder: The folder.
        pattern: What names of files look like, as a shell writes it.
        recursive: Whether the folders in it belong to it.
        timeout: How long it may take.

    Returns:
        The number of files. Unknown where the folder is too large for the time.

    Raises:
        FileNotFoundError: There is no such folder.

    >>> Count("/etc", "hosts")().value
    1
    """

    folder: str | Path
    pattern: str = "*"
    recursive: bool = False
    timeout: Duration = 5.0

    def __call__(self) -> Measurement | CheckResult:
        """Count them."""
        walk = Walk(self.folder, self.pattern, recursive=self.recursive, timeout=self.timeout)
        try:
            count = sum(1 for _ in walk)
        except CannotJudge as why:
            return CheckResult.unknown(str(why))
        message = f"{self.folder}, {self.pattern}"
        return Measurement(count, "{file}", message, {"folders_unread": walk.unread})


@dataclass(frozen=True)
class FolderSize(_InTime):
    """How large the files of a folder and of all folders in it are together.

    Args:
        folder: The folder.
        pattern: What names of files look like, as a shell writes it.
        timeout: How long it may take.

    Returns:
        Bytes, with the ten largest files. Unknown where the folder is too large for the time.

    Raises:
        FileNotFoundError: There is no such folder.

    >>> FolderSize("/etc", "hosts")().unit
    'By'
    """

    folder: str | Path
    pattern: str = "*"
    timeout: Duration = 5.0

    def __call__(self) -> Measurement | CheckResult:
        """Measure it."""
        walk = Walk(self.folder, self.pattern, recursive=True, timeout=self.timeout)
        size = count = 0
        largest: list[tuple[int, str]] = []
        try:
            for path, status in _statuses(walk):
                size += status.st_size
                count += 1
                keep = heapq.heappush if count <= _LARGEST else heapq.heappushpop
                keep(largest, (status.st_size, path))
        except CannotJudge as why:
            return CheckResult.unknown(str(why))
        rows = [f"{format_size(each)} {path}" for each, path in sorted(largest, reverse=True)]
        facts = {"files": count, "folders_unread": walk.unread}
        return Measurement(size, "By", f"{self.folder}, {format_size(size)}", facts, rows)


@dataclass(frozen=True)
class Permissions(_InTime):
    """Whether a file, or the files of a folder, are open to nobody but who may read or write them.

    Args:
        path: The file or folder itself, or the folder of the files where `pattern` is given.
        most: The permissions that are allowed at most, as `chmod` takes them: `0o640`.
        pattern: What names of files look like, as a shell writes it.
        recursive: With a pattern: whether the folders in it belong to it.
        timeout: How long the folder may take.

    Returns:
        A critical issue for each file that is more open.

    Raises:
        FileNotFoundError: There is no such file or folder.
        ValueError: `most` is none.

    >>> Permissions("/etc/hosts", 0o777)()
    []
    """

    path: str | Path
    most: int = 0o640
    pattern: str = ""
    recursive: bool = False
    timeout: Duration = 5.0

    def __post_init__(self) -> None:
        """Refuse 640, which is 0o1200."""
        super().__post_init__()
        if not 0 <= self.most <= _ALL:
            raise ValueError(f"most is {self.most!r}: write it as 0o640, from 0o000 to 0o777")

    def __call__(self) -> list[Issue] | CheckResult:
        """Look."""
        issues: list[Issue] = []
        try:
            for path, status in self._looked_at():
                if status.st_mode & _MODES & ~self.most:
                    issues.append(self._issue(path, status.st_mode & _MODES))
                if len(issues) == _MAX_ISSUES:
                    break
        except CannotJudge as why:
            return CheckResult.unknown(str(why))
        return issues

    def _looked_at(self) -> Iterator[tuple[str, os.stat_result]]:
        if not self.pattern:
            yield os.fspath(self.path), status_of(self.path)
            return
        walk = Walk(self.path, self.pattern, recursive=self.recursive, timeout=self.timeout)
        yield from _statuses(walk)

    def _issue(self, path: str, mode: int) -> Issue:
        allowed = f"{mode & self.most:04o}"
        return Issue("critical", path, f"is open as {mode:04o}: chmod {allowed}")


def status_of(path: str | Path) -> os.stat_result:
    """What the file system says of a path, links followed.

    Raises:
        CannotJudge: This user may not look there.
        FileNotFoundError: Nothing stands there.

    >>> status_of("/etc/hosts").st_nlink
    1
    """
    try:
        return Path(path).stat()
    except PermissionError:
        raise CannotJudge(f"{path} may not be seen by this user: run as another") from None
    except (FileNotFoundError, NotADirectoryError):
        what = "leads to nothing" if Path(path).is_symlink() else "is not there"
        raise FileNotFoundError(f"{path} {what}: correct the path, or see what makes it") from None


def _statuses(walk: Walk) -> Iterator[tuple[str, os.stat_result]]:
    for entry in walk:
        try:
            yield entry.path, entry.stat(follow_symlinks=False)
        except FileNotFoundError:  # gone since
            continue
