"""A shop of which every part can fail. What it is made of, the environment says.

    gunicorn shop_app:app
    obskit check worker --app shop_app
    python shop_app.py

The last one runs its jobs, one after the other, as long as it lives.
"""

from __future__ import annotations

import os
import sqlite3
import time
import urllib.error
import urllib.request
from contextlib import closing, suppress
from datetime import datetime, timezone
from pathlib import Path

import psycopg
from flask import Flask

import obskit
import obskit.flask
from obskit import check, default_registry, freshness, job, metrics, operation, quota
from obskit.checks.library import logs, system, tls

PARTS = frozenset(os.environ["SHOP_PARTS"].split(","))
HOME = Path(os.environ["SHOP_HOME"])
GATEWAY = os.environ["SHOP_GATEWAY"]
DATABASE = HOME / "shop.db"

obskit.init("shop")
app = Flask(__name__)
obskit.flask.init_app(app)


def ask(question: str) -> object:
    """The first value of the database's answer."""
    with closing(sqlite3.connect(f"file:{DATABASE}?mode=ro", uri=True, timeout=0.1)) as database:
        return database.execute(question).fetchone()[0]


def call(path: str) -> None:
    """Ask the gateway of payments; an answer that is no success raises."""
    with urllib.request.urlopen(GATEWAY + path, timeout=30) as answer:
        answer.read()


if "database" in PARTS:

    @check("database", every="2s", timeout="2s", severity="sev1")
    def database() -> None:
        ask("SELECT count(*) FROM orders")


if "postgres" in PARTS:

    @check("postgres", every="2s", timeout="2s", severity="sev1")
    def postgres() -> None:
        with psycopg.connect(os.environ["SHOP_POSTGRES"], connect_timeout=2) as connection:
            connection.execute("SELECT 1")


if "dependents" in PARTS:
    for number in range(12):
        # One that ran just before the database was judged tells of it the third time only.
        @check(
            f"report-{number}",
            every="4s",
            timeout="2s",
            depends_on=["database"],
            failures_before_alert=3,
        )
        def report() -> None:
            ask("SELECT count(*) FROM orders")


if "freshness" in PARTS:

    @freshness("crm-sync", every="2s", timeout="2s", critical_after="5s", severity="sev1")
    def last_sync() -> datetime:
        return datetime.fromtimestamp(float(str(ask("SELECT max(at) FROM syncs"))), timezone.utc)


if "gateway" in PARTS:

    @check("gateway", every="2s", timeout="1s", severity="sev1")
    def gateway() -> None:
        call("/health")


if "certificate" in PARTS:
    default_registry.add(
        "certificate",
        tls.Expiry(
            "localhost",
            int(os.environ["SHOP_TLS_PORT"]),
            ca_file=os.environ["SHOP_TLS_AUTHORITY"],
            timeout="2s",
        ),
        every="2s",
        timeout="3s",
        severity="sev2",
    )

if "disk" in PARTS:
    default_registry.add("disk", system.Disk(HOME / "disk"), every="2s", timeout="2s")

if "log" in PARTS:
    default_registry.add(
        "log", logs.PatternCount(HOME / "shop.log", "CRITICAL", window="5s"), every="2s"
    )

if "stock" in PARTS:

    @check("stock", every="1s", timeout="2s", successes_before_recovery=8)
    def stock() -> bool:
        return not (HOME / "sold-out").exists()


if "canary" in PARTS:

    @check("canary", every="2s", timeout="2s")
    def canary() -> None: ...


if "payment" in PARTS:
    payment = operation(
        "payment", max_error_ratio=0.05, max_p95="2s", window="10s", severity="sev1"
    )

    @app.get("/pay")
    def pay() -> str:
        try:
            with payment.run():
                call("/pay")
        except urllib.error.HTTPError:
            return "declined"
        return "paid"


if "quota" in PARTS:
    maps = quota("maps", limit=20, per="10s")

    @app.get("/maps/<int:many>")
    def where(many: int) -> str:
        return "here" if maps.use(many) else "ask again later"


@app.get("/")
def index() -> str:
    return "welcome"


@app.get("/orders")
def orders() -> str:
    if (HOME / "broken").exists():
        raise RuntimeError("the shop is broken")
    return "none"


@app.get("/search")
def search() -> str:
    if (HOME / "slow").exists():
        time.sleep(3)
    return "found"


@app.get("/visits/<customer>")
def visit(customer: str) -> str:
    metrics.count("shop.visits", customer=customer)
    return "counted"


if "late" in PARTS:

    @job("import", expect_every="3s", late_after="3s", severity="sev1")
    def import_orders() -> None: ...


if "jobs" in PARTS:

    @job("export", severity="sev1")
    def export() -> None:
        if (HOME / "no-export").exists():
            raise RuntimeError("there is no export")

    @job("clean-up", max_runtime="2s")
    def clean_up() -> None:
        while (HOME / "much-to-clean").exists():
            time.sleep(0.1)


if "never" in PARTS:

    @job("invoices", expect_every="3s", late_after="3s", severity="sev1")
    def invoices() -> None: ...


if __name__ == "__main__":
    runs = [
        globals()[found]
        for found in ("import_orders", "export", "clean_up", "invoices")
        if found in globals()
    ]
    while True:
        for run in runs:
            with suppress(RuntimeError):
                run()
        time.sleep(1)
