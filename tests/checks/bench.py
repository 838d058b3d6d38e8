"""A runner to try things on."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import Any

from tests.checks.given import PATIENCE

from obskit import Registry
from obskit.checks.results import Results, Standing
from obskit.checks.runner import Runner
from obskit.clock import SYSTEM_CLOCK
from obskit.declaration import Check


class Bench:
    """A runner with a registry, results, and what was told."""

    def __init__(self, clock: Any = SYSTEM_CLOCK, **options: Any) -> None:
        self.registry = Registry()
        self.results = Results(clock)
        self.told: list[tuple[str, str, bool]] = []
        self.runner = Runner(self.registry, self.results, clock, on_result=self._tell, **options)

    def _tell(self, check: Check, standing: Standing) -> None:
        self.told.append((check.name, standing.result.status.value, standing.changed))

    def add(self, name: str, subject: Callable[[], object], **options: Any) -> Check:
        return self.registry.add(name, subject, **{"every": "1m", "timeout": "1m", **options})

    def hang(self, name: str, until: Event, **options: Any) -> Check:
        """A check that has run into its time-out and goes on."""
        begun = Event()

        def subject() -> None:
            begun.set()
            until.wait(PATIENCE)

        check = self.add(name, subject, **options)
        attempt = self.runner.start(check)
        assert begun.wait(PATIENCE)
        self.runner.expire(attempt)
        return check
