"""What stands in the tables of any SQL database.

The database is given as a URL, as an engine of SQLAlchemy, or as a function that returns a new
connection of any driver. A URL's connection is opened for each run and closed after it; an engine's
comes from its own pool; a function's is closed. PostgreSQL and SQLite end a statement that takes
longer than `timeout`; of other databases the driver does, where it is told so by their URL.

Tables and columns are written as the database's catalogue spells them, and are only ever names.
"""

# ruff: noqa: S608 - each name has passed `Session.name`

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timezone
from functools import cached_property
from typing import Any, ClassVar

from obskit.checks.judge import Above, above
from obskit.checks.library.database import Database, Session, Source
from obskit.checks.measurement import Measurement
from obskit.duration import Duration, parse_duration

_SHOWN = 50


@dataclass(frozen=True)
class _Question:
    """What is asked of a database."""

    database: Source = field(repr=False)
    timeout: Duration = field(default=5.0, kw_only=True)

    def __post_init__(self) -> None:
        """Refuse what would be refused at each run."""
        self._database  # noqa: B018 - it is made once, and refuses what it cannot use

    @cached_property
    def _database(self) -> Database:
        return Database(self.database, parse_duration(self.timeout))


@dataclass(frozen=True)
class Scalar(_Question):
    """The first column of the first row of a query.

    Args:
        database: A URL, an engine, or a function that connects.
        query: The SQL, sent as it is.
        timeout: How long connecting, and then the query, may take.

    Returns:
        A number, or an instant where freshness is judged.

    Raises:
        LookupError: The query gives no row.

    >>> Scalar("sqlite:///shop.db", "SELECT count(*) FROM orders WHERE paid IS NULL").query
    'SELECT count(*) FROM orders WHERE paid IS NULL'
    """

    query: str

    def __call__(self) -> Measurement:
        """Ask."""
        return Measurement(self._database.ask(lambda session: session.first(self.query)))


@dataclass(frozen=True)
class Rows(_Question):
    """How many rows a query finds that should not be there. The first 50 are the evidence.

    Args:
        database: A URL, an engine, or a function that connects.
        query: A SELECT without parameters; it becomes a sub-query.
        timeout: How long connecting, and then each statement, may take.

    Returns:
        The number of rows.

    >>> Rows("sqlite:///shop.db", "SELECT id FROM orders WHERE total < 0").default_judge(1).state
    'critical'
    """

    default_judge: ClassVar[Above] = above(critical=1)
    query: str

    def __call__(self) -> Measurement:
        """Count them."""
        return self._database.ask(lambda session: _counted(session, self._selected(session)))

    def _selected(self, _session: Session) -> str:
        return self.query.strip().rstrip(";")


@dataclass(frozen=True)
class RowCount(_Question):
    """How many rows a table has.

    Args:
        database: A URL, an engine, or a function that connects.
        table: The table, with its schema where it needs one: `shop.orders`.
        timeout: How long connecting, and then counting, may take.

    Returns:
        The number of rows.

    >>> RowCount("sqlite:///shop.db", "orders").table
    'orders'
    """

    table: str

    def __call__(self) -> Measurement:
        """Count them."""
        return self._database.ask(
            lambda session: Measurement(
                session.first(f"SELECT count(*) FROM {session.name(self.table)}"), "{row}"
            )
        )


@dataclass(frozen=True)
class Duplicates(_Question):
    """How many keys of a table stand in more than one row. Keys with a NULL in them are none.

    Args:
        database: A URL, an engine, or a function that connects.
        table: The table.
        columns: The columns that together should be unique.
        timeout: How long connecting, and then each statement, may take.

    Returns:
        The number of keys, with the first 50 and how often each stands there.

    >>> Duplicates("sqlite:///shop.db", "users", ["email"]).default_judge(0).state
    'ok'
    """

    default_judge: ClassVar[Above] = above(critical=1)
    table: str
    columns: Sequence[str]

    def __call__(self) -> Measurement:
        """Look for them."""
        return self._database.ask(
            lambda session: _counted(session, self._selected(session), "{key}")
        )

    def _selected(self, session: Session) -> str:
        names = _columns(session, self.columns)
        known = " AND ".join(f"{name} IS NOT NULL" for name in names)
        return (
            f"SELECT {', '.join(names)}, count(*) AS times FROM {session.name(self.table)} t"
            f" WHERE {known} GROUP BY {', '.join(names)} HAVING count(*) > 1"
        )


