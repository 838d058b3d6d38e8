"""The composition root: what a configuration turns into, and how it ends."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

from opentelemetry.sdk.resources import Resource

from obskit import hosting, installation, listeners, names
from obskit.clock import SYSTEM_CLOCK, Clock
from obskit.config import SIGNALS, Config
from obskit.export import otlp
from obskit.export.budget import prepare, within
from obskit.export.otlp import Export
from obskit.export.worker import Worker
from obskit.exposition import Exposition
from obskit.ledger import Ledger
from obskit.overview.process import Process
from obskit.telemetry import account, console, process, providers, resource, sinks
from obskit.telemetry.clients import Clients
from obskit.telemetry.errors import Errors, Reporter, reporter_of
from obskit.telemetry.instance import Slot, run_directory
from obskit.telemetry.pipeline import Pipeline, Sink
from obskit.telemetry.server import Server
from obskit.telemetry.status import status
from obskit.termination import Child
from obskit.version import version
from obskit.watches import Watches


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
        hosting: What is known of the server that this process is part of.
        watches: What this process watches.
        watch: Gives what runs a registry's checks; `Watches.of`.
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
        self._closed = False
        self._pid = os.getpid()
        self._forked = False
        self.hosting = hosting.Hosting()
        self._clients = Clients()

    def start(self) -> None:
        """Begin: providers, pipeline, errors, client instrumentations.

        Raises:
            ConfigError: A part refuses its configuration.
            MissingExtra: A part needs a package that is not installed.
        """
        self._make_providers()
        self._make_pipeline()
        self._make_watches()
        installation.install(self.config, self.ledger, self.pipeline, self._tracer)
        self._begin_to_send()

    def _make_providers(self) -> None:
        config = self.config
        installation.prepare(config)
        reporter = self._reporter or reporter_of(config)
        self._exposition = Exposition(config, self.clock)
        export = self._export = self._export or otlp.build(config, self.ledger, self.clock)
        if any(export) or reporter:
            prepare()
        self.slot = Slot(run_directory(config.run_dir, config.service))
        self.resource = resource.build(config, self.slot)
        self.providers = providers.install(config, self.resource, export)
        self._exposition.join(self.providers.meter)
        if export.traces and "traces" not in self.providers.hosts_own:
            self.providers.count_sampled_out(partial(self.ledger.sample_out, "traces"))
        self.errors = Errors(reporter, self.ledger) if reporter else None

    def _make_pipeline(self) -> None:
        self._keep_account()
        way = self._export.logs if self._export else None
        configured = sinks.build(self.config, self.resource, self.providers, way)
        self.pipeline = Pipeline(
            [*self._sinks, *configured],
            self.ledger,
            on_exception=self.logged_exception if self.errors else None,
            clock=self.clock,
        )

    def _make_watches(self) -> None:
        config = self.config
        tracer = self._tracer = self.providers.tracer.get_tracer("obskit", version())
        self.meter = self.providers.meter.get_meter("obskit", version())
        self.server = Server(config, tracer, self.meter, self.pipeline, self.errors, self.clock)
        self.watches = Watches(
            config,
            clock=self.clock,
            tracer=tracer,
            meter=self.meter,
            errors=lambda: self.errors,
            ledger=self.ledger,
            instance=self._instance(),
            meter_is_own="metrics" not in self.providers.hosts_own,
        )
        self._exposition.make_files(lambda: self.resource, self.watches.results)
        parts = (self._instance, self.slot, self.ledger, self._export, self.watches)
        self._exposition.tell(Process(config, *parts), self.errors)
        self.watch, self.scraped = self.watches.of, self._exposition.scraped

    def _begin_to_send(self) -> None:
        process.register(self.meter, self.clock)
        if self.sends:
            account.register(self.meter, self.ledger)
        account.tell_unfinished(self.pipeline, self._unfinished)
        if worker := self._worker():
            worker.forked, worker.looked = self.forked_in_c, self._look
        self._send_metrics()
        self._clients.switch_on(
            self.config.disabled_instrumentations, self.providers.tracer, self.providers.meter
        )

    def _keep_account(self) -> None:
        self._unfinished = account.keep(self.ledger, self.slot) if self.sends else None

    def _instance(self) -> str:
        return str(self.resource.attributes[names.SERVICE_INSTANCE_ID])

    def _look(self) -> None:
        self.hosting.warn_if_late()
        prepare()

    def serving(self) -> None:
        """This process does a service's work. Costs little: call it often."""
        self._exposition.serve()
        self.watches.deploys.serve()

    def logged_exception(self, error: BaseException, logger: str) -> None:
        """A line told of an exception: it is reported too."""
        if self.errors:
            self.errors.capture(error, handled=True, logger=logger)

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
        ways = self.providers.flushing(budget)
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
        self.hosting.warn_if_late()
        self._closed = True
        budget = self.config.shutdown_timeout - self.hosting.spent if timeout is None else timeout
        budget = self._exposition.end(budget)  # while this process is the one that runs its checks
        self.watches.stop()
        ways: list[Callable[[], object]] = [
            partial(self.providers.shutdown_signal, signal) for signal in SIGNALS
        ]
        if self.errors:
            ways.append(partial(self.errors.reporter.close, budget))
        in_time = within(budget, ways)
        if in_time:
            self.ledger.end()
        if worker := self._worker():
            worker.stop()
            account.tell_end(self.pipeline, self.ledger, forked=self._forked)
        self.watches.close()
        self.slot.release()
        return in_time

    def end(self) -> None:
        """The interpreter is ending: shut down, and let no other thread write lines."""
        self.shutdown()
        console.end()

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
        if worker := self._worker():
            worker.stop()
        self._exposition.stop()
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
        if worker := self._worker():
            worker.after_fork()
        self._exposition.after_fork()
        self.ledger.reset()
        listeners.after_fork()
        self.watches.after_fork()
        self.slot.claim()
        self._keep_account()
        account.tell_unfinished(self.pipeline, self._unfinished)
        self.resource = self.resource.merge(Resource(resource.of_process(self.config, self.slot)))
        self.watches.rename(self._instance())
        self.providers.update_resource(self.resource)
        self._send_metrics()
        if self.sends:
            self._child = Child(self.shutdown)

    def _send_metrics(self) -> None:
        """Metrics leave also while nothing else happens."""
        worker = self._worker()
        if worker and self._export and self._export.metrics and self.providers.gives_metrics:
            worker.ensure_started()

    def in_child(self) -> None:
        """Where this process is a forked child already: have its forker end telemetry."""
        self._child = Child(self.shutdown)
        self._child.finalize_now()

    def status(self) -> dict[str, Any]:
        """What is on, where it sends, the ledger, and what became of the results of checks.

        Returns:
            A dictionary of plain values, without secrets.
        """
        told = status(
            self.config,
            self.providers,
            self.ledger,
            instance=self._instance(),
            errors=self.errors is not None,
            instrumentations=self._clients.on,
        )
        return {**told, "checks": self.watches.account()}

    def forget(self) -> None:
        """Undo what `start` changed outside this object, so that a test can begin anew."""
        self.shutdown()
        self._clients.switch_off()
        installation.undo()
