"""The limits of the container that this process runs in, from the files of its control groups."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, NamedTuple

from obskit.checks.judge import Above, above
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult
from obskit.size import format_size

_GROUPS = "/sys/fs/cgroup"
_OWN = Path("/proc/self/cgroup")
# cgroup v1 writes "no limit" as the largest number of whole pages.
_UNLIMITED = 2**60


@dataclass(frozen=True)
class Memory:
    """How much of its memory limit the container uses, per cent; what can be given back is not.

    Of the limits that stand above one another the tightest counts. At 100 the kernel kills.

    Args:
        root: Where the control groups are mounted, of version 1 or 2.

    Returns:
        Per cent, with bytes and the number of kills so far. Unknown where there is no limit:
        `system.Memory` judges the machine.

    >>> Memory().default_judge(95).state
    'critical'
    """

    root: str | Path = _GROUPS
    default_judge: ClassVar[Above] = above(warning=80, critical=90)

    def __call__(self) -> Measurement | CheckResult:
        """Measure it."""
        uses = []
        for group in _groups(self.root, "memory"):
            limit = _first(group, "memory.max", "memory.limit_in_bytes")
            used = _first(group, "memory.current", "memory.usage_in_bytes")
            if limit and used is not None and limit < _UNLIMITED:
                facts = _facts(group / "memory.stat")
                cached = facts.get("total_inactive_file", facts.get("inactive_file", 0))
                uses.append((100 * max(0, used - cached) / limit, used - cached, limit, group))
        if not uses:
            return _no_limit("memory", self.root, "system.Memory")
        percent, used, limit, group = max(uses)
        kills = _facts(group / "memory.events") or _facts(group / "memory.oom_control")
        message = f"{format_size(used)} of {format_size(limit)}"
        details = {"used": used, "limit": limit, "oom_kills": kills.get("oom_kill", 0)}
        return Measurement(round(percent, 1), "%", message, details)


class _Periods(NamedTuple):
    group: Path
    all: int
    throttled: int


@dataclass(frozen=True)
class Cpu:
    """In how many periods since the run before the container was throttled at its quota, per cent.

    The first run counts from the container's start.

    Args:
        root: Where the control groups are mounted, of version 1 or 2.

    Returns:
        Per cent of the periods in which it ran at all. Unknown where there is no quota:
        `system.Cpu` judges the machine.

    >>> Cpu().default_judge(30).state
    'warning'
    """

    root: str | Path = _GROUPS
    default_judge: ClassVar[Above] = above(warning=25, critical=50)
    _before: deque[_Periods] = field(
        default_factory=lambda: deque(maxlen=1), init=False, repr=False, compare=False
    )

    def __call__(self) -> Measurement | CheckResult:
        """Measure it."""
        group = next((one for one in _groups(self.root, "cpu") if _has_quota(one)), None)
        if group is None:
            return _no_limit("cpu", self.root, "system.Cpu")
        facts = _facts(group / "cpu.stat")
        now = _Periods(group, facts.get("nr_periods", 0), facts.get("nr_throttled", 0))
        before = self._before[0] if self._before else None
        self._before.append(now)
        if before is None or before.group != group or before.all > now.all:
            before = _Periods(group, 0, 0)
        periods, throttled = now.all - before.all, now.throttled - before.throttled
        percent = 100 * throttled / periods if periods else 0.0
        details = {"periods": periods, "throttled": throttled}
        return Measurement(
            round(percent, 1), "%", f"throttled in {throttled} of {periods}", details
        )


@dataclass(frozen=True)
class Pids:
    """How many of the processes and threads that the container may have it has, per cent.

    Args:
        root: Where the control groups are mounted, of version 1 or 2.

    Returns:
        Per cent. Unknown where there is no limit.

    >>> Pids().default_judge(85).state
    'warning'
    """

    root: str | Path = _GROUPS
    default_judge: ClassVar[Above] = above(warning=80, critical=90)

    def __call__(self) -> Measurement | CheckResult:
        """Measure it."""
        uses = []
        for group in _groups(self.root, "pids"):
            limit, used = _first(group, "pids.max"), _first(group, "pids.current")
            if limit and used is not None:
                uses.append((100 * used / limit, used, limit))
        if not uses:
            return _no_limit("pids", self.root, "system.Load")
        percent, used, limit = max(uses)
        details = {"used": used, "limit": limit}
        return Measurement(round(percent, 1), "%", f"{used} of {limit}", details)


def _no_limit(kind: str, root: str | Path, other: str) -> CheckResult:
    return CheckResult.unknown(
        f"this process has no {kind} limit in {root}: set one, or judge the machine by {other}"
    )


def _groups(root: str | Path, controller: str) -> Iterator[Path]:
    """The process's own group and those above it; a limit of any of them binds it."""
    second = (Path(root) / "cgroup.controllers").is_file()
    base = Path(root) if second else Path(root) / controller
    path = _own_path("" if second else controller)
    # A container sees its own group as the root, while the path may be the host's.
    own = base / path
    if ".." in own.parts or not own.is_dir():
        own = base
    while own != base:
        yield own
        own = own.parent
    yield base


def _own_path(controller: str) -> str:
    try:
        lines = _OWN.read_text(encoding="utf-8").splitlines()
    except OSError:  # no Linux
        return ""
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            return path.lstrip("/")
    return ""


def _has_quota(group: Path) -> bool:
    # Version 2 writes "max 100000" or "50000 100000", version 1 -1 or 50000.
    quota = _first(group, "cpu.max", "cpu.cfs_quota_us")
    return quota is not None and quota > 0


def _first(group: Path, *names: str) -> int | None:
    """The number that the first of these files begins with; None where there is none, or no limit."""
    for name in names:
        try:
            written = (group / name).read_text(encoding="utf-8").split()
        except OSError:
            continue
        return int(written[0]) if written and written[0].lstrip("-").isdigit() else None
    return None


def _facts(file: Path) -> dict[str, int]:
    try:
        rows = [line.split() for line in file.read_text(encoding="utf-8").splitlines()]
    except OSError:
        return {}
    return {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdigit()}
