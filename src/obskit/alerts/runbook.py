"""What is to be done about an alert."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Runbook:
    """What to do about an alert.

    Attributes:
        means: What it means, for whoever is woken.
        look: What to look at.
        do: What to do.
    """

    means: str
    look: str
    do: str
