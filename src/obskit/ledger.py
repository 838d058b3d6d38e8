"""The account of every record: what was taken in equals what became of it.

For each signal: accepted = exported + sampled out + dropped + queued + spooled.

Nothing here takes a lock: records are counted in requests, in signal handlers and in `__del__`.
CPython switches threads and runs signal handlers at calls and at backward jumps only, and
``numbers[at] += count`` has neither, so that no count is lost.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

SIGNALS = ("traces", "metrics", "logs", "errors")

_ACCEPTED, _EXPORTED, _SAMPLED_OUT, _DROPPED, _SPOOLED = range(5)
_COUNTS = 5
_PID = len(SIGNALS) * _COUNTS
_ENDED = _PID + 1
_WORDS = _PID + 2


class Unfinished(NamedTuple):
    """What a process left that did not end well.

    Attributes:
        pid: Its process id.
        records: By signal, how many records it had taken in that neither arrived nor are counted as
            lost. Some may have arrived: their receiver's answer was not read.
    """

    pid: int
    records: dict[str, int]


class Ledger:
    """Counts of one process.

    >>> ledger = Ledger()
    >>> ledger.accept("traces", 3)
    >>> ledger.export("traces", 1)
    >>> ledger.drop("traces", "export_failed", 1)
    >>> ledger.snapshot()["traces"]["queued"]
    1
    """

    def __init__(self) -> None:
        self._at = {signal: number * _COUNTS for number, signal in enumerate(SIGNALS)}
        self._queued: dict[str, Callable[[], int]] = {}
        self.reset()

    def reset(self) -> None:
        """Start from nothing, as a forked child must: the numbers are its parent's."""
        self._numbers = memoryview(bytearray(8 * _WORDS)).cast("q")
        self._dropped: dict[str, dict[str, int]] = {signal: {} for signal in SIGNALS}

    def keep(self, path: Path) -> Unfinished | None:
        """Count in a file from now on, which outlives a process that is killed.

        Args:
            path: The file. No other process may use it meanwhile.

        Returns:
            What a process before left there, if it did not end well.

        Raises:
            OSError: The file cannot be had. Counting goes on in memory.
        """
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            before = memoryview(os.read(descriptor, 8 * _WORDS).ljust(8 * _WORDS, b"\0")).cast("q")
            # Written, so that a full disk is an error here and no signal later.
            os.pwrite(descriptor, bytes(self._numbers), 0)
            os.ftruncate(descriptor, 8 * _WORDS)
            numbers = memoryview(mmap.mmap(descriptor, 8 * _WORDS)).cast("q")
        finally:
            os.close(descriptor)
        numbers[_PID], numbers[_ENDED] = os.getpid(), 0
        self._numbers = numbers
        return self._unfinished(before)

    def end(self) -> None:
        """What is left is accounted for: the process ends well."""
        self._numbers[_ENDED] = 1

    def _unfinished(self, numbers: memoryview) -> Unfinished | None:
        if numbers[_ENDED] or not numbers[_PID]:
            return None
        records = {}
        for signal, at in self._at.items():
            left = numbers[at] - sum(numbers[at + 1 : at + _COUNTS])
            if left > 0:
                records[signal] = left
        return Unfinished(numbers[_PID], records) if records else None

    def accept(self, signal: str, count: int = 1) -> None:
        """Records were taken in."""
        self._numbers[self._at[signal]] += count

    def export(self, signal: str, count: int) -> None:
        """Records were taken by the receiver."""
        self._numbers[self._at[signal] + _EXPORTED] += count

    def sample_out(self, signal: str, count: int = 1) -> None:
        """Records were taken in, and the sampler chose not to keep them."""
        self._numbers[self._at[signal]] += count
        self._numbers[self._at[signal] + _SAMPLED_OUT] += count

    def drop(self, signal: str, reason: str, count: int = 1) -> None:
        """Records were given up, for a reason in a word or two."""
        self._numbers[self._at[signal] + _DROPPED] += count
        reasons = self._dropped[signal]
        try:
            reasons[reason] += count
        except KeyError:
            reasons.setdefault(reason, 0)
            reasons[reason] += count

    def refuse(self, signal: str, reason: str, count: int = 1) -> None:
        """Records were taken in and given up at once.

        >>> ledger = Ledger()
        >>> ledger.refuse("logs", "console_closed")
        >>> ledger.snapshot()["logs"]["dropped"]
        {'console_closed': 1}
        """
        self.accept(signal, count)
        self.drop(signal, reason, count)

    def spool(self, signal: str, count: int) -> None:
        """Records wait on disk."""
        self._numbers[self._at[signal] + _SPOOLED] += count

    def unspool(self, signal: str, count: int) -> None:
        """Records were taken from the disk: first those that this process put there, then others'.

        >>> ledger = Ledger()
        >>> ledger.unspool("traces", 2)  # of a process before
        >>> ledger.snapshot()["traces"]["queued"]
        2
        """
        own = min(count, self._numbers[self._at[signal] + _SPOOLED])
        self.spool(signal, -own)
        self.accept(signal, count - own)

    def lose_spooled(self, losses: Mapping[tuple[str, str], int]) -> None:
        """Records were lost on disk.

        Args:
            losses: How many, by signal and reason.
        """
        for (signal, reason), count in losses.items():
            self.unspool(signal, count)
            self.drop(signal, reason, count)

    def measure(self, signal: str, queued: Callable[[], int]) -> None:
        """Have a queue counted by itself, so that the account can be checked against it.

        Args:
            signal: Whose queue.
            queued: Says how many records wait.
        """
        self._queued[signal] = queued

    def lost(self) -> int:
        """How many records were dropped, of all signals."""
        return sum(self._numbers[at + _DROPPED] for at in self._at.values())

    def balance(self) -> str:
        """What became of everything, in a line; empty where there was nothing.

        >>> ledger = Ledger()
        >>> ledger.refuse("logs", "queue_full", 2)
        >>> ledger.accept("traces", 3)
        >>> ledger.export("traces", 3)
        >>> ledger.balance()
        'traces 3 exported; logs 0 exported, 2 dropped (queue_full 2)'
        """
        told = [
            f"{signal} {_told(account)}"
            for signal, account in self.snapshot().items()
            if account["accepted"]
        ]
        return "; ".join(told)

    def snapshot(self) -> dict[str, dict[str, Any]]:
        """The counts as they stand, by signal."""
        return {signal: self._of(signal) for signal in SIGNALS}

    def _of(self, signal: str) -> dict[str, Any]:
        at = self._at[signal]
        accepted, exported, sampled_out, dropped, spooled = self._numbers[at : at + _COUNTS]
        measured = self._queued.get(signal)
        return {
            "accepted": accepted,
            "exported": exported,
            "sampled_out": sampled_out,
            "dropped": dict(self._dropped[signal]),
            "spooled": spooled,
            "queued": measured()
            if measured
            else accepted - exported - sampled_out - dropped - spooled,
        }


def _told(account: dict[str, Any]) -> str:
    parts = [f"{account['exported']} exported"]
    names = {"sampled_out": "sampled out", "spooled": "kept on disk", "queued": "not settled"}
    parts += [f"{account[key]} {name}" for key, name in names.items() if account[key]]
    if account["dropped"]:
        reasons = ", ".join(f"{reason} {count}" for reason, count in account["dropped"].items())
        parts.append(f"{sum(account['dropped'].values())} dropped ({reasons})")
    return ", ".join(parts)
