"""What a store keeps of deploys: which releases began, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

#: So many of a place are remembered; the oldest is forgotten first.
MOST = 100


@dataclass(frozen=True)
class Deploy:
    """A release has begun to serve.

    Attributes:
        release: Which.
        environment: Where; empty where nobody said.
        began: When, seconds since the Unix epoch.
    """

    release: str
    environment: str
    began: float


class Deploys(Protocol):
    """The deploys of a service. Every method may raise `StoreError`."""

    def mark(self, deploy: Deploy, *, again: bool) -> bool:
        """Keep a deploy.

        Args:
            deploy: It.
            again: Whether one that is known is kept too: somebody has said that it is deployed.

        Returns:
            Whether it was kept; else its release is known there.
        """

    def latest(self, environment: str) -> Deploy | None:
        """The one that was marked last, or None."""

    def recent(self, environment: str, most: int) -> list[Deploy]:
        """Those that were marked last, so many at most, the newest first."""
