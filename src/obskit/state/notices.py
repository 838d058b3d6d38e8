"""What a store keeps of notifications: who was told what, and the messages that wait to be sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol


@dataclass(frozen=True)
class Notice:
    """A message on its way through one channel.

    Attributes:
        key: Unique.
        channel: The channel's name.
        made: When it was decided, seconds since the Unix epoch.
        body: The message, as text.
        due: When it may be sent, seconds since the Unix epoch.
        tries: How often that was tried, one that goes on included.
        why: Why the last try failed.
    """

    key: str
    channel: str
    made: float
    body: str
    due: float = 0.0
    tries: int = 0
    why: str = ""


class Noted(NamedTuple):
    """What is noted, and which writing of it that is: each has a higher number."""

    number: int
    text: str


class Notices(Protocol):
    """The notifications of a service. Every method may raise `StoreError`."""

    def noted(self) -> Noted:
        """What is noted of who was told what; number 0 and no text in the beginning."""

    def note(self, text: str, after: int, notices: Iterable[Notice] = ()) -> bool:
        """Note what was decided together with the messages that it means: both or nothing.

        Args:
            text: What is noted from now on.
            after: The number of what the decision was made of.
            notices: What is to be sent, in this order.

        Returns:
            False where another has noted something since: nothing is changed.
        """

    def waiting(self) -> list[Notice]:
        """The messages that wait, in their order."""

    def take(self, now: float, until: float) -> Notice | None:
        """Take the next message to try it: the first of its channel, so that none overtakes another.

        Args:
            now: Seconds since the Unix epoch; those that are due later are not given.
            until: Nobody else is given it before. Where whoever took it dies, another follows then.

        Returns:
            The message, with this try counted, or None where there is none to try.
        """

    def put_back(self, key: str, due: float, why: str) -> None:
        """It could not be sent, and why: it may be tried again from a time on."""

    def drop(self, key: str) -> bool:
        """It was sent, or given up. Whether it was still there."""
