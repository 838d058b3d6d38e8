"""Records that wait to leave: encoded, bounded in number and in bytes, put without a lock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from obskit.export.encoding import Scope
from obskit.ledger import Ledger


class Part(NamedTuple):
    """What one call put in.

    Attributes:
        scope: Whose it is.
        data: The encoded record, or records.
        records: How many.
    """

    scope: Scope
    data: bytes
    records: int


class Queue:
    """What waits of one signal.

    `put` is called from requests, signal handlers and `__del__`: it takes no lock, and relies on what
    `obskit.ledger` says of CPython. Only one thread at a time may take.

    Args:
        signal: Whose records.
        ledger: Where they are counted.
        max_records: How many may wait; what comes then is dropped.
        max_bytes: How many bytes of them.
        wake_at: With so many waiting, `wake` is called.
        wake: Wakes what takes; it must not block.
    """

    def __init__(
        self,
        signal: str,
        ledger: Ledger,
        *,
        max_records: int,
        max_bytes: int,
        wake_at: int,
        wake: Callable[[], object],
    ) -> None:
        self._signal = signal
        self._ledger = ledger
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._wake_at = min(wake_at, max_records)
        self._wake = wake
        self.clear()

    def clear(self) -> None:
        """Forget what waits, as a forked child must: it is the parent's."""
        self._parts: deque[Part] = deque()
        self.records = 0
        self.bytes = 0
        self._closed = False

    def close(self) -> None:
        """Take no more."""
        self._closed = True

    @property
    def is_filling(self) -> bool:
        """Whether so much waits that it should be taken at once."""
        return self.records >= self._wake_at or self.bytes >= self._max_bytes // 2

    def put(self, scope: Scope, data: bytes, records: int = 1) -> None:
        """Take records in, or drop them and count that."""
        size = len(data)
        if self._closed:
            self._ledger.refuse(self._signal, "shut_down", records)
            return
        if self.records + records > self._max_records or self.bytes + size > self._max_bytes:
            self._ledger.refuse(self._signal, "queue_full", records)
            return
        self._ledger.accept(self._signal, records)
        self.records += records
        self.bytes += size
        self._parts.append(Part(scope, data, records))
        if self.is_filling:
            self._wake()

    def take(self, max_records: int, max_bytes: int) -> list[Part]:
        """The oldest parts, in order: no more records than so many, and at least one part."""
        taken: list[Part] = []
        records = size = 0
        while self._parts:
            part = self._parts[0]
            count, length = part.records, len(part.data)
            if taken and (records + count > max_records or size + length > max_bytes):
                break
            taken.append(self._parts.popleft())
            records, size = records + count, size + length
            # No call in these lines: `put` in another thread changes the same numbers.
            self.records -= count
            self.bytes -= length
        return taken
