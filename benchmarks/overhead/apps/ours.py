"""obskit as its README shows it; where it sends stands in the environment.

SQLite is instrumented by the contrib package, as in the OpenTelemetry contenders.
"""

from __future__ import annotations

from opentelemetry.instrumentation.sqlite3 import SQLite3Instrumentor  # type: ignore[import-not-found,unused-ignore]

import obskit
import obskit.flask
from benchmarks.overhead.apps.shop import build

obskit.init("shop")
SQLite3Instrumentor().instrument()
log = obskit.get_logger("shop")
app = build(
    lambda number: log.info("order.reading", order=number),
    lambda number, total: log.info("order.read", order=number, total=total),
)
obskit.flask.init_app(app)
