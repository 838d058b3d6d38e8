"""Who looks, and at what."""

from __future__ import annotations

from dataclasses import dataclass

from obskit.console.access import Access, Viewer
from obskit.console.look import Looking
from obskit.console.message import Request
from obskit.console.service import Service


@dataclass(frozen=True)
class Visit:
    """Somebody who may look, and what they ask.

    Attributes:
        request: What is asked.
        viewer: Who asks.
        access: How they were let in.
        service: What is shown.
        looking: How it is.
    """

    request: Request
    viewer: Viewer
    access: Access
    service: Service
    looking: Looking
