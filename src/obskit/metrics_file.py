"""A file with the newest metrics and the states of checks, for hosts where nobody scrapes."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Lock
from typing import Any

import orjson
from opentelemetry.sdk.resources import Resource

from obskit import names
from obskit.checks.results import Results
from obskit.clock import Clock, to_rfc3339
from obskit.config import Config
from obskit.export import lock
from obskit.export.replacing import replace
from obskit.registry import Registry
from obskit.telemetry.prometheus import Scraped

_log = logging.getLogger("obskit.metrics")


class MetricsFile:
    """Writes the file again and again; a task of a worker.

    One process of the host does, which holds the lock beside the file: it tells its own metrics, and of
    the checks what it knows. When it ends, another one follows within the interval. Who reads the file
    finds the one before or the new one, never a part.

    Args:
        path: The file. Its folder must be there.
        interval: Seconds from one writing to the next.
        content: Gives what is written.
        clock: The time.

    Attributes:
        due: When it is written next, by the monotonic clock.
    """

    def __init__(
        self, path: Path, interval: float, content: Callable[[], bytes], clock: Clock
    ) -> None:
        self._path = path
        self._interval = interval
        self._content = content
        self._clock = clock
        self._begun = clock.now()
        self._host = ExitStack()
        self.after_fork()

    def after_fork(self) -> None:
        """In a forked child: the lock is the parent's."""
        self._host.close()
        self._lock = Lock()
        self._holds = False
        self._failing = False
        self.due = self._clock.monotonic()

    def run(self) -> None:
        """Write, if it is time to and this process is the one that does. Never raises."""
        if self._clock.monotonic() >= self.due:
            self.due = self._clock.monotonic() + self._interval
            self._write()

    def finish(self) -> None:
        """Write a last time, and let another process follow.

        A process that has served nothing leaves what others wrote meanwhile: a script tells of its
        work, the parent of a server's workers of nothing.
        """
        if self._holds or not self._was_written():
            self._write()
        self._holds = False
        self._host.close()

    def _was_written(self) -> bool:
        with suppress(OSError):
            return self._path.stat().st_mtime >= self._begun
        return False

    def _write(self) -> None:
        try:
            with self._lock:
                if self._is_anothers():
                    return
                replace(self._path, self._content(), 0o644)
        except Exception as error:
            if not self._failing:
                known = isinstance(error, OSError)
                _log.warning(
                    "metrics are not written to %s: %s; it is tried again each %g s",
                    self._path,
                    error,
                    self._interval,
                    exc_info=None if known else error,
                )
            self._failing = True
        else:
            if self._failing:
                _log.info("metrics are written to %s again", self._path)
            self._failing = False

    def _is_anothers(self) -> bool:
        if self._holds or lock.fcntl is None:
            return False
        beside = self._path.with_name(f"{self._path.name}.lock")
        with ExitStack() as tried:
            self._holds = tried.enter_context(lock.exclusive(beside))
            if self._holds:
                self._host = tried.pop_all()
        # Where there is no such file none can be made: the writing says why.
        return not self._holds and os.access(beside, os.W_OK)


def as_json(
    config: Config,
    resource: Resource,
    scraped: Scraped,
    watched: Iterable[tuple[Registry, Results, object]],
    clock: Clock,
) -> bytes:
    """What is written as JSON: who tells, each metric by its name in Prometheus, each check's status.

    Args:
        config: The configuration.
        resource: The process.
        scraped: Its metrics.
        watched: The registries with their results.
        clock: The time.
    """
    metrics: dict[str, list[dict[str, Any]]] = {}
    for sample in scraped.samples():
        point = {"labels": sample.labels, "value": sample.value}
        metrics.setdefault(sample.name, []).append(point)
    checks = []
    for registry, results, _ in watched:
        for check in registry.checks.values():
            result, age = results.current(check), results.age(check.name)
            status = "not_run" if result is None else result.status.value
            facts = {"name": check.name, "status": status}
            checks.append(facts if age is None else {**facts, "age_seconds": round(age, 1)})
    told = {
        "timestamp": to_rfc3339(clock.now()),
        "service": config.service,
        "version": config.version,
        "environment": config.environment,
        "instance": resource.attributes[names.SERVICE_INSTANCE_ID],
        "checks": checks,
        "metrics": metrics,
    }
    return orjson.dumps(told, option=orjson.OPT_INDENT_2)
