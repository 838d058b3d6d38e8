"""The checks of one registry, watched: results, runner, schedule and other processes together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from obskit.checks import report
from obskit.checks.results import Results, Standing
from obskit.checks.runner import OnResult, OpenTrace, Runner, no_past
from obskit.checks.schedule import Schedule
from obskit.checks.sharing import Peers, Sharing
from obskit.clock import Clock
from obskit.declaration import Check
from obskit.registry import Registry

# A store that is slower is not waited for, seconds.
_PATIENCE = 1.0


class Watch:
    """Runs a registry's checks in the background, and tells of them.

    Args:
        registry: The checks.
        open_trace: Opens the trace of a run.
        clock: The time.
        sharing: How the service's processes share checks; without it each runs all of them.
        tell: Tells people of each result.

    Attributes:
        registry: The checks.
        results: The latest results.
        runner: What runs one.
        schedule: What runs them.
        ending: Whether the process is about to end, and should be sent no more work.
    """

    def __init__(
        self,
        registry: Registry,
        open_trace: OpenTrace,
        clock: Clock,
        sharing: Sharing | None = None,
        tell: OnResult = report.log_result,
    ) -> None:
        self.registry = registry
        self.results = Results(clock)
        self.ending = False
        self._tell_people = tell
        self._peers = peers = (
            Peers(sharing, registry, self.results, clock, self._gained) if sharing else None
        )
        self.runner = Runner(
            registry,
            self.results,
            clock,
            open_trace=open_trace,
            on_result=self._tell,
            past=peers.past if peers else no_past,
        )
        self.schedule = Schedule(
            registry, self.runner, clock, holds=self.holds, began=self.results.began
        )

    def holds(self, check: Check) -> bool:
        """Whether this process runs a check."""
        return self._peers is None or self._peers.holds(check)

    @property
    def keeps_house(self) -> bool:
        """Whether this process looks after what is of the whole host."""
        return self._peers is not None and self._peers.is_host

    def account(self) -> dict[str, int]:
        """What became of the results that other processes are to know of."""
        return {} if self._peers is None else self._peers.outbox.account()

    def ensure_started(self) -> None:
        """This process serves: its checks run from now on. Costs little: call it often."""
        if self._peers is not None:
            self._peers.ensure_started()
        self.schedule.ensure_started()

    def run_now(self, check: Check) -> None:
        """Run a check for somebody who waits; whoever looks when it returns sees what it came to.

        Args:
            check: The check.
        """
        self.runner.run(check)
        if self._peers is not None:
            self._peers.hand_on(_PATIENCE)

    @contextmanager
    def one_round(self) -> Iterator[None]:
        """Take part without the background: what others found is known, what is found is kept.

        What it held it holds until `stop`: so long its metrics tell of it.
        """
        if self._peers is not None:
            self._peers.round()
        yield
        if self._peers is not None:
            self._peers.round()
            self._peers.outbox.give_up()

    def stop(self, timeout: float = 1.0) -> None:
        """Start no more runs, and let other processes take over.

        Args:
            timeout: Seconds to wait at most.
        """
        self.ending = True
        self.schedule.stop(timeout)
        if self._peers is not None:
            self._peers.stop(timeout)

    def after_fork(self) -> None:
        """In a forked child: nothing runs, and nothing is known."""
        self.registry.loop = None  # it says that it runs, but its thread is not here
        self.results.after_fork()
        self.runner.after_fork()
        self.schedule.after_fork()
        if self._peers is not None:
            self._peers.after_fork()

    def _gained(self) -> None:
        self.schedule.wake()

    def _tell(self, check: Check, standing: Standing) -> None:
        self._tell_people(check, standing)
        if self._peers is not None:
            self._peers.keep(check, standing)
