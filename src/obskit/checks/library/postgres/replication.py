"""How far the replicas of a PostgreSQL server are behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from obskit.checks.judge import Above, above
from obskit.checks.library.postgres.server import SHOWN, OnServer, asked, hidden
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult

_IS_REPLICA = "SELECT pg_is_in_recovery() AS is_replica"
_REPLICAS = """
SELECT application_name AS replica, state, client_addr::text AS address, state IS NULL AS hidden,
  coalesce(extract(epoch FROM replay_lag), 0)::float8 AS seconds,
  pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::int8 AS bytes
FROM pg_stat_replication WHERE state IS NULL OR state IN ('streaming', 'catchup')
ORDER BY 5 DESC, 6 DESC NULLS LAST
"""
# A replica that has replayed all that it received is not behind, however long its primary is idle;
# one that receives nothing does not know. One that has replayed nothing yet is as old as its start.
_REPLICA = """
SELECT EXISTS (SELECT FROM pg_stat_wal_receiver) AS receives,
  coalesce(pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn(), false) AS is_level,
  extract(epoch FROM clock_timestamp()
    - coalesce(pg_last_xact_replay_timestamp(), pg_postmaster_start_time()))::float8 AS seconds
"""


@dataclass(frozen=True)
class ReplicationLag(OnServer):
    """How far replication is behind, seconds. Asked of a primary, it is that of its slowest replica.

    Args:
        url: A URL of libpq, or its `name=value` pairs; of the primary, or of a replica.
        replicas: How many a primary should have; fewer are critical.
        timeout: How long connecting, and then each query, may take.

    Returns:
        Seconds; unknown where the role may not see it.

    >>> ReplicationLag("postgresql://db/shop", replicas=2).default_judge(30).state
    'warning'
    """

    default_judge: ClassVar[Above] = above(warning=30, critical=300)
    replicas: int = 1

    def __call__(self) -> Measurement | CheckResult:
        """Measure it."""
        with self._connected() as connection:
            if not asked(connection, _IS_REPLICA)[0]["is_replica"]:
                return self._of_primary(asked(connection, _REPLICAS))
            (replica,) = asked(connection, _REPLICA)
        if not replica["receives"]:
            message = "the replica receives nothing from its primary"
            return Measurement(replica["seconds"], "s", message)
        return Measurement(0.0 if replica["is_level"] else replica["seconds"], "s")

    def _of_primary(self, rows: list[dict[str, Any]]) -> Measurement | CheckResult:
        shown = [{name: row[name] for name in row if name != "hidden"} for row in rows[:SHOWN]]
        if len(rows) < self.replicas:
            return CheckResult.critical(
                f"{len(rows)} of {self.replicas} replicas are connected: see the others' logs",
                evidence=shown,
            )
        unseen = [row for row in rows if row["hidden"]]
        if unseen:
            return CheckResult.unknown(hidden(unseen))
        slowest = max((row["seconds"] for row in rows), default=0.0)
        return Measurement(slowest, "s", details={"replicas": len(rows)}, evidence=shown)
