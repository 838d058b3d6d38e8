"""Two services in one file: one asks the other. Each is started by Flask's own command."""

from __future__ import annotations

import os

import requests
import sqlalchemy
from flask import Flask

import obskit
import obskit.flask


def create_app() -> Flask:
    """Make the service whose name is `NAME`."""
    obskit.init(os.environ["NAME"])
    app = Flask(__name__)
    obskit.flask.init_app(app)
    log = obskit.get_logger()
    database = sqlalchemy.create_engine("sqlite://")

    @app.get("/orders/<int:number>")
    def orders(number: int) -> str:
        log.info("order.wanted", number=number)
        return requests.get(f"{os.environ['BACK']}/stock/{number}", timeout=60).text

    @app.get("/stock/<int:number>")
    def stock(number: int) -> str:
        with database.connect() as connection:
            for item in range(number):
                connection.execute(sqlalchemy.text("SELECT :item"), {"item": item})
        log.warning("stock.low", items=number)
        return "in stock"

    @app.get("/boom")
    def boom() -> str:
        basket = {"sku": "A-1"}
        return basket["price"]

    return app
