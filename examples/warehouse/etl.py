"""The nightly load: `python etl.py` loads every table and refreshes the view, `python etl.py sales` one."""

from __future__ import annotations

import csv
import sys

from sqlalchemy import Engine, insert, table, text
from sqlalchemy.sql import column
from store import SOURCE, TABLES, open_engine

import obskit
from obskit import job
from obskit.checks.library.postgres import track_refresh

VIEW = "sales_by_day"
STEPS = (*TABLES, VIEW)
# Late an hour after a day: then the warehouse is stale.
JOBS = {
    step: job(
        f"etl-{step.replace('_', '-')}",
        expect_every="24h",
        late_after="1h",
        max_runtime="10m",
        overlap="refuse",
        owner="data",
        description=f"Loads {step}.",
    )
    for step in STEPS
}
log = obskit.get_logger("warehouse.etl")


def load(engine: Engine, name: str) -> None:
    """Replace what a table holds by what its file holds, or leave it as it was."""
    with JOBS[name].run() as run, engine.begin() as connection:
        rows, rejected = read(name)
        connection.execute(text(f"DELETE FROM {name}"))
        if rows:
            connection.execute(insert(table(name, *map(column, TABLES[name]))), rows)
        connection.execute(text("INSERT INTO loads (source) VALUES (:name)"), {"name": name})
        run.count(rows=len(rows), rejected=rejected)
        log.info("table.loaded", table=name, rows=len(rows), rejected=rejected)


def read(name: str) -> tuple[list[dict[str, str]], int]:
    """The rows of a file that are whole, and how many are not."""
    with (SOURCE / f"{name}.csv").open(newline="", encoding="utf-8") as opened:
        found = list(csv.DictReader(opened))
    rows = []
    for row in found:
        if all(row.get(column) for column in TABLES[name]):
            rows.append(row)
        else:
            log.warning("row.rejected", table=name, row_id=row.get("id"))
    return rows, len(found) - len(rows)


def refresh(engine: Engine) -> None:
    """Refresh the view; PostgreSQL keeps no time of that, so it is kept beside it."""
    with JOBS[VIEW].run(), engine.begin() as connection:
        connection.execute(text(f"REFRESH MATERIALIZED VIEW {VIEW}"))
        track_refresh(connection.connection.driver_connection, VIEW)


def main(steps: list[str]) -> int:
    """Take the steps, each even if another has failed."""
    obskit.init("warehouse")
    engine, failed = open_engine(), 0
    for step in steps or STEPS:
        try:
            refresh(engine) if step == VIEW else load(engine, step)
        except Exception:
            log.exception("step.failed", step=step)
            failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
