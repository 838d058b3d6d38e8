"""The example shop, with more that it promises.

    gunicorn busy_shop:app
    python busy_shop.py

The second one takes stock once, as cron would have it.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import shop  # type: ignore[import-not-found]  # of examples/shop, by the path that it is run with
from flask import Flask
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from stock import orders  # type: ignore[import-not-found]

from obskit import above, check, freshness, job, operation, quota
from obskit.objectives import slo

app: Flask = shop.app

slo(availability=0.99, latency="95% < 2s")
payment = operation("payment", max_error_ratio=0.2, max_p95="2s", window="10m", severity="sev1")
maps = quota("maps", limit=20_000, per="1h")


@check("orders-placed", every="1m", judge=above(critical=1e9), unit="{order}", owner="sales")
def orders_placed() -> int:
    with shop.engine.connect() as connection:
        return int(connection.scalar(select(func.count()).select_from(orders)))


@freshness("price-list", every="2m", warning_after="2h", severity="sev3", depends_on=["database"])
def last_prices() -> datetime:
    return datetime.now(timezone.utc) - timedelta(minutes=5)


@job("stock-taking", expect_every="5m", late_after="5m", max_runtime="1m")
def take_stock() -> None:
    orders_placed()


@app.get("/pay/<outcome>")
def pay(outcome: str) -> ResponseReturnValue:
    """Pay, and succeed or fail."""
    maps.use()
    with payment.run() as run:
        if outcome == "declined":
            run.fail("declined")
    return {}


if __name__ == "__main__":
    take_stock()
