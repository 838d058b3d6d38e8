"""The way of a drill, hop by hop: each is looked at until it is seen, for a bounded time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from time import sleep

from obskit.cli.alerts.ask import NoAnswer
from obskit.clock import Clock

# Seconds from one look to the next.
_PAUSE = 0.25


class Missed(Exception):
    """A hop was not seen.

    Attributes:
        hop: Which.
        why: What was seen in its place.
        seconds: After how long.
    """

    def __init__(self, hop: Hop, why: str, seconds: float) -> None:
        super().__init__(f"{hop.name}: {why}")
        self.hop = hop
        self.why = why
        self.seconds = seconds


class Barred(Exception):
    """It will never be seen; waiting would not help. The message says why."""


@dataclass(frozen=True)
class Hop:
    """A place that a drill comes by.

    Attributes:
        name: Its name.
        look: Gives what is seen there, or None while nothing is.
        missing: What it means when nothing is seen.
        advice: What to look at then.
        patience: Seconds that this one may take longer than the others.
    """

    name: str
    look: Callable[[], str | None]
    missing: str
    advice: str
    patience: float = 0.0


def walk(
    hops: Iterable[Hop], timeout: float, clock: Clock, meanwhile: Callable[[], object]
) -> Iterator[tuple[Hop, str, float]]:
    """Go from hop to hop.

    Args:
        hops: The hops.
        timeout: Seconds that each may take.
        clock: The time.
        meanwhile: Called before each look.

    Yields:
        Each hop that was seen, what was seen there, and the seconds since the start.

    Raises:
        Missed: One was not seen in time.
    """
    began = clock.monotonic()
    for hop in hops:
        seen = _seen(hop, timeout + hop.patience, clock, meanwhile)
        yield hop, seen, clock.monotonic() - began


def _seen(hop: Hop, timeout: float, clock: Clock, meanwhile: Callable[[], object]) -> str:
    began = clock.monotonic()
    why = hop.missing
    while True:
        meanwhile()
        try:
            seen, why = hop.look(), hop.missing
        except NoAnswer as error:
            seen, why = None, str(error)
        except Barred as error:
            raise Missed(hop, str(error), clock.monotonic() - began) from None
        if seen is not None:
            return seen
        if clock.monotonic() - began > timeout:
            raise Missed(hop, why, clock.monotonic() - began)
        sleep(_PAUSE)