@dataclass(frozen=True)
class NullKeys(_Question):
    """How many rows lack a value in a column that each row should have.

    Args:
        database: A URL, an engine, or a function that connects.
        table: The table.
        columns: The columns; a NULL in any of them counts.
        timeout: How long connecting, and then each statement, may take.

    Returns:
        The number of rows, with the first 50.

    >>> NullKeys("sqlite:///shop.db", "orders", ["user_id"]).columns
    ['user_id']
    """

    default_judge: ClassVar[Above] = above(critical=1)
    table: str
    columns: Sequence[str]

    def __call__(self) -> Measurement:
        """Look for them."""
        return self._database.ask(lambda session: _counted(session, self._selected(session)))

    def _selected(self, session: Session) -> str:
        missing = " OR ".join(f"{name} IS NULL" for name in _columns(session, self.columns))
        return f"SELECT t.* FROM {session.name(self.table)} t WHERE {missing}"


@dataclass(frozen=True)
class Orphans(_Question):
    """How many rows name a row of another table that is not there.

    Args:
        database: A URL, an engine, or a function that connects.
        table: The table that refers.
        column: Its column; a NULL in it refers to nothing.
        parent: The table that is referred to.
        parent_column: The column of that table.
        timeout: How long connecting, and then each statement, may take.

    Returns:
        The number of rows, with the first 50.

    >>> Orphans("sqlite:///shop.db", "orders", "user_id", "users").parent_column
    'id'
    """

    default_judge: ClassVar[Above] = above(critical=1)
    table: str
    column: str
    parent: str
    parent_column: str = "id"

    def __call__(self) -> Measurement:
        """Look for them."""
        return self._database.ask(lambda session: _counted(session, self._selected(session)))

    def _selected(self, session: Session) -> str:
        key = f"t.{session.name(self.column)}"
        return (
            f"SELECT t.* FROM {session.name(self.table)} t WHERE {key} IS NOT NULL AND NOT EXISTS"
            f" (SELECT 1 FROM {session.name(self.parent)} p"
            f" WHERE p.{session.name(self.parent_column)} = {key})"
        )


@dataclass(frozen=True)
class Freshness(_Question):
    """When the newest row of a table is from.

    Args:
        database: A URL, an engine, or a function that connects.
        table: The table.
        column: A column of instants: a type of the database, or, in SQLite, ISO 8601 text. Numbers
            are seconds since the Unix epoch. What has no zone is read in the declaration's.
        timeout: How long connecting, and then the query, may take.

    Returns:
        The newest instant, or None where the column holds none.

    Raises:
        ValueError: What the column holds is no instant.

    >>> Freshness("sqlite:///shop.db", "orders", "created_at").column
    'created_at'
    """

    table: str
    column: str

    def __call__(self) -> Measurement:
        """Look it up."""
        return self._database.ask(
            lambda session: Measurement(
                self._instant(session.first(f"SELECT {self._newest(session)}"))
            )
        )

    def _newest(self, session: Session) -> str:
        # Behind its table's name, SQLite takes no column that is missing for a text.
        return f"max(t.{session.name(self.column)}) FROM {session.name(self.table)} t"

    def _instant(self, given: Any) -> datetime | None:
        if given is None or isinstance(given, datetime):
            return given
        if isinstance(given, date):
            return datetime.combine(given, time())  # the declaration knows its zone
        try:
            if isinstance(given, str):
                return datetime.fromisoformat(given.strip().replace("Z", "+00:00"))
            return datetime.fromtimestamp(float(given), timezone.utc)
        except (TypeError, ValueError, OverflowError, OSError) as error:
            raise ValueError(
                f"{self.table}.{self.column} holds {given!r}, which is no instant:"
                " name a column of instants, ISO 8601 texts, or seconds since the Unix epoch"
            ) from error


def _columns(session: Session, columns: Sequence[str]) -> list[str]:
    named = [columns] if isinstance(columns, str) else columns
    if not named:
        raise ValueError("columns is empty: name one at least")
    return [f"t.{session.name(column)}" for column in named]


def _counted(session: Session, selected: str, unit: str = "{row}") -> Measurement:
    count = session.count(selected)
    return Measurement(count, unit, evidence=session.some(selected, _SHOWN) if count else ())
