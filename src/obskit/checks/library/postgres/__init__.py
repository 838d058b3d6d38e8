"""PostgreSQL, as its server tells of itself, by psycopg 3.

Each check opens a connection of its own and closes it. The role needs no more than to log in; what
it may not see of other roles' sessions it says, and `GRANT pg_monitor` mends that.
"""

from obskit.checks.library.postgres.activity import (
    Connections,
    IdleInTransaction,
    LongQueries,
    SlowStatements,
)
from obskit.checks.library.postgres.backup import BackupFile, RestoreTest
from obskit.checks.library.postgres.refresh import MaterializedViewAge, track_refresh
from obskit.checks.library.postgres.replication import ReplicationLag
from obskit.checks.library.postgres.storage import DatabaseSize, TableSizes, UnusedIndexes

__all__ = [
    "BackupFile",
    "Connections",
    "DatabaseSize",
    "IdleInTransaction",
    "LongQueries",
    "MaterializedViewAge",
    "ReplicationLag",
    "RestoreTest",
    "SlowStatements",
    "TableSizes",
    "UnusedIndexes",
    "track_refresh",
]
