"""Sends what waits on disk, oldest first, when the receiver is back and nothing new waits."""

from __future__ import annotations

from collections.abc import Mapping

from obskit.clock import Clock
from obskit.export.sender import Sender
from obskit.export.spool import Spool
from obskit.ledger import Ledger

# One batch at a time, seconds: a receiver that has just come back is not overrun.
_BETWEEN_BATCHES = 0.1
# What processes before left is looked for so often, seconds.
_BETWEEN_LOOKS = 30.0
_FIRST_LOOK = 5.0
_WHILE_AWAY = 1.0


class Replayer:
    """A task of the worker. One process at a time replays.

    Args:
        spool: Where batches wait.
        senders: What sends them, by signal.
        ledger: Where what is lost on disk is counted.
        clock: The time.
    """

    def __init__(
        self, spool: Spool, senders: Mapping[str, Sender], ledger: Ledger, clock: Clock
    ) -> None:
        self._spool = spool
        self._senders = senders
        self._ledger = ledger
        self._clock = clock
        self.after_fork()

    def after_fork(self) -> None:
        """In a forked child: look anew."""
        self.due = self._clock.monotonic() + _FIRST_LOOK

    def run(self) -> None:
        """Send the oldest batch, if it is time."""
        now = self._clock.monotonic()
        if now < self.due:
            return
        pause = _WHILE_AWAY
        if not any(sender.away for sender in self._senders.values()):
            with self._spool.replaying() as mine:
                sent = mine and self._send_oldest()
            self._ledger.lose_spooled(self._spool.take_losses())
            pause = _BETWEEN_BATCHES if sent else _BETWEEN_LOOKS
        self.due = self._clock.monotonic() + pause

    def _send_oldest(self) -> bool:
        for signal, sender in self._senders.items():
            batch = self._spool.oldest(signal)
            if batch is not None and sender.resend(batch):
                self._spool.done(batch)
                return True
        return False
