"""The composition root: what a configuration turns into, and how it ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.resources import Resource

from obskit import hosting, names
from obskit import metrics as host_metrics
from obskit.checks import report
from obskit.checks import sentry as sentry_issues
from obskit.checks.results import Results, Standing
from obskit.checks.sharing import Sharing
from obskit.checks.trace import opener
from obskit.checks.watch import Watch
from obskit.clock import SYSTEM_CLOCK, Clock
from obskit.config import SIGNALS, Config, describe
from obskit.declaration import Check
from obskit.exceptions import MissingExtra
from obskit.export import otlp
from obskit.export.budget import prepare, within
from obskit.export.otlp import Export
from obskit.export.processors import Logs
from obskit.export.worker import Worker
from obskit.ledger import Ledger, Unfinished
from obskit.operations import report as operations_report
from obskit.operations import surroundings
from obskit.operations.housekeeping import Housekeeping
from obskit.operations.surroundings import CheckIn, Surroundings
from obskit.redaction import rules as redaction_rules
from obskit.registry import Registry, default_registry
from obskit.state.opening import open_lease, open_store, store_url
from obskit.state.store import JobRun
from obskit.telemetry import (
    account,
    cardinality,
    console,
    levels,
    loggers,
    process,
    providers,
    resource,
    stdlib,
    traces,
)
from obskit.telemetry.clients import Clients
from obskit.telemetry.errors import Errors, Reporter
from obskit.telemetry.instance import Slot, run_directory
from obskit.telemetry.logs import OtlpLogs, has_usual_limits
from obskit.telemetry.pipeline import Pipeline, Sink
from obskit.telemetry.server import Server
from obskit.termination import Child
from obskit.version import version

if TYPE_CHECKING:
    from obskit.metrics_file import MetricsFile
    from obskit.telemetry.prometheus import Scraped

# For results that wait to be written as the process ends, seconds.
_LAST_RESULTS = 0.3


class Runtime:
    """Everything that `init` makes. One a process is usual; tests have many.

    Args:
        config: The configuration.
        export: What takes each signal out; made from the configuration by default.
        reporter: What takes errors; made from the configuration by default.
        sinks: Takers of log records beside the console and OTLP.
        clock: The time.

    Attributes:
        config: The configuration.
        ledger: The account of every record.
        server: What requests need; None until `start`.
        clock: The time.
        scraped: What gives metrics to Prometheus; None where nobody wants them so.
    """

    def __init__(
        self,
        config: Config,
        *,
        export: Export | None = None,
        reporter: Reporter | None = None,
        sinks: tuple[Sink, ...] = (),
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.config = config
        self.ledger = Ledger()
        self.server: Server | None = None
        self._export = export
        self._reporter = reporter
        self._sinks = sinks
        self.clock = clock
        self.scraped: Scraped | None = None
        self._file: MetricsFile | None = None
        self._file_worker = Worker(clock)
        self._closed = False
        self._pid = os.getpid()
        self._forked = False
        self._hosting = hosting.Hosting()
        self._clients = Clients()
        self._watches: dict[Registry, Watch] = {}

    def start(self) -> None:
        """Begin: providers, pipeline, errors, client instrumentations.

        Raises:
            ConfigError: A part refuses its configuration.
            MissingExtra: A part needs a package that is not installed.
        """
        config = self.config
        redaction_rules.install(
            on=config.redaction,
            emails=config.redact_emails,
            patterns=config.redact_patterns,
            function=config.redact,
        )
        providers.set_propagators(config.propagators)
        reporter = self._reporter or _reporter(config)
        scraped = _scraped(config)
        export = self._export = self._export or otlp.build(config, self.ledger, self.clock)
        if any(export) or reporter:
            prepare()
        self.slot = Slot(run_directory(config.run_dir, config.service))
        self.resource = resource.build(config, self.slot)
        self.providers = providers.install(config, self.resource, export)
        if scraped and providers.join(self.providers.meter, "metrics", scraped):
            self.scraped = scraped
            self._make_file(scraped)
        if export.traces and "traces" not in self.providers.hosts_own:
            self.providers.count_sampled_out(partial(self.ledger.sample_out, "traces"))
        self.errors = Errors(reporter, self.ledger) if reporter else None
        self._keep_account()
        self.pipeline = self._make_pipeline()
        tracer = self.providers.tracer.get_tracer("obskit", version())
        self.meter = self.providers.meter.get_meter("obskit", version())
        self.server = Server(config, tracer, self.meter, self.pipeline, self.errors, self.clock)
        self._open_trace = opener(tracer)
        report.register_instruments(self.meter, self._watched)
        self._begin_operations()
        traces.install(tracer, exception_events=config.exception_signal == "logs/dup")
        host_metrics.install(self.ledger, config.metric_cardinality_limit)
        loggers.install(self.pipeline)
        loggers.configure_structlog()
        stdlib.listen(
            config.log_level, {"opentelemetry": config.otel_log_level, **config.log_levels}
        )
        levels.follow(run_directory(config.run_dir, config.service))
        process.register(self.meter, self.clock)
        if self.sends:
            account.register(self.meter, self.ledger)
        self._tell_unfinished()
        worker = self._worker()
        if worker:
            worker.forked, worker.looked = self.forked_in_c, self._look
        self._send_metrics()
        self._clients.switch_on(
            config.disabled_instrumentations, self.providers.tracer, self.providers.meter
        )

    def _make_file(self, scraped: Scraped) -> None:
        config = self.config
        if config.metrics_file is None:
            return
        from obskit.metrics_file import MetricsFile, content

        self._file = MetricsFile(
            Path(config.metrics_file),
            config.metric_export_interval_ms / 1_000,
            lambda: content(config, self.resource, scraped, self._watched(), self.clock),
            self.clock,
        )
        self._file_worker.take([self._file])

    def serving(self) -> None:
        """This process does a service's work: it writes metrics into their file from now on.

        The parent of a server's workers does not. Costs little: call it often.
        """
        if self._file is not None:
            self._file_worker.ensure_started()

    def _keep_account(self) -> None:
        """Count where a kill leaves the numbers, for the next process in this slot to tell."""
        self._unfinished: Unfinished | None = None
        path = self.slot.path("account")
        if self.sends and path:
            with suppress(OSError):  # no place for files: the numbers die with the process
                self._unfinished = self.ledger.keep(path)

    def _tell_unfinished(self) -> None:
        if self._unfinished is None:
            return
        pid, records = self._unfinished
        lost = ", ".join(f"{count} of {signal}" for signal, count in records.items())
        event = (
            f"the process before (pid {pid}) was ended before its telemetry; lost at most: {lost}"
        )
        self.pipeline.emit("obskit", 30, event, {})

    def _look(self) -> None:
        self._hosting.warn_if_late()
        prepare()

    def _watched(self) -> Iterator[tuple[Registry, Results, Callable[[Check], bool]]]:
        for watch in tuple(self._watches.values()):
            yield watch.registry, watch.results, watch.holds

    def _make_pipeline(self) -> Pipeline:
        config = self.config
        sinks: list[Sink] = [*self._sinks]
        if config.log_format != "none":
            service = {
                key: str(self.resource.attributes[key])
                for key in (
                    names.SERVICE_NAME,
                    names.SERVICE_VERSION,
                    names.DEPLOYMENT_ENVIRONMENT_NAME,
                )
                if key in self.resource.attributes
            }
            sinks.append(
                console.Console(
                    config.log_format, config.log_stream, config.log_line_limit, service
                )
            )
        way = self._export.logs if self._export else None
        if way is not None or "logs" in self.providers.hosts_own:
            direct = way if isinstance(way, Logs) and has_usual_limits(config) else None
            sinks.append(OtlpLogs(self.providers.logger, direct))
        return Pipeline(
            sinks,
            self.ledger,
            on_exception=self.logged_exception if self.errors else None,
            clock=self.clock,
        )

    def logged_exception(self, error: BaseException, logger: str) -> None:
        """A line told of an exception: it is reported too."""
        if self.errors:
            self.errors.capture(error, handled=True, logger=logger)

    def watch(self, registry: Registry, *, worker: bool = False) -> Watch:
        """What runs a registry's checks and holds their results. Starts nothing by itself.

        Args:
            registry: The checks.
            worker: Whether this process is there to run them, and serves nothing.
        """
        found = self._watches.get(registry)
        if found is None:
            sharing = self._sharing(worker=worker)
            made = Watch(registry, self._open_trace, self.clock, sharing, self._tell_result)
            found = self._watches.setdefault(registry, made)  # another thread may have made one
        return found

    def _tell_result(self, check: Check, standing: Standing) -> None:
        report.log_result(check, standing, passes=self.config.checks_log_passes)
        if self.errors and self.config.sentry_checks:
            event = sentry_issues.event(check, standing)
            if event is not None:
                self.errors.report(event)

    def _sharing(self, *, worker: bool) -> Sharing:
        config = self.config
        lease_url = config.lease_url
        return Sharing(
            partial(open_store, store_url(config), config.service),
            run_directory(config.run_dir, config.service) / (config.environment or "any"),
            lambda: str(self.resource.attributes[names.SERVICE_INSTANCE_ID]),
            runs=worker or config.checks_in == "web",
            history=config.history_days * 86_400.0,
            max_bytes=config.history_max_bytes,
            open_leases=partial(open_lease, lease_url, config.service) if lease_url else None,
            keep_house=self._housekeeping.look,
        )

    def _begin_operations(self) -> None:
        """Jobs, operations and quotas: what their runs stand in, and what is told of them."""
        config = self.config
        self._state = open_store(store_url(config), config.service)
        around = Surroundings(
            clock=self.clock,
            meter=self.meter,
            errors=lambda: self.errors,
            store=self._state,
            instance=str(self.resource.attributes[names.SERVICE_INSTANCE_ID]),
            check_in=_check_in(config) if self.errors else None,
            ledger=self.ledger,
        )
        surroundings.install(around)
        self._housekeeping = Housekeeping(around, self._job_ended)
        operations_report.register_quotas(self.meter, self._declared)
        operations_report.register_instruments(
            self.meter, self._judged, partial(self._runs, around), self.clock, around.since
        )

    def _declared(self) -> set[Registry]:
        return {default_registry, *self._watches}

    # One process of a host tells of all jobs, by what the store knows; the others of their own runs.
    def _keeps_house(self) -> bool:
        return any(watch.keeps_house for watch in tuple(self._watches.values()))

    def _judged(self) -> set[Registry]:
        return self._declared() if self._keeps_house() else set()

    def _runs(self, around: Surroundings) -> Mapping[str, Sequence[JobRun]]:
        if self._keeps_house() and around.store is not None:
            return around.store.latest_jobs()
        return around.runs.latest_jobs()

    def _job_ended(self, job: str) -> None:
        for watch in tuple(self._watches.values()):
            watch.schedule.trigger(job)

    def flush(self, timeout: float | None = None) -> bool:
        """Send everything that waits.

        Args:
            timeout: Seconds at most; the shutdown budget by default.

        Returns:
            Whether all of it was sent, kept on disk, or counted as dropped, in time.
        """
        if self.server is None or self._closed:
            return True
        budget = self.config.shutdown_timeout if timeout is None else timeout
        ways: list[Callable[[], object]] = [
            partial(provider.force_flush, int(budget * 1_000))
            for provider in (self.providers.tracer, self.providers.meter, self.providers.logger)
            if hasattr(provider, "force_flush")
        ]
        if self.errors:
            ways.append(partial(self.errors.reporter.flush, budget))
        return within(budget, ways)

    def shutdown(self, timeout: float | None = None) -> bool:
        """Send everything that waits and stop. Doing it again does nothing.

        Args:
            timeout: Seconds at most; the shutdown budget by default.

        Returns:
            Whether all of it was sent, kept on disk, or counted as dropped, in time.
        """
        if self.server is None or self._closed:
            return True
        self._hosting.warn_if_late()
        self._closed = True
        for watch in self._watches.values():
            watch.stop(_LAST_RESULTS)
        worker = self._worker()
        budget = self.config.shutdown_timeout if timeout is None else timeout
        ways: list[Callable[[], object]] = [
            partial(self.providers.shutdown_signal, signal) for signal in SIGNALS
        ]
        if self.errors:
            ways.append(partial(self.errors.reporter.close, budget))
        if self._file:
            self._file_worker.stop()
            ways.append(self._file.finish)
        in_time = within(budget, ways)
        if in_time:
            self.ledger.end()
        if worker:
            worker.stop()
            self._say_what_became()
        with suppress(Exception):
            self._state.close()
        self.slot.release()
        return in_time

    def end(self) -> None:
        """The interpreter is ending: shut down, and let no other thread write lines."""
        self.shutdown()
        console.end()

    def _say_what_became(self) -> None:
        # One of a thousand children whose telemetry arrived is no news.
        level = 30 if self.ledger.lost() else 10 if self._forked else 20
        balance = self.ledger.balance()
        if balance and loggers.Named("obskit").enabled(level):
            self.pipeline.emit("obskit", level, f"telemetry ended: {balance}", {}, to_backend=False)

    @property
    def sends(self) -> bool:
        """Whether anything leaves this process but console lines."""
        return bool(self.errors or (self._export and any(self._export[:3])))

    def _worker(self) -> Worker | None:
        return self._export.worker if self._export else None

    def discard(self) -> None:
        """Stop without sending anything: this process turned out to serve nothing."""
        if self.server is None or self._closed:
            return
        self._closed = True
        worker = self._worker()
        if worker:
            worker.stop()
        self._file_worker.stop()
        self.providers.discard()
        self.slot.release()

    def forked_in_c(self) -> None:
        """In a child whose forker ran none of Python's fork hooks: do what they do."""
        self.after_fork()
        if self.server is not None:
            self.providers.apply()

    def after_fork(self) -> None:
        """In a forked child: an identity and an account of its own."""
        if self.server is None or self._closed or self._pid == os.getpid():
            return
        self._pid = os.getpid()
        self._forked = True
        worker = self._worker()
        if worker:
            worker.after_fork()
        self._file_worker.after_fork()
        self.ledger.reset()
        for watch in self._watches.values():
            watch.after_fork()
        self.slot.claim()
        self._keep_account()
        self._tell_unfinished()
        self.resource = self.resource.merge(Resource(resource.of_process(self.config, self.slot)))
        surroundings.active().instance = str(self.resource.attributes[names.SERVICE_INSTANCE_ID])
        self.providers.update_resource(self.resource)
        self._send_metrics()
        if self.sends:
            self._child = Child(self.shutdown)

    def _send_metrics(self) -> None:
        """Metrics leave also while nothing else happens."""
        wanted = "metrics" not in self.providers.hosts_own or "metrics" in self.providers.joined
        if wanted and self._export and self._export.worker and self._export.metrics:
            self._export.worker.ensure_started()

    def in_child(self) -> None:
        """Where this process is a forked child already: have its forker end telemetry."""
        self._child = Child(self.shutdown)
        self._child.finalize_now()

    def warn(self) -> None:
        """Tell of a server that is not set up for what sends."""
        self._hosting.warn()

    def status(self) -> dict[str, Any]:
        """What is on, where it sends, and the ledger.

        Returns:
            A dictionary of plain values, without secrets.
        """
        shown = describe(self.config)
        for signal, way in shown["signals"].items():
            way["provider"] = "host" if signal in self.providers.hosts_own else "obskit"
            way["exported_by_host"] = signal in self.providers.exported_by_host
        return {
            **shown,
            "errors": "sentry" if self.errors else None,
            "pid": os.getpid(),
            "instance_id": self.resource.attributes[names.SERVICE_INSTANCE_ID],
            "instrumentations": list(self._clients.on),
            "redaction": redaction_rules.status(),
            "ledger": self.ledger.snapshot(),
            "metrics": {"overflowed": cardinality.overflowed(self.providers.meter)},
        }

    def forget(self) -> None:
        """Undo what `start` changed outside this object, so that a test can begin anew."""
        self.shutdown()
        redaction_rules.install()
        self._clients.switch_off()
        stdlib.stop()
        levels.forget()
        loggers.install(None)
        traces.install(None)
        host_metrics.install(Ledger())
        surroundings.install(None)
        providers.forget()


def _check_in(config: Config) -> CheckIn | None:
    if not config.sentry_crons:
        return None
    from obskit.operations.sentry_crons import check_in

    return check_in


def _scraped(config: Config) -> Scraped | None:
    if not config.scraped and config.metrics_file is None:
        return None
    try:
        from obskit.telemetry.prometheus import Scraped
    except ModuleNotFoundError as error:
        raise MissingExtra("prometheus", "Metrics for Prometheus, or in a file,") from error
    return Scraped()


def _reporter(config: Config) -> Reporter | None:
    # Importing sentry-sdk takes longer than the rest of `init`: only where there is a use for it.
    if not config.sentry_dsn and "sentry_sdk" not in sys.modules:
        return None
    try:
        from obskit.telemetry import sentry
    except ModuleNotFoundError as error:
        raise MissingExtra("sentry", "A Sentry DSN") from error
    return sentry.build(config)
