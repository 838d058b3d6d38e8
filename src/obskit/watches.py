"""What one process watches: the checks of each registry, and the runs of jobs, over one store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial

from opentelemetry.metrics import Meter
from opentelemetry.trace import Tracer

from obskit.checks import report
from obskit.checks import sentry as sentry_issues
from obskit.checks.results import Results, Standing
from obskit.checks.sharing import Sharing
from obskit.checks.trace import opener
from obskit.checks.watch import Watch
from obskit.clock import Clock
from obskit.config import Config
from obskit.declaration import Check
from obskit.ledger import Ledger
from obskit.operations import report as operations_report
from obskit.operations import surroundings
from obskit.operations.deploys import Deploys
from obskit.operations.housekeeping import Housekeeping
from obskit.operations.surroundings import CheckIn, Surroundings
from obskit.overview import hosts
from obskit.registry import Registry, default_registry
from obskit.state.opening import open_store, own_host, store_url
from obskit.state.store import JobRun
from obskit.telemetry.errors import Errors
from obskit.telemetry.instance import run_directory

# For results that wait to be written as the process ends, seconds.
_LAST_RESULTS = 0.3


class Watches:
    """Everything that a process watches. Making it starts nothing.

    Args:
        config: The configuration.
        clock: The time.
        tracer: Makes the spans of a check's run.
        meter: Makes the instruments.
        errors: Gives what takes exceptions, where there is a Sentry.
        ledger: Where measurements that cannot be taken are counted.
        instance: The `service.instance.id` of this process.
        meter_is_own: Whether the meter is of obskit's provider, and not of one that the host has set.

    Attributes:
        deploys: The deploys of the service.

    Raises:
        MissingExtra: The driver of the store is not installed.
    """

    def __init__(
        self,
        config: Config,
        *,
        clock: Clock,
        tracer: Tracer,
        meter: Meter,
        errors: Callable[[], Errors | None],
        ledger: Ledger,
        instance: str,
        meter_is_own: bool = True,
    ) -> None:
        self._config = config
        self._clock = clock
        self._errors = errors
        self._open_trace = opener(tracer)
        self._watches: dict[Registry, Watch] = {}
        self._store = open_store(store_url(config), config.service)
        self._host, self._carry_at = own_host(config), 0.0
        self._around = Surroundings(
            clock=clock,
            meter=meter,
            errors=errors,
            store=self._store,
            instance=instance,
            check_in=_check_in(config) if errors() else None,
            ledger=ledger,
        )
        if _is_heard_when_serving(config, is_own=meter_is_own):
            self._around.leave_counts()
        self._housekeeping = Housekeeping(self._around, self._job_ended, self.declared)
        surroundings.install(self._around)
        self._register_instruments(meter)
        self.deploys = Deploys(
            release=config.version,
            environment=config.environment or "",
            store=self._store,
            clock=clock,
            meter=meter,
            keeps_house=self._keeps_house,
        )

    def of(self, registry: Registry, *, worker: bool = False) -> Watch:
        """What runs a registry's checks and holds their results. Starts nothing by itself.

        Args:
            registry: The checks.
            worker: Whether this process is there to run them, and serves nothing.
        """
        self._around.keep_counts()
        found = self._watches.get(registry)
        if found is None:
            sharing = self._sharing(worker=worker)
            made = Watch(registry, self._open_trace, self._clock, sharing, self._tell)
            found = self._watches.setdefault(registry, made)  # another thread may have made one
        return found

    def results(self) -> Iterator[tuple[Registry, Results, Callable[[Check], bool]]]:
        """The registries that are watched, each with its results and with what is run here of it."""
        for watch in self._all():
            yield watch.registry, watch.results, watch.holds

    def account(self) -> dict[str, int]:
        """What became of the results of checks that other processes are to know of."""
        total: Counter[str] = Counter(kept=0, waiting=0, refused=0, dropped=0)
        for watch in self._all():
            total.update(watch.account())
        return dict(total)

    def stop(self) -> None:
        """The process ends: start no more runs, write what waits, let others take over."""
        for watch in self._all():
            watch.stop(_LAST_RESULTS)

    def close(self) -> None:
        """Let go of the store."""
        with suppress(Exception):
            self._store.close()

    def after_fork(self) -> None:
        """In a forked child: nothing runs, and nothing is known."""
        for watch in self._all():
            watch.after_fork()

    def rename(self, instance: str) -> None:
        """This process is another one from now on.

        Args:
            instance: Its `service.instance.id`.
        """
        self._around.instance = instance

    def _all(self) -> tuple[Watch, ...]:
        return tuple(self._watches.values())  # another thread may make one meanwhile

    def _tell(self, check: Check, standing: Standing) -> None:
        report.log_result(check, standing, passes=self._config.checks_log_passes)
        errors = self._errors()
        if errors and self._config.sentry_checks:
            event = sentry_issues.event(check, standing)
            if event is not None:
                errors.report(event)

    def _sharing(self, *, worker: bool) -> Sharing:
        config = self._config
        lease_url = config.lease_url
        return Sharing(
            lambda: self._store,  # it opens itself when it is used, again where it was closed
            run_directory(config.run_dir, config.service) / (config.environment or "any"),
            lambda: self._around.instance,
            runs=worker or config.checks_in == "web",
            history=config.history_days * 86_400.0,
            max_bytes=config.history_max_bytes,
            open_leases=partial(open_store, lease_url, config.service) if lease_url else None,
            keep_house=self._keep_house,
            host=self._host,
        )

    def _keep_house(self) -> None:
        """What the process does that holds the checks of its host."""
        self._housekeeping.look()
        if self._host and self._config.console and self._clock.monotonic() >= self._carry_at:
            self._carry_at = self._clock.monotonic() + hosts.PERIOD
            hosts.carry(self._config, self._store, self._host, self._clock.now())

    def _register_instruments(self, meter: Meter) -> None:
        report.register_instruments(meter, self.results)
        operations_report.register_quotas(meter, self.declared)
        operations_report.register_instruments(
            meter, self._judged, self._runs, self._clock, self._around.known_since
        )

    def declared(self) -> set[Registry]:
        """Where jobs, operations and quotas of this process are declared."""
        return {default_registry, *self._watches}

    # One process of a host tells of all jobs, by what the store knows; the others of their own runs.
    def _keeps_house(self) -> bool:
        return any(watch.keeps_house for watch in self._all())

    def _judged(self) -> set[Registry]:
        return self.declared() if self._keeps_house() else set()

    def _runs(self) -> Mapping[str, Sequence[JobRun]]:
        known = self._store if self._keeps_house() else self._around.runs
        return known.latest_jobs()

    def _job_ended(self, job: str, moment: float) -> None:
        for watch in self._all():
            watch.schedule.trigger(job, moment)


def _is_heard_when_serving(config: Config, *, is_own: bool) -> bool:
    # A script whose metrics nobody asks for, beside a server that Prometheus scrapes.
    waits = config.scraped or bool(config.metrics_file)
    return config.exporter("metrics") == "none" and (waits or is_own)


def _check_in(config: Config) -> CheckIn | None:
    if not config.sentry_crons:
        return None
    from obskit.operations.sentry_crons import check_in

    return check_in
