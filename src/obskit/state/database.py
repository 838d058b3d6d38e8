"""What the statements of a store need of a database, and the tables that they know."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol


class Rows(Protocol):
    """What a statement answered."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> list[Any]:
        """The rows that are left."""


class Execute(Protocol):
    """Runs a statement whose parameters are question marks."""

    def __call__(self, statement: str, parameters: Sequence[Any] = (), /) -> Rows:
        """Run it."""


class Database(Protocol):
    """Where the tables of `TABLES` are. Its methods raise `StoreError` and no other."""

    def reading(self) -> AbstractContextManager[Execute]:
        """A transaction that changes nothing."""

    def writing(self) -> AbstractContextManager[Execute]:
        """A transaction beside which no other writes for this service."""

    def now(self, execute: Execute) -> float:
        """The time that all who use it agree on, seconds since the Unix epoch."""

    def used(self, execute: Execute, limit: int) -> int:
        """How many bytes the history of this service takes; anything below the limit if it is less."""

    def close(self) -> None:
        """Let go of what it holds."""


#: The tables, one step a version. {id}: a column whose value rises with each row.
TABLES: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE latest (
            service TEXT NOT NULL, name TEXT NOT NULL, lease BIGINT NOT NULL,
            leased DOUBLE PRECISION NOT NULL, body TEXT NOT NULL,
            PRIMARY KEY (service, name))""",
        """CREATE TABLE history (
            id {id}, service TEXT NOT NULL, name TEXT NOT NULL,
            started DOUBLE PRECISION NOT NULL, value DOUBLE PRECISION, body TEXT NOT NULL)""",
        "CREATE INDEX history_by_name ON history (service, name, started)",
        "CREATE INDEX history_by_age ON history (service, started)",
        """CREATE TABLE silences (
            service TEXT NOT NULL, name TEXT NOT NULL, until DOUBLE PRECISION NOT NULL,
            body TEXT NOT NULL, PRIMARY KEY (service, name))""",
        """CREATE TABLE leases (
            service TEXT NOT NULL, name TEXT NOT NULL, holder TEXT NOT NULL, number BIGINT NOT NULL,
            until DOUBLE PRECISION NOT NULL, seconds DOUBLE PRECISION NOT NULL,
            PRIMARY KEY (service, name))""",
        """CREATE TABLE jobs (
            service TEXT NOT NULL, run_id TEXT NOT NULL, name TEXT NOT NULL,
            started DOUBLE PRECISION NOT NULL, outcome TEXT NOT NULL, ended DOUBLE PRECISION,
            body TEXT NOT NULL, PRIMARY KEY (service, run_id))""",
        "CREATE INDEX jobs_by_name ON jobs (service, name, started)",
        "CREATE INDEX jobs_by_end ON jobs (service, name, ended)",
        "CREATE INDEX jobs_by_outcome ON jobs (service, name, outcome, ended)",
        "CREATE INDEX jobs_by_age ON jobs (service, ended)",
        """CREATE TABLE counts (
            service TEXT NOT NULL, metric TEXT NOT NULL, attributes TEXT NOT NULL,
            amount DOUBLE PRECISION NOT NULL, PRIMARY KEY (service, metric, attributes))""",
    ),
    (
        """CREATE TABLE known_jobs (
            service TEXT NOT NULL, name TEXT NOT NULL, since DOUBLE PRECISION NOT NULL,
            PRIMARY KEY (service, name))""",
    ),
    (
        """CREATE TABLE noted (
            service TEXT NOT NULL PRIMARY KEY, number BIGINT NOT NULL, body TEXT NOT NULL)""",
        """CREATE TABLE notices (
            id {id}, service TEXT NOT NULL, name TEXT NOT NULL, channel TEXT NOT NULL,
            made DOUBLE PRECISION NOT NULL, body TEXT NOT NULL,
            due DOUBLE PRECISION NOT NULL, tries BIGINT NOT NULL, why TEXT NOT NULL)""",
        "CREATE UNIQUE INDEX notices_by_name ON notices (service, name)",
        "CREATE INDEX notices_by_channel ON notices (service, channel, id)",
    ),
    (
        """CREATE TABLE deploys (
            id {id}, service TEXT NOT NULL, environment TEXT NOT NULL, name TEXT NOT NULL,
            began DOUBLE PRECISION NOT NULL)""",
        "CREATE INDEX deploys_by_place ON deploys (service, environment, id)",
    ),
    (
        """CREATE TABLE latest_of_hosts (
            service TEXT NOT NULL, host TEXT NOT NULL, name TEXT NOT NULL,
            started DOUBLE PRECISION NOT NULL, body TEXT NOT NULL,
            PRIMARY KEY (service, host, name))""",
        """CREATE TABLE hosts (
            service TEXT NOT NULL, host TEXT NOT NULL, heard DOUBLE PRECISION NOT NULL,
            body TEXT NOT NULL, PRIMARY KEY (service, host))""",
        "ALTER TABLE history ADD COLUMN host TEXT NOT NULL DEFAULT ''",
    ),
)
