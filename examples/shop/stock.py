"""What the shop sells, and its SQLite file."""

from __future__ import annotations

import os
from pathlib import Path

import sqlalchemy
from sqlalchemy import Column, Float, Integer, MetaData, String, Table, insert
from sqlalchemy.schema import CreateTable

metadata = MetaData()
products = Table(
    "products",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("price", Float, nullable=False),
)
orders = Table(
    "orders",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("product_id", Integer, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("total", Float, nullable=False),
)

PRODUCTS = (
    {"id": 1, "name": "Ristretto cup", "price": 12.5},
    {"id": 2, "name": "Milk jug", "price": 24.0},
    {"id": 3, "name": "Hand grinder", "price": 89.0},
    {"id": 4, "name": "Scale", "price": 39.9},
)


def open_engine() -> sqlalchemy.Engine:
    """Open the shop's database, `shop.db` in the directory that SHOP_DATA names."""
    directory = Path(os.environ.get("SHOP_DATA") or Path(__file__).with_name("data"))
    directory.mkdir(parents=True, exist_ok=True)
    return sqlalchemy.create_engine(f"sqlite:///{directory / 'shop.db'}")


def prepare(engine: sqlalchemy.Engine) -> None:
    """Make the tables and fill them. Several workers may do so at once."""
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            connection.execute(CreateTable(table, if_not_exists=True))
        connection.execute(insert(products).prefix_with("OR IGNORE"), PRODUCTS)
