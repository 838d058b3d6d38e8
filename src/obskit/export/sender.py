"""The way out of one signal: batches from its queue, sent, tried again, spooled, or given up."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from random import Random
from typing import Protocol

from obskit.clock import Clock
from obskit.export.answer import Answer
from obskit.export.encoding import assemble
from obskit.export.outage import Outage
from obskit.export.queue import Part, Queue
from obskit.export.spool import Batch, Spool
from obskit.ledger import Ledger

# Receivers take 20 MiB and less, uncompressed.
_MAX_BODY = 4 * 1_024 * 1_024
# Between two attempts, seconds: the first pause, and the longest.
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
# What an exit or a flush leaves for the spool, when a request does not come back, seconds.
_LAST_MOMENT = 0.3


class Carrier(Protocol):
    """Carries bodies. `obskit.export.transport` makes the one that goes over HTTP."""

    def post(self, body: bytes, timeout: float) -> Answer:
        """Carry one, in so many seconds at most. Never raises."""

    def abort(self) -> None:
        """Let a `post` of another thread end now."""

    def close(self) -> None:
        """Let go of what it holds."""


class Sender:
    """Sends what waits in one queue. One thread at a time: the worker, or one that flushes.

    Args:
        signal: Whose records.
        queue: Where they wait.
        transport: What carries them.
        ledger: Where they are counted.
        outage: What is told when they cannot be sent.
        spool: Where batches wait while the receiver is away, or None.
        clock: The time.
        batch: Records of one request at most.
        delay: Seconds between two rounds.
        timeout: Seconds that one request may take.
        collect: Fills the queue before each round.
        last: Fills it once more at the end.
        kept: Is given each body as it is taken from the queue, whatever becomes of it.
    """

    def __init__(
        self,
        signal: str,
        queue: Queue,
        transport: Carrier,
        ledger: Ledger,
        outage: Outage,
        spool: Spool | None,
        clock: Clock,
        *,
        batch: int,
        delay: float,
        timeout: float,
        collect: Callable[[], object] = bool,
        last: Callable[[], object] = bool,
        kept: Callable[[bytes], object] | None = None,
    ) -> None:
        self.signal = signal
        self.queue = queue
        self._transport = transport
        self._ledger = ledger
        self._outage = outage
        self._spool = spool
        self._clock = clock
        self._batch = batch
        self._delay = delay
        self._timeout = timeout
        self._collect = collect
        self._last = last
        self._kept = kept
        self._random = Random()  # noqa: S311 - spreads load, guards nothing
        ledger.measure(signal, lambda: queue.records + self._in_hand)
        self.after_fork()

    def after_fork(self) -> None:
        """In a forked child: what waits is the parent's, and so is the connection."""
        self._locks: dict[str, threading.Lock] = {}
        self._hand: deque[list[Part]] = deque()
        self._in_hand = 0
        self._failures = 0
        self._next_try = 0.0
        self._closed = False
        self._outage.after_fork()
        self.queue.clear()
        self._next_round = self._clock.monotonic() + self._delay

    @property
    def due(self) -> float:
        """When to run next, by the monotonic clock, unless the queue fills before."""
        if self._closed:
            return float("inf")
        return min(self._next_round, self._next_try) if self._hand else self._next_round

    @property
    def away(self) -> bool:
        """Whether the receiver did not answer last time."""
        return self._failures > 0

    def run(self) -> None:
        """One round, in the worker's thread."""
        with self._lock:
            now = self._clock.monotonic()
            if self._closed or not (now >= self.due or self.queue.is_filling):
                return
            if now >= self._next_round:
                self._collect()
                self._next_round = now + self._delay
            if now >= self._next_try:
                self._drain(None)
            else:
                self._spool_full_batches()

    def flush(self, deadline: float) -> bool:
        """Send everything that waits, or spool what cannot be sent.

        Args:
            deadline: When to give up, by the monotonic clock.

        Returns:
            Whether nothing waits in memory any more.
        """
        now = self._clock.monotonic()
        last_moment = deadline - min(_LAST_MOMENT, max(0.0, deadline - now) / 2)
        if not self._lock.acquire(timeout=max(0.0, last_moment - now)):
            return False
        try:
            if self._closed:
                return True
            self._collect()
            if not self._drain(last_moment):
                self._spool_rest()
            return not self._hand and not self.queue.records
        finally:
            self._lock.release()

    def finish(self, deadline: float) -> None:
        """Send everything that waits, spool what cannot be sent, and take no more.

        Args:
            deadline: When to give up, by the monotonic clock.
        """
        last_moment = deadline - _LAST_MOMENT
        if not self._lock.acquire(timeout=max(0.0, last_moment - self._clock.monotonic())):
            self._transport.abort()
            if not self._lock.acquire(timeout=_LAST_MOMENT):
                return
        try:
            if not self._closed:
                self._collect()
                self._last()
                self._drain(last_moment)
                self._closed = True
                self.queue.close()
                self._spool_rest()
                self._give_up("shutdown")
        finally:
            self._lock.release()
        self._transport.close()

    def discard(self) -> None:
        """Take no more, and forget what waits."""
        self.queue.close()
        self._closed = True
        self._give_up("discarded")
        self._transport.close()

    def resend(self, batch: Batch) -> bool:
        """Send a batch that waited on disk.

        Returns:
            Whether it is settled: taken, or refused for good.
        """
        with self._lock:
            if self._closed:
                return False
            answer = self._transport.post(batch.body, self._timeout)
            if answer.kind == "retry":
                self._failed(answer, batch.records)
                return False
            self._ledger.unspool(self.signal, batch.records)
            self._settle(answer, batch.records)
            return True

    @property
    def _lock(self) -> threading.Lock:
        # Made when it is first wanted: gevent may have put its own in its place until then.
        return self._locks.setdefault(self.signal, threading.Lock())

    def _drain(self, deadline: float | None) -> bool:
        while self._hand or self._take():
            left = self._timeout
            if deadline is not None:
                left = min(left, deadline - self._clock.monotonic())
                if left <= 0:
                    return False
            parts, body, records = self._first_in_hand()
            answer = self._transport.post(body, left)
            if answer.kind == "retry":
                self._failed(answer, records)
                self._keep(body, records)
                return False
            del self._hand[0]
            if answer.kind == "too_large" and len(parts) > 1:
                half = len(parts) // 2
                self._hand.extendleft((parts[half:], parts[:half]))
                continue
            self._in_hand -= records
            self._settle(answer, records)
        return True

    def _take(self) -> bool:
        parts = self.queue.take(self._batch, _MAX_BODY)
        if parts:
            self._hand.append(parts)
            self._in_hand += sum(part.records for part in parts)
            if self._kept is not None and not self._closed:
                self._kept(assemble((part.scope, part.data) for part in parts))
        return bool(parts)

    def _first_in_hand(self) -> tuple[list[Part], bytes, int]:
        parts = self._hand[0]
        body = assemble((part.scope, part.data) for part in parts)
        return parts, body, sum(part.records for part in parts)

    def _settle(self, answer: Answer, records: int) -> None:
        self._failures = 0
        self._next_try = 0.0
        self._outage.ended(self.signal)
        lost = min(records, answer.rejected) if answer.kind == "accepted" else records
        self._ledger.export(self.signal, records - lost)
        if lost:
            self._ledger.drop(self.signal, answer.reason, lost)
            self._outage.refused(self.signal, answer, lost)

    def _failed(self, answer: Answer, records: int) -> None:
        longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0**self._failures)
        pause = longest * self._random.uniform(0.5, 1.0)
        self._failures = min(self._failures + 1, 16)
        self._next_try = self._clock.monotonic() + max(pause, answer.retry_after or 0.0)
        self._outage.failed(self.signal, answer, records)

    def _keep(self, body: bytes, records: int) -> None:
        """Put the batch in hand on the disk, or keep it in hand where there is no room for it."""
        if self._spool is None:
            return
        outcome = self._spool.put(self.signal, body, records)
        if self._spool.off:
            self._outage.spool_is_off(self._spool.off)
        self._ledger.lose_spooled(outcome.evicted)
        if outcome.stored:
            del self._hand[0]
            self._in_hand -= records
            self._ledger.spool(self.signal, records)

    def _spool_full_batches(self) -> None:
        """While the receiver is away: make room in memory before it is full."""
        if self._spool is None:
            return
        while not self._hand and self.queue.is_filling and self._take():
            self._spool_hand()

    def _spool_hand(self) -> None:
        _, body, records = self._first_in_hand()
        self._keep(body, records)

    def _spool_rest(self) -> None:
        while self._spool is not None and (self._hand or self._take()):
            before = len(self._hand)
            self._spool_hand()
            if len(self._hand) == before:
                break

    def _give_up(self, reason: str) -> None:
        while self._take():
            pass
        if self._in_hand:
            self._ledger.drop(self.signal, reason, self._in_hand)
        self._hand.clear()
        self._in_hand = 0
