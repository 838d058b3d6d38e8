"""Logfire, as its documentation shows it, with its own lines and its SQLite instrumentation."""

from __future__ import annotations

import os

import logfire  # type: ignore[import-not-found,unused-ignore]

from benchmarks.overhead.apps.shop import build

logfire.configure(
    token="pylf_v1_us_benchmark",
    service_name="shop",
    advanced=logfire.AdvancedOptions(base_url=os.environ["LOGFIRE_BASE_URL"]),
)
logfire.instrument_sqlite3()
app = build(
    lambda number: logfire.info("order {order} reading", order=number),
    lambda number, total: logfire.info("order {order} read", order=number, total=total),
)
logfire.instrument_flask(app)
