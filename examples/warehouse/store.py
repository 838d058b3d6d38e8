"""The warehouse's database: its tables, and the files that they are loaded from."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import sqlalchemy
from sqlalchemy import Engine, text

URL = os.environ.get("DATABASE_URL", "postgresql://127.0.0.1/warehouse")
SOURCE = Path(os.environ.get("WAREHOUSE_SOURCE") or Path(__file__).with_name("data"))

#: What is loaded, each from a file of its name, with its columns.
TABLES = {
    "products": ("id", "name", "price", "cost", "stock"),
    "customers": ("id", "name", "region"),
    "sales": ("id", "product_id", "customer_id", "quantity", "sold_on"),
}

_SCHEMA = """
CREATE TABLE IF NOT EXISTS products (
  id int PRIMARY KEY, name text NOT NULL, price numeric NOT NULL, cost numeric NOT NULL,
  stock int NOT NULL);
CREATE TABLE IF NOT EXISTS customers (id int PRIMARY KEY, name text NOT NULL, region text NOT NULL);
CREATE TABLE IF NOT EXISTS sales (
  id int PRIMARY KEY, product_id int NOT NULL, customer_id int NOT NULL, quantity int NOT NULL,
  sold_on date NOT NULL);
CREATE INDEX IF NOT EXISTS sales_sold_on ON sales (sold_on);
CREATE TABLE IF NOT EXISTS loads (
  id bigserial PRIMARY KEY, source text NOT NULL, finished_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS views (
  id bigserial PRIMARY KEY, person text NOT NULL, dashboard text NOT NULL,
  viewed_at timestamptz NOT NULL DEFAULT now());
CREATE MATERIALIZED VIEW IF NOT EXISTS sales_by_day AS
  SELECT sold_on, sum(quantity * price) AS revenue FROM sales JOIN products p ON p.id = product_id
  GROUP BY sold_on;
CREATE UNIQUE INDEX IF NOT EXISTS sales_by_day_day ON sales_by_day (sold_on);
"""


def open_engine() -> Engine:
    """A pool of connections, of which none waits for ever."""
    return sqlalchemy.create_engine(  # found in its module: obskit puts its own there
        URL.replace("postgresql://", "postgresql+psycopg://", 1),
        pool_size=20,
        pool_pre_ping=True,
        pool_timeout=5,
        connect_args={"application_name": "warehouse", "connect_timeout": 3},
    )


def prepare(engine: Engine) -> None:
    """Make the tables that are not there yet, one process after the other."""
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(4711)"))
        connection.exec_driver_sql(_SCHEMA)


def seed() -> None:
    """Write the files that the tables are loaded from, unless they are there."""
    SOURCE.mkdir(parents=True, exist_ok=True)
    for table, columns in TABLES.items():
        file = SOURCE / f"{table}.csv"
        if not file.exists():
            with file.open("w", newline="", encoding="utf-8") as opened:
                csv.writer(opened).writerows([columns, *_rows(table)])


def _rows(table: str) -> Iterator[Iterable[object]]:
    if table == "products":
        for id_ in range(1, 51):
            yield id_, f"Product {id_}", 10 + id_ % 7, 6 + id_ % 7, 20 + id_
    elif table == "customers":
        for id_ in range(1, 101):
            yield id_, f"Customer {id_}", ("north", "east", "south", "west")[id_ % 4]
    else:
        for id_ in range(1, 2001):
            sold_on = f"2026-{1 + id_ % 12:02}-{1 + id_ % 28:02}"
            yield id_, 1 + id_ % 50, 1 + id_ % 100, 1 + id_ % 5, sold_on


if __name__ == "__main__":
    seed()
    prepare(open_engine())
