"""Notifications of one process, gone with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace

from obskit.state.notices import Noted, Notice


@dataclass
class KeptNotices:
    """What is noted, and the messages that wait, in their order."""

    noted: Noted = field(default_factory=lambda: Noted(0, ""))
    waiting: dict[str, Notice] = field(default_factory=dict)


class MemoryNotices:
    """The `Notices` of one process.

    Args:
        held: Gives what is kept, to one thread at a time.
    """

    def __init__(self, held: Callable[[], AbstractContextManager[KeptNotices]]) -> None:
        self._held = held

    def noted(self) -> Noted:
        """See `Notices.noted`."""
        with self._held() as kept:
            return kept.noted

    def note(self, text: str, after: int, notices: Iterable[Notice] = ()) -> bool:
        """See `Notices.note`."""
        with self._held() as kept:
            if kept.noted.number != after:
                return False
            kept.noted = Noted(after + 1, text)
            kept.waiting.update((each.key, each) for each in notices)
            return True

    def waiting(self) -> list[Notice]:
        """See `Notices.waiting`."""
        with self._held() as kept:
            return list(kept.waiting.values())

    def take(self, now: float, until: float) -> Notice | None:
        """See `Notices.take`."""
        with self._held() as kept:
            first: dict[str, Notice] = {}
            for each in kept.waiting.values():
                first.setdefault(each.channel, each)
            due = next((each for each in first.values() if each.due <= now), None)
            if due is not None:
                due = replace(due, due=until, tries=due.tries + 1)
                kept.waiting[due.key] = due
            return due

    def put_back(self, key: str, due: float, why: str) -> None:
        """See `Notices.put_back`."""
        with self._held() as kept:
            if key in kept.waiting:
                kept.waiting[key] = replace(kept.waiting[key], due=due, why=why)

    def drop(self, key: str) -> bool:
        """See `Notices.drop`."""
        with self._held() as kept:
            return kept.waiting.pop(key, None) is not None
