"""What the ledger says of one signal."""

from __future__ import annotations

from typing import Any


def settled(count: int) -> dict[str, Any]:
    """The account where all that was taken in has left."""
    return {
        "accepted": count,
        "exported": count,
        "sampled_out": 0,
        "dropped": {},
        "spooled": 0,
        "queued": 0,
    }
