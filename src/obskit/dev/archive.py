"""The newest stories, kept in a temporary file for whoever looks back."""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from obskit.dev.entry import Entry
from obskit.dev.kept import LOOSE, entry_from, keep, made, shed, signals_of, story_of
from obskit.dev.packed import Kept, unpack
from obskit.dev.search import Wanted, says
from obskit.stories.signals import Line, Point, Signal
from obskit.stories.story import Story

_MOST_STORIES = 10_000
_MOST_BYTES = 256 * 1024 * 1024
# How many stories a search looks at before it lets senders have their turn.
_STRETCH = 500
_ENTRIES = "SELECT changed, number, entry FROM stories WHERE"


class Archive:
    """Keeps what arrives; the oldest stories leave first. Safe to use from several threads.

    The file has no name in its directory, so it is gone with the process, however that ends.

    Args:
        most: The most stories.
        most_bytes: The most bytes of all stories.

    Attributes:
        counts: What fell out, and what could not be kept.

    Raises:
        OSError: There is no room for the file.

    >>> archive = Archive()
    >>> archive.take([Line(5.0, "info", "hi", trace_id="ab")])
    >>> [entry.lines for _, entry in archive.find(Wanted())]
    [1]
    >>> archive.close()
    """

    def __init__(self, *, most: int = _MOST_STORIES, most_bytes: int = _MOST_BYTES) -> None:
        self.counts: Counter[str] = Counter()
        self._most = most
        self._most_bytes = most_bytes
        self._changed = threading.Condition()
        self._change = 0
        self._closed = False
        self._database = made()
        self._database.create_function("says", 2, says, deterministic=True)

    def take(self, signals: Sequence[Signal]) -> None:
        """Take what arrived. What cannot be kept is counted."""
        some = [signal for signal in signals if not isinstance(signal, Point)]
        with self._changed:
            if self._closed or not some:
                return
            try:
                with self._database:
                    change = keep(self._database, some, self._change, self.counts)
                    fallen = shed(self._database, self._most, self._most_bytes)
            except sqlite3.Error:  # the disk is full
                self.counts["signals not kept"] += len(some)
                self._make_room()
                return
            # What belongs to no story is news too: the page counts it.
            self._change = max(change, self._change + 1)
            self.counts["stories fallen out"] += fallen
            self._changed.notify_all()

    def _make_room(self) -> None:
        """Let the oldest stories fall out for those that come: what is free in the file is enough."""
        with suppress(sqlite3.Error), self._database:
            self._most_bytes = self.size()[1] * 3 // 4
            fallen = shed(self._database, self._most, self._most_bytes)
            self.counts["stories fallen out"] += fallen

    def close(self) -> None:
        """Remove everything. Whoever waits for changes is told."""
        with self._changed:
            self._closed = True
            self._database.close()
            self._changed.notify_all()

    @property
    def change(self) -> int:
        """The number of the newest change."""
        return self._change

    def wait(self, change: int, timeout: float) -> bool:
        """Wait until there is a change after `change`.

        Args:
            change: The newest change that is known.
            timeout: Seconds to wait at most.

        Returns:
            Whether the archive is still open.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._change > change, timeout)
            return not self._closed

    def find(
        self, wanted: Wanted, *, before: int | None = None, most: int = 50
    ) -> list[tuple[int, Entry]]:
        """Return stories with their numbers, the newest first.

        Args:
            wanted: What they must have.
            before: Only those that began to arrive before the story of this number.
            most: How many at most.
        """
        condition, values = wanted.condition()
        ((oldest, newest),) = self._read("SELECT min(number), max(number) FROM stories")
        found: list[tuple[int, Entry]] = []
        end = min(before or newest + 1, newest + 1) if newest else 0
        while oldest and oldest < end and len(found) < most:
            rows = self._read(
                f"{_ENTRIES} number < ? AND number >= ? AND {condition}"
                " ORDER BY number DESC LIMIT ?",
                [end, end - _STRETCH, *values, most - len(found)],
            )
            found += [(number, entry_from(text)) for _, number, text in rows]
            end -= _STRETCH
        return found

    def changes(self, wanted: Wanted, after: int, most: int = 50) -> list[tuple[int, int, Entry]]:
        """Return stories that changed, each with its last change and its number.

        Args:
            wanted: What they must have.
            after: The change that is known already.
            most: How many at most; what changed first comes first.
        """
        condition, values = wanted.condition()
        rows = self._read(
            f"{_ENTRIES} changed > ? AND {condition} ORDER BY changed LIMIT ?",
            [after, *values, most],
        )
        return [(changed, number, entry_from(text)) for changed, number, text in rows]

    def story(self, number: int) -> Story | None:
        """Return the story of this number, None when it is not kept any more."""
        with self._open():
            return story_of(self._database, number)

    def loose(self) -> list[Kept]:
        """Return what belongs to no story, the newest first: lines, errors and refusals."""
        with self._open():
            return signals_of(self._database, LOOSE)[::-1]

    def results(self) -> list[Line]:
        """Return the newest result of each check, by service and name."""
        rows = self._read("SELECT data FROM checks ORDER BY service, name")
        return [line for (data,) in rows if isinstance(line := unpack("line", data), Line)]

    def services(self) -> list[str]:
        """Return who took part in the stories that are kept, by name."""
        rows = self._read("SELECT DISTINCT services FROM stories")
        return sorted({name for (joined,) in rows for name in joined.split("\n") if name})

    def size(self) -> tuple[int, int]:
        """Return how many stories are kept, and how many bytes they have."""
        ((stories, size),) = self._read("SELECT stories, bytes FROM totals")
        return stories, size

    def _read(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        with self._open():
            return self._database.execute(statement, tuple(values)).fetchall()

    def _open(self) -> threading.Condition:
        # Whoever still reads at the end is told as if the other side had hung up.
        if self._closed:
            raise ConnectionAbortedError("obskit dev has ended")
        return self._changed
