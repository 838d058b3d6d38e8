"""Long lists in pages, and the checks that are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlencode

from obskit.console.message import Request
from obskit.overview.model import CheckView

T = TypeVar("T")
_MOST_DIGITS = 6
_MOST_TEXT = 100


@dataclass(frozen=True)
class Page(Generic[T]):
    """A part of a list.

    Attributes:
        items: What is on it.
        number: Which it is, from 1.
        pages: How many there are.
        total: How many items there are.
        before: The query of the page before; empty where there is none.
        after: The query of the page after; empty where there is none.
    """

    items: Sequence[T]
    number: int
    pages: int
    total: int
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Filter:
    """Which checks are asked for.

    Attributes:
        text: What the name, the description, the owner or the message holds.
        group: Their group.
        status: Their status.
    """

    text: str = ""
    group: str = ""
    status: str = ""

    def takes(self, check: CheckView) -> bool:
        """Whether a check is asked for."""
        if (self.group and check.group != self.group) or (
            self.status and check.status != self.status
        ):
            return False
        message = check.latest.message if check.latest else ""
        wanted = self.text.lower()
        told = (check.label, check.description, check.owner or "", message)
        return not wanted or any(wanted in each.lower() for each in told)


def asked(request: Request) -> Filter:
    """Which checks a request asks for."""
    return Filter(*(request.asked(name)[:_MOST_TEXT] for name in ("q", "group", "status")))


def paged(items: Sequence[T], request: Request, key: str, size: int) -> Page[T]:
    """The part of a list that a request asks for; the last where it asks for one that is not there.

    Args:
        items: The list.
        request: The request.
        key: What the number stands under in the query.
        size: How many are on a page.
    """
    pages = max(1, -(-len(items) // size))
    given = request.asked(key)
    wanted = int(given) if given.isascii() and given.isdigit() and len(given) <= _MOST_DIGITS else 1
    number = min(pages, max(1, wanted))
    part = items[(number - 1) * size : number * size]
    before = _query(request, key, number - 1) if number > 1 else ""
    after = _query(request, key, number + 1) if number < pages else ""
    return Page(part, number, pages, len(items), before, after)


#: What the query of the overview may say; the rest is left out of links.
KEYS = (
    "q",
    "group",
    "status",
    "page",
    "jobs",
    "operations",
    "quotas",
    "errors",
    "silences",
    "hosts",
)


def _query(request: Request, key: str, number: int) -> str:
    given: Mapping[str, str] = {name: request.asked(name)[:_MOST_TEXT] for name in KEYS}
    kept = {name: value for name, value in given.items() if value}
    return "?" + urlencode({**kept, key: str(number)})
