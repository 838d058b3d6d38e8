"""The machine: processor, memory, swap, load, file systems; and this process's descriptors.

Folders that hold another machine's `/proc` are read where `psutil.PROCFS_PATH` says so.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

import psutil

from obskit.checks.judge import Above, above
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult
from obskit.size import format_size

# Without an earlier run to compare with, the processor is watched for so long, seconds.
_FIRST_LOOK = 0.2
# Kinds that are full by nature.
_IMAGES = frozenset({"squashfs", "iso9660", "udf", "erofs", "cramfs"})
_IDLE = ("idle", "iowait")
_SHOWN = ("user", "system", "iowait", "steal")


@dataclass(frozen=True)
class Cpu:
    """How busy the processors were since the run before, per cent of all of them.

    The first run watches for 0.2 seconds. Waiting for disks is no work.

    Returns:
        Per cent, 0 to 100, with the shares of its kinds.

    >>> Cpu().default_judge(97).state
    'critical'
    """

    default_judge: ClassVar[Above] = above(warning=80, critical=95)
    _before: deque[dict[str, float]] = field(
        default_factory=lambda: deque(maxlen=1), init=False, repr=False, compare=False
    )

    def __call__(self) -> Measurement:
        """Measure it."""
        before = self._before[0] if self._before else psutil.cpu_times()._asdict()
        now = psutil.cpu_times()._asdict()
        if sum(now.values()) - sum(before.values()) < _FIRST_LOOK:
            time.sleep(_FIRST_LOOK)
            now = psutil.cpu_times()._asdict()
        self._before.append(now)
        # The kernel counts guests as users too, and lets a counter go back at times.
        spent = {
            kind: max(0.0, now[kind] - before[kind]) for kind in now if not kind.startswith("guest")
        }
        whole = sum(spent.values()) or 1.0
        shares = {kind: round(100 * seconds / whole, 1) for kind, seconds in spent.items()}
        busy = 100 * sum(s for kind, s in spent.items() if kind not in _IDLE) / whole
        shown = {kind: shares[kind] for kind in _SHOWN if kind in shares}
        message = ", ".join(f"{kind} {share:g} %" for kind, share in shown.items())
        return Measurement(round(busy, 1), "%", message, shown)


@dataclass(frozen=True)
class Memory:
    """How much of the machine's memory is taken, per cent; what the kernel can give back is not.

    In a container, `container.Memory` judges by the container's own limit.

    Returns:
        Per cent, 0 to 100.

    >>> 0 < Memory()().value < 100
    True
    """

    default_judge: ClassVar[Above] = above(warning=80, critical=90)

    def __call__(self) -> Measurement:
        """Measure it."""
        memory = psutil.virtual_memory()
        message = f"{format_size(memory.available)} available of {format_size(memory.total)}"
        facts = {"available": memory.available, "total": memory.total}
        return Measurement(memory.percent, "%", message, facts)


@dataclass(frozen=True)
class Swap:
    """How much of the swap space is taken, per cent. None of none is none.

    Returns:
        Per cent, 0 to 100.

    >>> Swap().default_judge(10).state
    'ok'
    """

    default_judge: ClassVar[Above] = above(warning=50, critical=80)

    def __call__(self) -> Measurement:
        """Measure it."""
        swap = psutil.swap_memory()
        message = f"{format_size(swap.free)} free of {format_size(swap.total)}"
        facts = {"free": swap.free, "total": swap.total}
        return Measurement(swap.percent, "%", message if swap.total else "no swap space", facts)


@dataclass(frozen=True)
class Load:
    """How many processes ran or waited, on average, for each processor.

    Args:
        minutes: The span of the average: 1, 5 or 15.

    Returns:
        The load average divided by the number of processors.

    Raises:
        ValueError: The span is none of these.

    >>> Load(minutes=15)().value >= 0
    True
    """

    minutes: Literal[1, 5, 15] = 5
    default_judge: ClassVar[Above] = above(warning=2, critical=4)

    def __post_init__(self) -> None:
        """Refuse a span that the kernel does not know."""
        if self.minutes not in _SPANS:
            raise ValueError(f"minutes is {self.minutes!r}: use 1, 5 or 15")

    def __call__(self) -> Measurement:
        """Measure it."""
        averages = dict(zip(_SPANS, psutil.getloadavg(), strict=True))
        processors = psutil.cpu_count() or 1
        message = "load " + ", ".join(f"{one:.2f}" for one in averages.values())
        facts = {f"{span}m": one for span, one in averages.items()} | {"processors": processors}
        return Measurement(averages[self.minutes] / processors, "1", message, facts)


_SPANS = (1, 5, 15)


@dataclass(frozen=True)
class Descriptors:
    """How many of the descriptors that this process may open are open, per cent.

    Returns:
        Per cent, 0 to 100.

    >>> 0 <= Descriptors()().value <= 100
    True
    """

    default_judge: ClassVar[Above] = above(warning=80, critical=95)

    def __call__(self) -> Measurement:
        """Measure it."""
        import resource  # POSIX alone has it

        used = psutil.Process().num_fds()
        most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if most == resource.RLIM_INFINITY:
            return Measurement(0.0, "%", f"{used} open, without a limit", {"open": used})
        facts = {"open": used, "limit": most}
        return Measurement(min(100.0, 100 * used / most), "%", f"{used} open of {most}", facts)


class _Use(NamedTuple):
    percent: float
    path: str
    free: int
    total: int


@dataclass(frozen=True)
class Disk:
    """How full a file system is, per cent of what a user may write, as `df` counts.

    Args:
        path: A file or folder of the file system. Without one the fullest of all local ones is
            told; pseudo file systems, images and network ones are none of them.

    Returns:
        Per cent, 0 to 100, with the free and total bytes; a row for each file system.

    Raises:
        FileNotFoundError: There is no such path.

    >>> Disk("/")().details["path"]
    '/'
    """

    path: str | os.PathLike[str] | None = None
    default_judge: ClassVar[Above] = above(warning=80, critical=90)

    def __call__(self) -> Measurement | CheckResult:
        """Measure it."""
        return _fullest(self.path, _space, format_size)


@dataclass(frozen=True)
class Inodes:
    """How many of a file system's inodes are taken, per cent: without one no file can be made.

    Args:
        path: A file or folder of the file system. Without one the fullest of all local ones is
            told.

    Returns:
        Per cent, 0 to 100; 0 where the file system makes inodes as it needs them.

    Raises:
        FileNotFoundError: There is no such path.

    >>> Inodes("/")().details["path"]
    '/'
    """

    path: str | os.PathLike[str] | None = None
    default_judge: ClassVar[Above] = above(warning=80, critical=90)

    def __call__(self) -> Measurement | CheckResult:
        """Measure it."""
        return _fullest(self.path, _inodes, lambda count: f"{count:.0f} inodes")


def _space(path: str) -> _Use:
    usage = psutil.disk_usage(path)
    writable = usage.used + usage.free
    return _Use(100 * usage.used / writable if writable else 0.0, path, usage.free, usage.total)


def _inodes(path: str) -> _Use:
    system = os.statvfs(path)
    used = system.f_files - system.f_ffree
    usable = used + system.f_favail
    return _Use(100 * used / usable if usable else 0.0, path, system.f_favail, system.f_files)


def _fullest(
    path: str | os.PathLike[str] | None,
    measure: Callable[[str], _Use],
    write: Callable[[float], str],
) -> Measurement | CheckResult:
    if path is None:
        uses = sorted(_local(measure), reverse=True)
    else:
        uses = [_named(os.fspath(path), measure)]
    if not uses:
        return CheckResult.unknown("no local file system can be read: name one by path")
    rows = [f"{use.path} {use.percent:.1f} %, {write(use.free)} free" for use in uses]
    first = uses[0]
    facts: dict[str, Any] = {"path": first.path, "free": first.free, "total": first.total}
    message = f"{first.path}: {write(first.free)} free of {write(first.total)}"
    return Measurement(round(first.percent, 1), "%", message, facts, rows)


def _named(path: str, measure: Callable[[str], _Use]) -> _Use:
    try:
        return measure(path)
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} is not there: mount it, or correct the path") from None


def _local(measure: Callable[[str], _Use]) -> Iterator[_Use]:
    seen = set()
    # The root of a container is an overlay, which the list takes for a pseudo file system.
    paths = ["/", *(p.mountpoint for p in psutil.disk_partitions() if p.fstype not in _IMAGES)]
    for path in paths:
        try:
            device = Path(path).stat().st_dev
            if device in seen or not Path(path).is_dir():
                continue
            seen.add(device)
            yield measure(path)
        except OSError:  # another user's, or gone since
            continue
