"""A small shop. Everything about observing it is in the lines that name obskit."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from flask import Flask, abort, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import func, insert, select, text
from stock import open_engine, orders, prepare, products

import obskit
import obskit.flask
from obskit import check

obskit.init("shop")

app = Flask(__name__)
obskit.flask.init_app(app)
log = obskit.get_logger()

engine = open_engine()  # after init, which makes new engines tell of their queries
with obskit.span("shop.prepare"):
    prepare(engine)

# A third of a second of work that no index can help.
SLOW = text(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600000) "
    "SELECT count(*) FROM n"
)


@app.get("/")
def index() -> ResponseReturnValue:
    """List the products, with one query too many for each of them: the story shows it."""
    with engine.connect() as connection:
        rows = connection.execute(select(products)).mappings().all()
        listed = [{**row, "sold": _sold(connection, row["id"])} for row in rows]
    return jsonify(listed)


def _sold(connection: Any, product_id: int) -> int:
    query = select(func.coalesce(func.sum(orders.c.quantity), 0))
    return int(connection.scalar(query.where(orders.c.product_id == product_id)))


@app.get("/products/<int:product_id>")
def product(product_id: int) -> ResponseReturnValue:
    """Show one product."""
    with engine.connect() as connection:
        query = select(products).where(products.c.id == product_id)
        row = connection.execute(query).mappings().first()
    if row is None:
        log.warning("product.missing", product_id=product_id)
        abort(404)
    return jsonify(dict(row))


@app.get("/slow")
def slow() -> ResponseReturnValue:
    """Run a slow query."""
    with engine.connect() as connection:
        counted = connection.scalar(SLOW)
    log.info("report.made", rows=counted)
    return jsonify(counted=counted)


@app.post("/orders")
def order() -> ResponseReturnValue:
    """Take an order: JSON with product_id, quantity and perhaps user_id."""
    wanted = request.get_json(silent=True) or {}
    product_id, quantity = wanted.get("product_id"), wanted.get("quantity")
    if not isinstance(product_id, int) or not isinstance(quantity, int) or quantity < 1:
        log.warning("order.rejected", product_id=product_id, quantity=quantity)
        problem = "product_id and a quantity of at least 1 are needed"
        return jsonify(error=problem, request_id=obskit.request_id()), 422
    obskit.bind(user_id=wanted.get("user_id", "guest"))
    with engine.begin() as connection:
        price = connection.scalar(select(products.c.price).where(products.c.id == product_id))
        if price is None:
            abort(404)
        with obskit.span("price.calculate"):
            total = _total(price, quantity)
        placed = insert(orders).values(product_id=product_id, quantity=quantity, total=total)
        order_id = connection.execute(placed.returning(orders.c.id)).scalar_one()
    log.info("order.placed", order_id=order_id, quantity=quantity, total=total)
    return jsonify(order_id=order_id, total=total), 201


def _total(price: float, quantity: int, discount: float = 0.1) -> float:
    return round(price * quantity * (1 - discount if quantity >= 10 else 1), 2)


@app.get("/boom")
def boom() -> ResponseReturnValue:
    """Fail: a voucher that divides by the number of things in an empty basket."""
    log.info("voucher.redeemed", code="SPRING")
    return jsonify(share=_share(voucher=25.0, basket=[]))


def _share(voucher: float, basket: list[str]) -> float:
    items = len(basket)
    return voucher / items


@app.errorhandler(404)
def not_found(_: Exception) -> ResponseReturnValue:
    """Answer in JSON, with the id to ask support about."""
    return jsonify(error="not found", request_id=obskit.request_id()), 404


@app.errorhandler(500)
def failed(_: Exception) -> ResponseReturnValue:
    """Answer in JSON, with the id to ask support about."""
    return jsonify(error="internal error", request_id=obskit.request_id()), 500


@check("database", every="10s", timeout="2s", severity="sev1", readiness=True)
def database() -> None:
    """The database answers."""
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))


@check("payment-gateway", every=os.environ.get("SHOP_CHECK_EVERY", "10s"), severity="sev2")
def payment_gateway() -> None:
    """The payment gateway takes money, unless the file that SHOP_BREAK_FILE names exists."""
    broken = os.environ.get("SHOP_BREAK_FILE")
    if broken and Path(broken).exists():
        raise ConnectionError("the payment gateway refuses connections")
