"""The example shop with one of everything declared, and a route that uses all of it."""

from __future__ import annotations

import os
import threading
from importlib import import_module

import psycopg
import requests
from flask import Flask
from flask.typing import ResponseReturnValue

from obskit import above, check, current_run, job, metrics, operation, quota
from obskit.objectives import slo
from obskit.operations.rejections import count_rejections

app: Flask = import_module("shop").app
slo(availability=0.999, latency="95% < 2s")
maps = quota("maps", limit=1_000_000, per="1h")
payment = operation("payment", max_error_ratio=0.5, max_p95="2s", min_runs=1)


@check("unpaid-orders", every="1s", judge=above(warning=10, critical=50), unit="{order}")
def unpaid_orders() -> int:
    """Orders that wait for their payment."""
    return 12


@check("visitors", every="1s", unit="{visitor}")
def visitors() -> int:
    """Who is in the shop."""
    return 7


@job("import", expect_every="1h")
def imported() -> None:
    current_run().count(rows=3)


@job("export")
def exported() -> None:
    current_run().progress(1, 4)
    threading.Event().wait()


@app.get("/everything")
def everything() -> ResponseReturnValue:
    """Use what is declared."""
    maps.use()
    imported()
    with payment.run():
        pass
    with payment.run() as run:
        run.fail("declined")
    with psycopg.connect(os.environ["WATCHED_DATABASE"]) as connection:
        connection.execute("SELECT 1")
    metrics.count("orders.placed", unit="{order}")
    metrics.gauge("basket.open", 3)
    metrics.histogram("basket.size", 4, unit="By")
    for number in range(110):  # more than are kept apart
        metrics.count("labels.used", label=str(number))
    return {"done": True}


@app.get("/page")
def page() -> str:
    """What browsers show."""
    return "<h1>Basket</h1>"


@app.get("/refuse")
def refuse() -> ResponseReturnValue:
    """Say no."""
    return {"error": "who are you?"}, 401


@app.get("/be-refused/<int:port>")
def be_refused(port: int) -> ResponseReturnValue:
    """Be told 401 by a real connection."""
    with requests.Session() as session:
        count_rejections(session)
        answer = session.get(f"http://127.0.0.1:{port}/refuse", timeout=10)
    return {"was": answer.status_code}


def export_once() -> None:
    """Have a job that goes on, from the first request."""
    if begun.acquire(blocking=False):
        threading.Thread(target=exported, daemon=True).start()


begun = threading.Lock()
app.before_request(export_once)
