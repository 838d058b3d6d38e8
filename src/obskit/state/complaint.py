"""What is wrong with a store, said once until it is well again."""

from __future__ import annotations

import logging

from obskit.exceptions import StoreError
from obskit.redaction.sensitive import redact_own_url

_log = logging.getLogger("obskit.state")


class Complaint:
    """Tells the log of the first failure of a row of them.

    Args:
        where: The store, as a person knows it; passwords in it are masked.
        logs: Whether the log is told; else whoever is given the error tells of it.
    """

    def __init__(self, where: str, *, logs: bool = True) -> None:
        self.where = redact_own_url(where)
        self._logs = logs
        self._told = False

    def wrong(self, why: object) -> StoreError:
        """The error to be raised. The first one of a row is logged as well.

        Args:
            why: What is wrong, and what to do.
        """
        error = StoreError(redact_own_url(f"the state in {self.where} cannot be used: {why}"))
        if self._logs and not self._told:
            self._told = True
            _log.warning("%s. What it is for goes on without it until it is well.", error)
        return error

    def well(self) -> None:
        """It works: the next failure is news again."""
        self._told = False
