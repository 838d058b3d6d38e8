"""What the sessions of a PostgreSQL server do: how many there are, what waits, what is slow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from obskit.checks.judge import Above, above
from obskit.checks.library.postgres.server import SHOWN, OnServer, asked, hidden
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult
from obskit.duration import Duration, format_duration, parse_duration

# Of a session of another role, a role without pg_monitor sees neither kind nor state.
_SESSIONS = """
SELECT coalesce(state, 'hidden') AS state, coalesce(application_name, '') AS application, usename,
  count(*)::int AS sessions
FROM pg_stat_activity
WHERE coalesce(backend_type, 'client backend') = 'client backend' AND usesysid IS NOT NULL
GROUP BY 1, 2, 3 ORDER BY 4 DESC
"""
_LIMITS = """
SELECT coalesce(sum(setting::int) FILTER (WHERE name = 'max_connections'), 0)::int AS most,
  coalesce(sum(setting::int) FILTER (WHERE name <> 'max_connections'), 0)::int AS reserved
FROM pg_settings
WHERE name IN ('max_connections', 'superuser_reserved_connections', 'reserved_connections')
"""
_OF_DATABASE = """
SELECT pid, usename, application_name AS application, state, query,
  query = '<insufficient privilege>' AS hidden,
  round(extract(epoch FROM clock_timestamp() - {since}))::int AS seconds,
  extract(epoch FROM clock_timestamp() - {since}) >= %(longest)s AS long
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND usesysid IS NOT NULL
  AND coalesce(backend_type, 'client backend') = 'client backend'
  AND (query = '<insufficient privilege>' OR state = ANY(%(states)s))
ORDER BY {since}
"""
_IS_THERE = """
SELECT quote_ident(nspname) AS schema FROM pg_extension e
JOIN pg_namespace n ON n.oid = e.extnamespace WHERE extname = 'pg_stat_statements'
"""
_SLOW = """
SELECT s.calls::int8 AS calls, round(mean_exec_time)::int8 AS mean_ms,
  round(total_exec_time)::int8 AS total_ms, left(s.query, 1000) AS query,
  count(*) OVER ()::int AS found
FROM {schema}.pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
WHERE d.datname = current_database() AND mean_exec_time >= %(slow)s AND s.calls >= %(calls)s
ORDER BY total_exec_time DESC LIMIT {shown}
"""


@dataclass(frozen=True)
class Connections(OnServer):
    """How many of a server's connections are taken, per cent of those that a usual role can have.

    Args:
        url: A URL of libpq, or its `name=value` pairs.
        timeout: How long connecting, and then the query, may take.

    Returns:
        Per cent, with the number of each state, and of each application.

    Raises:
        psycopg.Error: The server cannot be reached, or has no connection left.

    >>> Connections("postgresql://db/shop").default_judge(80).state
    'warning'
    """

    default_judge: ClassVar[Above] = above(warning=80, critical=95)

    def __call__(self) -> Measurement:
        """Count them."""
        with self._connected() as connection:
            (limits,) = asked(connection, _LIMITS)
            sessions = asked(connection, _SESSIONS)
        states: Counter[str] = Counter()
        for row in sessions:
            states[row["state"]] += row["sessions"]
        taken, usable = states.total(), limits["most"] - limits["reserved"]
        return Measurement(
            round(100 * taken / usable, 1),
            "%",
            f"{taken} of {usable}: "
            + ", ".join(f"{count} {state}" for state, count in states.most_common()),
            {**states, "max_connections": limits["most"], "reserved": limits["reserved"]},
            sessions[:SHOWN],
        )


@dataclass(frozen=True)
class IdleInTransaction(OnServer):
    """How many sessions of this database have a transaction open and do nothing.

    Such a session keeps its locks, and keeps VACUUM from cleaning up.

    Args:
        url: A URL of libpq, or its `name=value` pairs.
        longer_than: How long a session may be so.
        timeout: How long connecting, and then the query, may take.

    Returns:
        The number of sessions, with the longest 50; unknown where all that might be such are hidden.

    >>> IdleInTransaction("postgresql://db/shop").longer_than
    '5m'
    """

    default_judge: ClassVar[Above] = above(warning=1)
    longer_than: Duration = "5m"

    def __call__(self) -> Measurement | CheckResult:
        """Look for them."""
        longest = parse_duration(self.longer_than)
        states = ["idle in transaction", "idle in transaction (aborted)"]
        values = {"states": states, "longest": longest}
        rows = self._rows(_OF_DATABASE.format(since="state_change"), values)
        return _long(rows, "{session}", longest)


@dataclass(frozen=True)
class LongQueries(OnServer):
    """How many queries of this database have been running for long.

    Args:
        url: A URL of libpq, or its `name=value` pairs.
        longer_than: How long a query may run.
        timeout: How long connecting, and then the query, may take.

    Returns:
        The number of queries, with the longest 50; unknown where all that might be such are hidden.

    >>> LongQueries("postgresql://db/shop", "30s").default_judge(1).state
    'warning'
    """

    default_judge: ClassVar[Above] = above(warning=1)
    longer_than: Duration = "30s"

    def __call__(self) -> Measurement | CheckResult:
        """Look for them."""
        longest = parse_duration(self.longer_than)
        values = {"states": ["active", "fastpath function call"], "longest": longest}
        rows = self._rows(_OF_DATABASE.format(since="query_start"), values)
        return _long(rows, "{query}", longest)


@dataclass(frozen=True)
class SlowStatements(OnServer):
    """How many statements of this database are slow on average, as `pg_stat_statements` has them.

    They are counted since its statistics were reset.

    Args:
        url: A URL of libpq, or its `name=value` pairs.
        mean: From which average on a statement is slow.
        least_calls: What ran less often is left out.
        timeout: How long connecting, and then each query, may take.

    Returns:
        The number of statements, with the 50 that took the most time in all; unknown where the
        extension is missing.

    >>> SlowStatements("postgresql://db/shop", mean="200ms").default_judge(1).state
    'warning'
    """

    default_judge: ClassVar[Above] = above(warning=1)
    mean: Duration = "1s"
    least_calls: int = 10

    def __call__(self) -> Measurement | CheckResult:
        """Look for them."""
        values = {"slow": parse_duration(self.mean) * 1000, "calls": self.least_calls}
        missing = "pg_stat_statements is missing: put it into shared_preload_libraries, restart the"
        missing += " server, and CREATE EXTENSION pg_stat_statements in this database"
        with self._connected() as connection:
            there = asked(connection, _IS_THERE)
            if not there:
                return CheckResult.unknown(missing)
            from psycopg.errors import ObjectNotInPrerequisiteState

            try:
                found = asked(connection, _SLOW.format(shown=SHOWN, **there[0]), values)
            except ObjectNotInPrerequisiteState:
                return CheckResult.unknown(missing)
        count = found[0].pop("found") if found else 0
        shown = [{name: row[name] for name in row if name != "found"} for row in found]
        return Measurement(count, "{statement}", evidence=shown)


def _long(rows: list[dict[str, Any]], unit: str, longest: float) -> Measurement | CheckResult:
    found = [row for row in rows if row["long"] and not row["hidden"]]
    unseen = [row for row in rows if row["hidden"]]
    if unseen and not found:
        return CheckResult.unknown(hidden(unseen))
    return Measurement(
        len(found),
        unit,
        f"longer than {format_duration(longest)}" if found else "",
        {"hidden": len(unseen)} if unseen else {},
        [_told(row) for row in found[:SHOWN]],
    )


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: row[name] for name in ("pid", "usename", "application", "seconds", "state", "query")
    }
