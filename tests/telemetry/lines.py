"""A pipeline whose records a test can look at."""

from __future__ import annotations

from obskit.ledger import Ledger
from obskit.telemetry import loggers
from obskit.telemetry.pipeline import OnException, Pipeline, Record


class Lines:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def write(self, record: Record) -> None:
        self.records.append(record)

    @property
    def events(self) -> list[str]:
        return [record.event for record in self.records]


class Installed:
    """A pipeline that all loggers write to, with one sink and a ledger."""

    def __init__(self, *, on_exception: OnException | None = None) -> None:
        self.lines = Lines()
        self.ledger = Ledger()
        self.pipeline = Pipeline([self.lines], self.ledger, on_exception=on_exception)
        loggers.install(self.pipeline)

    @property
    def last(self) -> Record:
        return self.lines.records[-1]

    def dropped(self, signal: str = "logs") -> object:
        return self.ledger.snapshot()[signal]["dropped"]
