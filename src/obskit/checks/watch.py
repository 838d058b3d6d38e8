"""The checks of one registry, watched: results, runner and schedule together."""

from __future__ import annotations

from obskit.checks import report
from obskit.checks.results import Results
from obskit.checks.runner import OpenTrace, Runner
from obskit.checks.schedule import Schedule
from obskit.clock import Clock
from obskit.registry import Registry


class Watch:
    """Runs a registry's checks in the background, and tells of them.

    Args:
        registry: The checks.
        open_trace: Opens the trace of a run.
        clock: The time.

    Attributes:
        registry: The checks.
        results: The latest results.
        schedule: What runs them.
    """

    def __init__(self, registry: Registry, open_trace: OpenTrace, clock: Clock) -> None:
        self.registry = registry
        self.results = Results(clock)
        self._runner = Runner(
            registry, self.results, clock, open_trace=open_trace, on_result=report.log_result
        )
        self.schedule = Schedule(registry, self._runner, clock)

    def after_fork(self) -> None:
        """In a forked child: nothing runs, and nothing is known."""
        self.results.after_fork()
        self._runner.after_fork()
        self.schedule.after_fork()
