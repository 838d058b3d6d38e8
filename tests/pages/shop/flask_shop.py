"""The shop by Flask: `app` has the status page behind the login of a proxy before it.

Under another `NAME` it is the depot that the shop asks.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import requests
import sqlalchemy
from flask import Flask
from tests.pages.shop.watched import maps, payment, search

import obskit
import obskit.console.flask
import obskit.flask
from obskit.console import Viewer

obskit.init(os.environ.get("NAME", "shop"))
log = obskit.get_logger()
app = Flask("shop")
obskit.flask.init_app(app)
engine = sqlalchemy.create_engine("sqlite://")


def known(environ: Mapping[str, Any]) -> Viewer | None:
    """Whom the proxy let in; Bob may look alone."""
    name = environ.get("HTTP_X_USER")
    return None if name is None else Viewer(name, may_act=name != "bob")


obskit.console.flask.init_console(app, access=known)


@app.get("/products/<int:count>")
@search
def products(count: int) -> dict[str, int]:
    """Products, each asked for by itself."""
    with engine.connect() as connection:
        for item in range(count):
            connection.execute(sqlalchemy.text("SELECT :item AS sold"), {"item": item})
    log.warning("stock.low", items=count)
    return {"products": count}


@app.get("/orders/<int:number>")
def order(number: int) -> str:
    """An order, with what the depot says of it."""
    log.info("order.wanted", number=number)
    maps.use()
    return requests.get(f"{os.environ['DEPOT']}/products/{number}", timeout=60).text


@app.get("/pay/<card>")
def pay(card: str) -> str:
    """A payment, which the bank may decline."""
    with payment.run() as run:
        if card == "empty":
            run.fail("declined")
    for _ in range(8):
        maps.use()
    return card


@app.get("/boom/<voucher>")
def boom(voucher: str) -> str:
    """Divide a voucher by the number of things in an empty basket."""
    basket: list[str] = []
    log.info("voucher.redeemed", code=voucher)
    return str(25.0 / len(basket))
