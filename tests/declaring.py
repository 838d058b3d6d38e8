"""A check, declared as a test says."""

from __future__ import annotations

from typing import Any

from obskit import above
from obskit.declaration import Check, Place
from obskit.declare import declare

PLACE = Place("shop.py", 7)
LIMIT = above(critical=5)


def nothing() -> None:
    """Look at nothing.

    And more.
    """


def declared(name: str = "rows", subject: Any = nothing, **options: Any) -> Check:
    return declare(name, subject, PLACE, **{"every": "1m", **options})
