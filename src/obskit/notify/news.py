"""What people are told: items, each of one problem, put together for one receiver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from obskit.declaration import Severity
from obskit.notify.problem import SEVERITIES, Problem

#: What is new: it began, it changed, it goes on, it is well again, or it was all of that unheard of.
Change = Literal["new", "worse", "better", "still", "recovered", "passed"]
OVER: frozenset[Change] = frozenset(("recovered", "passed"))


@dataclass(frozen=True)
class Item:
    """What is new of one problem.

    Attributes:
        change: What.
        problem: How it stands now.
        severity: How soon somebody must act, or had to.
        began: When it began to fail, seconds since the Unix epoch.
        was: The status that people knew of; of what has passed, the gravest one.
        times: Of what has passed: how often it failed.
        dependents: What is not judged while this lasts.
    """

    change: Change
    problem: Problem
    severity: Severity
    began: float
    was: str = "ok"
    times: int = 0
    dependents: tuple[str, ...] = ()


@dataclass(frozen=True)
class News:
    """What one receiver is told at once.

    Attributes:
        receiver: Its name.
        items: The most urgent first.
        is_digest: Whether it is the daily one.
    """

    receiver: str
    items: tuple[Item, ...]
    is_digest: bool = False


def ordered(items: list[Item]) -> tuple[Item, ...]:
    """Items, what fails before what is over, and the most urgent first."""

    def rank(item: Item) -> tuple[bool, int, str]:
        return item.change in OVER, SEVERITIES.index(item.severity), item.problem.key

    return tuple(sorted(items, key=rank))
