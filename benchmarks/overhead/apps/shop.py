"""The app that all contenders share: a JSON route with one SQLite query and two log lines."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable

from flask import Flask, Response, jsonify

ORDERS = 100
Reading = Callable[[int], None]
Read = Callable[[int, float], None]


class Stock(threading.local):
    """A database in memory for each thread, made when the thread first asks."""

    def __init__(self) -> None:
        # Through the module: instrumentations put their own `connect` there.
        self.connection = sqlite3.connect(":memory:")
        self.connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, total REAL)")
        rows = [(number, number / 4) for number in range(ORDERS)]
        self.connection.executemany("INSERT INTO orders VALUES (?, ?)", rows)
        self.connection.commit()

    def total(self, number: int) -> float:
        """What an order costs: one query."""
        cursor = self.connection.cursor()
        cursor.execute("SELECT total FROM orders WHERE id = ?", (number % ORDERS,))
        return float(cursor.fetchone()[0])


def build(reading: Reading, read: Read) -> Flask:
    """Make the app.

    Args:
        reading: Writes the first log line, the contender's way.
        read: Writes the second.
    """
    app = Flask("shop")
    stock = Stock()

    @app.get("/orders/<int:number>")
    def order(number: int) -> Response:
        reading(number)
        total = stock.total(number)
        read(number, total)
        return jsonify(id=number, total=total)

    return app
