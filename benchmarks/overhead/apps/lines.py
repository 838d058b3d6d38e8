"""Log lines of the standard library, with fields in `extra`."""

from __future__ import annotations

import logging

log = logging.getLogger("shop")


def reading(number: int) -> None:
    """The first line."""
    log.info("order.reading", extra={"order": number})


def read(number: int, total: float) -> None:
    """The second line."""
    log.info("order.read", extra={"order": number, "total": total})
