"""When a materialised view was refreshed. PostgreSQL keeps no such time, so whoever refreshes it does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from obskit.checks.library.postgres.server import OnServer
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult

_MARK = re.compile(r"\s*\[refreshed (\S+)\]")
_COMMENT = "SELECT obj_description(%s::regclass, 'pg_class')"
# The server quotes the view's name and the text.
_WRITTEN = """
SELECT format('COMMENT ON MATERIALIZED VIEW %%s IS %%L', %s::regclass,
  concat_ws(' ', nullif(%s, ''), to_char(clock_timestamp() AT TIME ZONE 'UTC',
    '"[refreshed "YYYY-MM-DD"T"HH24:MI:SS.US"+00:00]"')))
"""
_VIEW = """
SELECT relkind = 'm' AS is_view, relispopulated AS populated,
  obj_description(oid, 'pg_class') AS comment
FROM pg_class WHERE oid = %(view)s::regclass
"""


def track_refresh(connection: Any, view: str) -> None:
    """Keep the time of a refresh in the view's comment, behind what stands there.

    It belongs into the transaction of the refresh, needs no other right, and locks no reader out.

    Args:
        connection: Of psycopg, in the transaction that has refreshed the view.
        view: Its name as SQL has it: `sales_by_day`, `reports."Sales"`.

    Raises:
        psycopg.Error: There is no such view, or it belongs to another role.

    >>> def refresh(connection):
    ...     connection.execute("REFRESH MATERIALIZED VIEW sales_by_day")
    ...     track_refresh(connection, "sales_by_day")
    """
    with connection.cursor() as cursor:
        cursor.execute(_COMMENT, [view])
        comment = _first(cursor.fetchone())
        cursor.execute(_WRITTEN, [view, _MARK.sub("", comment or "")])
        cursor.execute(_first(cursor.fetchone()))


@dataclass(frozen=True)
class MaterializedViewAge(OnServer):
    """When a materialised view was last refreshed, as `track_refresh` keeps it. For a freshness check.

    Args:
        url: A URL of libpq, or its `name=value` pairs.
        view: Its name as SQL has it: `sales_by_day`, `reports."Sales"`.
        timeout: How long connecting, and then the query, may take.

    Returns:
        The instant; None for a view that is empty yet; unknown where no refresh was tracked.

    Raises:
        psycopg.Error: There is no such view.
        ValueError: It is no materialised view.

    >>> MaterializedViewAge("postgresql://db/shop", "sales_by_day").view
    'sales_by_day'
    """

    view: str

    def __call__(self) -> Measurement | CheckResult:
        """Look it up."""
        (row,) = self._rows(_VIEW, {"view": self.view})
        if not row["is_view"]:
            raise ValueError(f"{self.view} is no materialised view: name one")
        if not row["populated"]:
            return Measurement(None, message=f"REFRESH MATERIALIZED VIEW {self.view} has not run")
        tracked = _MARK.search(row["comment"] or "")
        if tracked is None:
            return CheckResult.unknown(
                f"no refresh of {self.view} was tracked: call track_refresh(connection,"
                f" {self.view!r}) in the transaction of each"
            )
        return Measurement(datetime.fromisoformat(tracked[1]))


def _first(row: Any) -> Any:
    """The only value of a row, of whichever kind the connection makes them."""
    return next(iter(row.values())) if isinstance(row, dict) else row[0]
