"""What is given out to those who come for it: metrics for Prometheus, and files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol

from opentelemetry.sdk.resources import Resource

from obskit import listeners
from obskit.checks.report import Watched
from obskit.clock import Clock
from obskit.config import Config
from obskit.exceptions import MissingExtra
from obskit.export.budget import within
from obskit.export.worker import Task, Worker
from obskit.overview import standing
from obskit.overview.process import Process
from obskit.overview.telling import Telling
from obskit.telemetry import providers
from obskit.telemetry.errors import Errors

if TYPE_CHECKING:
    from obskit.telemetry.prometheus import Scraped


class File(Task, Protocol):
    """What is written again and again while the process serves."""

    def finish(self) -> None:
        """The process ends."""


class Exposition:
    """Gives metrics out, where the configuration wants them so.

    Args:
        config: The configuration.
        clock: The time.

    Attributes:
        scraped: What gives them to Prometheus; None where nobody wants them so.

    Raises:
        MissingExtra: The package for it is not installed.
    """

    def __init__(self, config: Config, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self.scraped = _scraped(config)
        self._files: list[File] = []
        self._worker = Worker(clock)

    def join(self, provider: Any) -> None:
        """Read the metrics of a provider; give none where it lets nobody read them.

        Args:
            provider: The meter provider, perhaps the host's own.
        """
        if self.scraped and not providers.join(provider, "metrics", self.scraped):
            self.scraped = None

    def make_files(self, resource: Callable[[], Resource], watched: Watched) -> None:
        """Have the files written from `serve` on, if there shall be some.

        Args:
            resource: Gives what the process is.
            watched: Gives the registries with their results.
        """
        config, clock, scraped = self._config, self._clock, self.scraped
        if not config.metrics_file or scraped is None:
            return
        from obskit.metrics_file import MetricsFile, as_json

        def told() -> bytes:
            return as_json(config, resource(), scraped, watched(), clock)

        interval = config.metric_export_interval_ms / 1_000
        for path in map(Path, config.metrics_file):
            content = scraped.file if path.suffix == ".prom" else told
            self.add(MetricsFile(path, interval, content, clock))

    def tell(self, process: Process, errors: Errors | None) -> None:
        """Have the status page told of this process from `serve` on, where there is one.

        Args:
            process: This process.
            errors: What reports errors, or None.
        """
        config = self._config
        if not config.console:
            return
        listeners.add(process.errors)
        if errors is not None:
            errors.sent = process.errors.sent
        folder = standing.folder(config)
        if process.export is not None and process.export.ring is not None:
            process.export.ring.begin(lambda: folder / process.instance())
        self.add(Telling(lambda: folder / f"{process.instance()}.json", process.tell, self._clock))

    def add(self, file: File) -> None:
        """Have another file written from `serve` on.

        Args:
            file: What writes it.
        """
        self._files = [*self._files, file]
        self._worker.take(self._files)

    def serve(self) -> None:
        """This process does a service's work: it writes its files from now on.

        The parent of a server's workers does not. Costs little: call it often.
        """
        if self._files:
            self._worker.ensure_started()

    def stop(self) -> None:
        """Let the thread end."""
        self._worker.stop()

    def end(self, budget: float) -> float:
        """The process ends: the files are written a last time.

        Args:
            budget: Seconds that the end may take; half of them are given to it.

        Returns:
            Those that are left.
        """
        begun = monotonic()
        self.stop()
        within(budget / 2, [file.finish for file in self._files])
        return max(0.0, budget - (monotonic() - begun))

    def after_fork(self) -> None:
        """In a forked child: what is written is the parent's."""
        self._worker.after_fork()


def _scraped(config: Config) -> Scraped | None:
    if not config.scraped and not config.metrics_file:
        return None
    try:
        from obskit.telemetry.prometheus import Scraped
    except ModuleNotFoundError as error:
        raise MissingExtra("prometheus", "Metrics for Prometheus, or in a file,") from error
    return Scraped()
