"""Stories as they change, as server-sent events."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator

from markupsafe import Markup

from obskit.dev.archive import Archive
from obskit.dev.entry import Entry
from obskit.dev.search import Wanted

# Each holds a thread.
_MOST = 32
# Between signs of life, by which a browser that has gone is noticed.
_HEARTBEAT_S = 10.0


class Stream:
    """Tells browsers of stories that changed.

    Args:
        archive: What is watched.
        write: Writes a row of the list: it is given the story's number and its entry.
        kept: Writes how much is kept.
    """

    def __init__(
        self,
        archive: Archive,
        write: Callable[[int, Entry], Markup],
        kept: Callable[[], Markup],
    ) -> None:
        self._archive = archive
        self._write = write
        self._kept = kept
        self._free = threading.BoundedSemaphore(_MOST)

    def follow(self, wanted: Wanted, after: int) -> Generator[bytes] | None:
        """Return the events after a change, None where too many browsers follow already.

        Args:
            wanted: What a story must have.
            after: The newest change that the browser knows.
        """
        if not self._free.acquire(blocking=False):
            return None
        events = self._events(wanted, after)
        # Begun, so that its end frees its place even if nobody reads it.
        next(events)
        return events

    def _events(self, wanted: Wanted, after: int) -> Generator[bytes]:
        try:
            yield b""
            yield b": obskit dev\n\n"
            known, told = after, Markup()
            while self._archive.wait(known, _HEARTBEAT_S):
                newest = self._archive.change
                if newest == known:
                    yield b":\n\n"
                while rows := self._archive.changes(wanted, known):
                    for changed, number, entry in rows:
                        yield f"id: {changed}\n".encode() + written(self._write(number, entry))
                    known = rows[-1][0]
                known = max(known, newest)
                if (kept := self._kept()) != told:
                    yield b"event: kept\n" + written(kept)
                    told = kept
        finally:
            self._free.release()


def written(data: str) -> bytes:
    r"""Write the data of an event, and its end.

    >>> written("a\nb")
    b'data: a\ndata: b\n\n'
    """
    return "".join([*(f"data: {line}\n" for line in data.splitlines()), "\n"]).encode()
