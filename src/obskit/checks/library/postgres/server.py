"""A server of PostgreSQL, asked in one read-only transaction of a connection of its own."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from obskit.checks.library.database import bounded
from obskit.duration import Duration, parse_duration
from obskit.exceptions import MissingExtra

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[dict[str, Any]]

#: So many rows of evidence.
SHOWN = 50


@dataclass(frozen=True)
class OnServer:
    """What is asked of a server."""

    url: str = field(repr=False)
    timeout: Duration = field(default=5.0, kw_only=True)

    def __post_init__(self) -> None:
        """Refuse what would be refused at each run."""
        parse_duration(self.timeout)

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        """A read-only transaction, in which nothing takes longer than the time-out."""
        with connect(self.url, parse_duration(self.timeout)) as connection:
            connection.read_only = True
            with bounded(
                connection, "postgresql", connection.execute, parse_duration(self.timeout)
            ):
                yield connection

    def _rows(self, query: str, values: Mapping[str, object] | None = None) -> list[dict[str, Any]]:
        with self._connected() as connection:
            return asked(connection, query, values)


def connect(url: str, timeout: float, **options: Any) -> Connection:
    """A new connection.

    Args:
        url: A URL of libpq, or its `name=value` pairs.
        timeout: How long connecting may take, seconds; libpq takes 2 at least.
        options: Of `psycopg.connect`.

    Raises:
        MissingExtra: psycopg is not installed.
        psycopg.Error: The server cannot be reached.
    """
    try:
        import psycopg
        from psycopg.rows import dict_row
    except ImportError as error:
        raise MissingExtra("postgres", "obskit.checks.library.postgres") from error
    return psycopg.connect(
        url,
        connect_timeout=math.ceil(timeout),
        application_name="obskit",
        prepare_threshold=None,  # a pooler may give each transaction another session
        row_factory=dict_row,
        **options,
    )


def asked(
    connection: Connection, query: str, values: Mapping[str, object] | None = None
) -> list[dict[str, Any]]:
    """The rows that a query finds."""
    return list(connection.execute(query, values))  # type: ignore[call-overload,unused-ignore]


def hidden(rows: Sequence[Mapping[str, Any]]) -> str:
    """What to do about sessions of which the role sees no more than that they are there."""
    return (
        f"{len(rows)} sessions of other roles are hidden:"
        " GRANT pg_monitor TO the role of this check"
    )
