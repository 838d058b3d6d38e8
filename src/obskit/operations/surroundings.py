"""What jobs, operations and quotas need of the runtime: the one of the process, or none yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from opentelemetry.metrics import Meter, NoOpMeter

from obskit import names
from obskit.clock import SYSTEM_CLOCK, Clock
from obskit.declaration import Job
from obskit.ledger import Ledger
from obskit.names import Metric
from obskit.operations.runs import Runs
from obskit.state.store import Count, JobRun, Store
from obskit.telemetry.errors import Errors
from obskit.telemetry.histogram import KeyedHistogram
from obskit.telemetry.instruments import instrument

LOGGER = "obskit.job"

#: The counters that a process may leave to one that lives longer.
COUNTERS: tuple[Metric, ...] = (
    names.JOB_RUNS,
    names.JOB_COUNTED,
    names.HTTP_CLIENT_REJECTIONS,
)


class CheckIn(Protocol):
    """Tells somebody else that a run has begun, or ended. Must not raise."""

    def __call__(self, job: Job, run: JobRun) -> None:
        """Tell of a run as it is."""


class Surroundings:
    """What a run stands in.

    Args:
        clock: The time.
        meter: Makes the instruments.
        errors: Gives what takes exceptions, where there is a Sentry.
        store: What the processes of the service share, or None.
        instance: The `service.instance.id` of this process.
        check_in: Told of the begin and the end of each run, or None.
        ledger: Where measurements that cannot be taken are counted.

    Attributes:
        runs: The runs of this process.
        since: When this began, seconds since the Unix epoch.
        counters: The counters by name.
        durations: The histogram of operations.
    """

    def __init__(
        self,
        *,
        clock: Clock = SYSTEM_CLOCK,
        meter: Meter | None = None,
        errors: Callable[[], Errors | None] = lambda: None,
        store: Store | None = None,
        instance: str = "",
        check_in: CheckIn | None = None,
        ledger: Ledger | None = None,
    ) -> None:
        self.clock = clock
        self.errors = errors
        self.store = store
        self.instance = instance
        self.check_in = check_in
        self.runs = Runs(clock)
        self._ledger = ledger or Ledger()
        self.since = clock.now()
        meter = meter or NoOpMeter("obskit")
        self._leaves_counts = False
        self._known: dict[str, float] = {}
        self._kept_known: set[str] = set()
        self.counters = {each.name: instrument(meter, each) for each in COUNTERS}
        self.durations = KeyedHistogram(instrument(meter, names.OPERATION_DURATION))

    def count(self, metric: Metric, amount: float, attributes: Mapping[str, Any]) -> None:
        """Add to a counter: here, or in the store where this process will not live to send it.

        Args:
            metric: One of `COUNTERS`.
            amount: How much; not negative.
            attributes: What its series are told apart by.
        """
        if self._leaves_counts and self.store is not None:
            with suppress(Exception):  # without its store the process sends what it has counted
                self.store.add(Count(metric.name, attributes, amount))
                return
        try:
            self.counters[metric.name].add(amount, attributes)
        except Exception:  # a meter of the host's own making may refuse it
            self.refuse("refused_by_the_sdk")

    def known_since(self, job: str) -> float:
        """Since when a job is known, seconds since the Unix epoch: from now on where nobody knows it.

        Args:
            job: Its name.
        """
        return self._known.setdefault(job, self.clock.now())

    def know(self, jobs: Iterable[str]) -> None:
        """Have the store remember jobs, so that one that never ran is late also after a restart.

        Args:
            jobs: The names of those that are declared.

        Raises:
            StoreError: The store cannot be used now.
        """
        new = set(jobs) - self._kept_known
        if new and self.store is not None:
            self._known.update(self.store.know_jobs(sorted(new), self.clock.now()))
            self._kept_known |= new

    def leave_counts(self) -> None:
        """This process will not live long: its counts are another's to send."""
        self._leaves_counts = True

    def keep_counts(self) -> None:
        """This process is heard after all: what it counts from now on is its own to send."""
        self._leaves_counts = False

    def refuse(self, reason: str) -> None:
        """Count a measurement that cannot be taken.

        Args:
            reason: Why, in a word.
        """
        self._ledger.refuse("metrics", reason)


def tell(level: int, event: str) -> None:
    """Tell of something that went wrong beside a run."""
    from obskit.telemetry import loggers  # with structlog, which what only reads does without

    loggers.active().emit(LOGGER, level, event, {})


# Before `init` runs are told to the console, and nothing is measured.
_active = Surroundings()


def install(surroundings: Surroundings | None) -> None:
    """Make surroundings those of every run that begins from now on.

    Args:
        surroundings: They, or None for those before `init`.
    """
    global _active
    _active = surroundings or Surroundings()


def active() -> Surroundings:
    """Those of a run that begins now."""
    return _active


def monotonic() -> float:
    """The time of what is declared before there is a runtime: seconds that never go back."""
    return _active.clock.monotonic()
