"""What a PostgreSQL database takes on disk, and which of its indexes nobody reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from obskit.checks.library.postgres.server import SHOWN, OnServer, asked
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult
from obskit.duration import Duration, format_duration, parse_duration
from obskit.size import format_size

_TABLES = """
SELECT format('%I.%I', nspname, relname) AS table, pg_total_relation_size(c.oid) AS bytes,
  pg_indexes_size(c.oid) AS indexes, greatest(reltuples, 0)::int8 AS rows_estimated,
  count(*) OVER ()::int AS tables, sum(pg_total_relation_size(c.oid)) OVER ()::int8 AS all_bytes
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE relkind IN ('r', 'm') AND nspname NOT IN ('pg_catalog', 'information_schema')
  AND nspname NOT LIKE 'pg_toast%' AND nspname NOT LIKE 'pg_temp%'
ORDER BY 2 DESC NULLS LAST LIMIT
"""
_AGE = """
SELECT extract(epoch FROM clock_timestamp() - stats_reset)::float8 AS age
FROM pg_stat_database WHERE datname = current_database()
"""
# What a constraint stands on, and what is unique, does its work without being read.
_UNUSED = """
SELECT format('%I.%I', s.schemaname, s.indexrelname) AS index,
  format('%I.%I', s.schemaname, s.relname) AS table, pg_relation_size(s.indexrelid) AS bytes
FROM pg_stat_user_indexes s JOIN pg_index i USING (indexrelid)
WHERE s.idx_scan = 0 AND NOT i.indisunique AND NOT i.indisexclusion AND i.indisvalid
  AND pg_relation_size(s.indexrelid) >= {least}
  AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = s.indexrelid)
  AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = s.indexrelid)
ORDER BY 3 DESC
"""
_SCANS = """
SELECT coalesce(sum(idx_scan), 0)::int8 AS by_index, coalesce(sum(seq_scan), 0)::int8 AS whole
FROM pg_stat_user_tables
"""


@dataclass(frozen=True)
class DatabaseSize(OnServer):
    """How large a database is on disk.

    Args:
        url: A URL of libpq, or its `name=value` pairs; the database is the one that it names.
        timeout: How long connecting, and then the query, may take.

    Returns:
        Bytes.

    >>> DatabaseSize("postgresql://db/shop").timeout
    5.0
    """

    def __call__(self) -> Measurement:
        """Measure it."""
        (row,) = self._rows("SELECT pg_database_size(current_database()) AS bytes")
        return Measurement(row["bytes"], "By", format_size(row["bytes"]))


@dataclass(frozen=True)
class TableSizes(OnServer):
    """How large the largest table is on disk, with its indexes; and the 50 largest.

    Args:
        url: A URL of libpq, or its `name=value` pairs.
        timeout: How long connecting, and then the query, may take.

    Returns:
        Bytes of the largest; 0 where there is no table.

    >>> TableSizes("postgresql://db/shop").timeout
    5.0
    """

    def __call__(self) -> Measurement:
        """Measure them."""
        rows = self._rows(f"{_TABLES} {SHOWN}")
        if not rows:
            return Measurement(0, "By", "no tables")
        largest = rows[0]
        return Measurement(
            largest["bytes"],
            "By",
            f"{largest['table']} has {format_size(largest['bytes'])}",
            {"tables": largest["tables"], "all_bytes": largest["all_bytes"]},
            _named(rows, "table", "bytes", "indexes", "rows_estimated"),
        )


@dataclass(frozen=True)
class UnusedIndexes(OnServer):
    """How many indexes nobody has read since the statistics began, and that keep nothing unique.

    On a replica, and on a primary whose replicas are read, ask each server: statistics are its own.

    Args:
        url: A URL of libpq, or its `name=value` pairs.
        least_size: Bytes; what is smaller costs too little to count.
        observed: How old the statistics must be, so that a job of each week has had its turn.
        timeout: How long connecting, and then each query, may take.

    Returns:
        The number of indexes, with the largest 50; unknown while the statistics are too young.

    >>> UnusedIndexes("postgresql://db/shop").observed
    '7d'
    """

    least_size: int = 1_000_000
    observed: Duration = "7d"

    def __call__(self) -> Measurement | CheckResult:
        """Look for them."""
        observed = parse_duration(self.observed)
        with self._connected() as connection:
            age = asked(connection, _AGE)[0]["age"]  # None: never reset
            if age is not None and age < observed:
                return CheckResult.unknown(
                    f"the statistics were reset {format_duration(max(age, 0))} ago:"
                    f" they are judged from {format_duration(observed)} on"
                )
            rows = asked(connection, _UNUSED.format(least=int(self.least_size)))
            (scans,) = asked(connection, _SCANS)
        wasted = sum(row["bytes"] for row in rows)
        return Measurement(
            len(rows),
            "{index}",
            f"DROP INDEX would free {format_size(wasted)}" if rows else "",
            {"bytes": wasted, "scans_by_index": scans["by_index"], "scans_whole": scans["whole"]},
            rows[:SHOWN],
        )


def _named(rows: Sequence[Mapping[str, Any]], *names: str) -> list[dict[str, Any]]:
    return [{name: row[name] for name in names} for row in rows]
