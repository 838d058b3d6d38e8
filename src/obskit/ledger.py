"""The account of every record: what was taken in equals what became of it.

For each signal: accepted = exported + sampled out + dropped + queued + spooled.

Nothing here takes a lock: records are counted in requests, in signal handlers and in `__del__`.
CPython switches threads and runs signal handlers at calls and at backward jumps only, and
``self.number += count`` has neither, so that no count is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

SIGNALS = ("traces", "metrics", "logs", "errors")


class _Account:
    __slots__ = ("accepted", "dropped", "exported", "queued", "sampled_out", "spooled")

    def __init__(self) -> None:
        self.accepted = 0
        self.exported = 0
        self.sampled_out = 0
        self.spooled = 0
        self.dropped: dict[str, int] = {}
        self.queued: Callable[[], int] | None = None

    def drop(self, reason: str, count: int) -> None:
        try:
            self.dropped[reason] += count
        except KeyError:
            self.dropped.setdefault(reason, 0)
            self.dropped[reason] += count

    def snapshot(self) -> dict[str, Any]:
        dropped = dict(self.dropped)
        left = self.exported + self.sampled_out + sum(dropped.values()) + self.spooled
        return {
            "accepted": self.accepted,
            "exported": self.exported,
            "sampled_out": self.sampled_out,
            "dropped": dropped,
            "spooled": self.spooled,
            "queued": self.queued() if self.queued else self.accepted - left,
        }


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
        self._accounts = {signal: _Account() for signal in SIGNALS}

    def reset(self) -> None:
        """Start from nothing, as a forked child must."""
        for signal, before in self._accounts.items():
            self._accounts[signal] = account = _Account()
            account.queued = before.queued

    def accept(self, signal: str, count: int = 1) -> None:
        """Records were taken in."""
        self._accounts[signal].accepted += count

    def export(self, signal: str, count: int) -> None:
        """Records were taken by the receiver."""
        self._accounts[signal].exported += count

    def sample_out(self, signal: str, count: int = 1) -> None:
        """Records were taken in, and the sampler chose not to keep them."""
        account = self._accounts[signal]
        account.accepted += count
        account.sampled_out += count

    def drop(self, signal: str, reason: str, count: int = 1) -> None:
        """Records were given up, for a reason in a word or two."""
        self._accounts[signal].drop(reason, count)

    def refuse(self, signal: str, reason: str, count: int = 1) -> None:
        """Records were taken in and given up at once.

        >>> ledger = Ledger()
        >>> ledger.refuse("logs", "console_closed")
        >>> ledger.snapshot()["logs"]["dropped"]
        {'console_closed': 1}
        """
        account = self._accounts[signal]
        account.accepted += count
        account.drop(reason, count)

    def spool(self, signal: str, count: int) -> None:
        """Records wait on disk."""
        self._accounts[signal].spooled += count

    def unspool(self, signal: str, count: int) -> None:
        """Records were taken from the disk: first those that this process put there, then others'.

        >>> ledger = Ledger()
        >>> ledger.unspool("traces", 2)  # of a process before
        >>> ledger.snapshot()["traces"]["queued"]
        2
        """
        account = self._accounts[signal]
        own = min(count, account.spooled)
        account.spooled -= own
        account.accepted += count - own

    def measure(self, signal: str, queued: Callable[[], int]) -> None:
        """Have a queue counted by itself, so that the account can be checked against it.

        Args:
            signal: Whose queue.
            queued: Says how many records wait.
        """
        self._accounts[signal].queued = queued

    def lost(self) -> int:
        """How many records were dropped, of all signals."""
        return sum(sum(account.dropped.values()) for account in self._accounts.values())

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
        return {signal: account.snapshot() for signal, account in self._accounts.items()}


def _told(account: dict[str, Any]) -> str:
    parts = [f"{account['exported']} exported"]
    names = {"sampled_out": "sampled out", "spooled": "kept on disk", "queued": "not settled"}
    parts += [f"{account[key]} {name}" for key, name in names.items() if account[key]]
    if account["dropped"]:
        reasons = ", ".join(f"{reason} {count}" for reason, count in account["dropped"].items())
        parts.append(f"{sum(account['dropped'].values())} dropped ({reasons})")
    return ", ".join(parts)
