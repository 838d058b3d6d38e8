"""The API of the warehouse. Everything about observing it is in the lines that name obskit, and in watch.py."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Annotated, Any

import watch
from fastapi import FastAPI, Header, HTTPException, Query
from sqlalchemy import text
from store import open_engine

import obskit
import obskit.fastapi
from obskit import metrics

obskit.init("warehouse")

app = FastAPI(title="Warehouse")
# The paths of before: what each check says is for who may know it.
obskit.fastapi.init_app(app, aliases={"/health/detailed": "health"})
log = obskit.get_logger("warehouse.api")

engine = open_engine()  # after init, which makes new engines tell of their queries
results = watch.Results()

DASHBOARDS = {
    "revenue": "SELECT sold_on, revenue FROM sales_by_day ORDER BY sold_on DESC",
    "products": "SELECT p.name, sum(quantity) AS sold FROM sales JOIN products p ON p.id = product_id"
    " GROUP BY p.name ORDER BY sold DESC",
    "regions": "SELECT region, sum(quantity) AS sold FROM sales JOIN customers c ON c.id = customer_id"
    " GROUP BY region ORDER BY region",
}


@app.get("/dashboards")
def dashboards() -> list[str]:
    """Which dashboards there are."""
    return list(DASHBOARDS)


@app.get("/dashboards/{name}")
def show(
    name: str,
    x_user: Annotated[str, Header()] = "guest",
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
) -> dict[str, Any]:
    """A dashboard's rows, from the cache where they are there."""
    if name not in DASHBOARDS:
        raise HTTPException(404, "no such dashboard")
    obskit.bind(user_id=x_user, dashboard=name)
    with watch.dashboard.run():
        rows = results.get((name, limit))
        if rows is None:
            rows = query(name, limit)
            results.set((name, limit), rows)
        record(name, x_user)
    log.info("dashboard.viewed", rows=len(rows))
    return {"dashboard": name, "rows": rows, "request_id": obskit.request_id()}


def query(name: str, limit: int) -> Sequence[dict[str, Any]]:
    """Ask the database, and tell how long that took."""
    began = time.perf_counter()
    with engine.connect() as connection:
        found = connection.execute(text(f"{DASHBOARDS[name]} LIMIT :limit"), {"limit": limit})
        rows = [dict(row) for row in found.mappings()]
    metrics.histogram("dashboard.query.duration", time.perf_counter() - began, dashboard=name)
    log.debug("dashboard.queried", rows=len(rows))
    return rows


def record(name: str, person: str) -> None:
    """Somebody has looked at a dashboard."""
    metrics.count("dashboard.views", unit="{view}", dashboard=name)
    statement = text("INSERT INTO views (person, dashboard) VALUES (:person, :dashboard)")
    with engine.begin() as connection:
        connection.execute(statement, {"person": person, "dashboard": name})
