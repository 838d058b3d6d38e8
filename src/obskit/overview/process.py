"""What a process alone knows of itself, as it tells it: its operations, quotas, errors and records."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from obskit.checks.kept import to_run
from obskit.checks.results import Results
from obskit.config import SIGNALS, Config, describe
from obskit.declared import Declarations
from obskit.export.otlp import Export
from obskit.ledger import Ledger
from obskit.operations.operation import DeclaredOperation
from obskit.operations.quota import DeclaredQuota
from obskit.overview.lately import Lately
from obskit.registry import Registry
from obskit.state import text
from obskit.telemetry.instance import Slot


class Watches(Protocol):
    """What a process watches."""

    def declared(self) -> Iterable[Declarations]:
        """Where its operations and quotas are declared."""

    def results(self) -> Iterable[tuple[Registry, Results, object]]:
        """Its registries, each with its results."""


@dataclass(frozen=True)
class Process:
    """This process.

    Attributes:
        config: Its configuration.
        instance: Gives its `service.instance.id`.
        slot: Its place among the processes of its service.
        ledger: The account of its records.
        export: What takes its records out, or None before it is known.
        watches: What it watches.
        errors: Its errors of late.
    """

    config: Config
    instance: Callable[[], str]
    slot: Slot
    ledger: Ledger
    export: Export | None
    watches: Watches
    errors: Lately = field(default_factory=Lately)

    def tell(self, started: float, now: float) -> bytes:
        """All of it as JSON, without secrets.

        Args:
            started: When the process began, seconds since the Unix epoch.
            now: Seconds since the Unix epoch.
        """
        told = {
            "pid": os.getpid(),
            "slot": self.slot.number,
            "instance": self.instance(),
            "started": started,
            "heard": now,
            "release": self.config.version or "",
            "ledger": self.ledger.snapshot(),
            "exporters": self._exporters(),
            "operations": dict(self._operations()),
            "quotas": dict(self._quotas()),
            "checks": list(self._checks()),
            "errors": [asdict(error) for error in self.errors.read()],
        }
        return text.dump(told).encode()

    def _exporters(self) -> dict[str, dict[str, Any]]:
        exporters: dict[str, dict[str, Any]] = describe(self.config)["signals"]
        for signal in SIGNALS:
            # A stock exporter tells nobody whether its receiver is there.
            sender = getattr(getattr(self.export, signal, None), "sender", None)
            exporters[signal]["reached"] = None if sender is None else not sender.away
        return exporters

    def _operations(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for each in self.watches.declared():
            for name, one in each.operations.items():
                if isinstance(one, DeclaredOperation):
                    tally = one.tally()
                    yield name, {"failed": dict(tally.failed), "durations": tally.durations}

    def _quotas(self) -> Iterator[tuple[str, tuple[int, int]]]:
        for each in self.watches.declared():
            for name, one in each.quotas.items():
                if isinstance(one, DeclaredQuota):
                    yield name, (one.used, one.recent)

    def _checks(self) -> Iterator[str]:
        """Those that each process runs for itself: the store keeps the others."""
        for registry, results, _ in self.watches.results():
            for check in registry.checks.values():
                standing = results.standing(check.name) if check.scope == "process" else None
                if standing is not None:
                    yield text.write(to_run(check, standing, 0, self.instance()))
