"""Sending what waits in a spool."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from obskit.export.spool import Batch, Spool


class Replayed(NamedTuple):
    """What became of a replay.

    Attributes:
        busy: Another process is replaying, or the directory cannot be written; nothing was done.
        sent: Signal → records that were sent.
        batches: How many batches were sent.
    """

    busy: bool
    sent: dict[str, int]
    batches: int


def replay(spool: Spool, send: Callable[[Batch], bool]) -> Replayed:
    """Send what waits, each signal in its order, if no other process does.

    A signal stops at its first batch that cannot be sent; the others go on, since each may have a
    receiver of its own.

    Args:
        spool: Where it waits.
        send: Sends one batch. True: it is done with, and is removed.

    Returns:
        What was sent. What is left, `Spool.snapshot` tells.
    """
    sent: Counter[str] = Counter()
    batches = 0
    with spool.replaying() as ours:
        for signal in spool.signals() if ours else ():
            while (batch := spool.oldest(signal)) is not None and send(batch):
                spool.done(batch)
                sent[signal] += batch.records
                batches += 1
    return Replayed(not ours, dict(sent), batches)
