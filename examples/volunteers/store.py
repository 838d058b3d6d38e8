"""The database, the CRM that is imported from, and the cache."""

from __future__ import annotations

import os
import sqlite3
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from cachelib import FileSystemCache
from sqlalchemy import create_engine, text

from obskit.checks.library.cache import CountsLookups
from obskit.sqlalchemy import observe

HERE = Path(__file__).parent
DATA = Path(os.environ.get("VOLUNTEERS_DATA", HERE / "data"))
URL = os.environ.get("DATABASE_URL", f"sqlite:///{DATA}/volunteers.db")
FILE = Path(URL.removeprefix("sqlite:///"))
CRM = DATA / "crm.db"
LOGS = DATA / "logs"
engine = observe(create_engine(URL), slow=os.environ.get("VOLUNTEERS_SLOW_QUERY", "500ms"))
crm = create_engine(f"sqlite:///file:{CRM}?mode=ro&uri=true")


class Cache(CountsLookups, FileSystemCache):
    """What has been computed, for all processes; its lookups are counted."""


cache = Cache(str(DATA / "cache"), default_timeout=2 * 3600)


def ask(query: str, of: Any = engine, **values: Any) -> list[dict[str, Any]]:
    """The rows that a query finds."""
    with of.connect() as connection:
        return [dict(row) for row in connection.execute(text(query), values).mappings()]


def insert(table: str, *rows: dict[str, Any]) -> None:
    """Add rows to a table: all of them, or none."""
    names = ", ".join(rows[0])
    values = ", ".join(f":{name}" for name in rows[0])
    with engine.begin() as connection:
        connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), list(rows))


def finished(source: str) -> None:
    """A source was read whole."""
    at = datetime.now(timezone.utc).isoformat(timespec="seconds")
    insert("syncs", {"source": source, "finished_at": at})


def seed() -> None:
    """Make what is not there yet."""
    for file, script in ((FILE, "schema.sql"), (CRM, "crm.sql")):
        if not file.exists():
            connection = sqlite3.connect(file)
            connection.executescript((HERE / script).read_text(encoding="utf-8"))
            connection.close()


if __name__ == "__main__":
    seed()
