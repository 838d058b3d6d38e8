"""elastic-apm as its documentation shows it, with the lines of ecs-logging."""

from __future__ import annotations

import logging
import os

import ecs_logging  # type: ignore[import-not-found,unused-ignore]
from elasticapm.contrib.flask import ElasticAPM  # type: ignore[import-not-found,unused-ignore]

from benchmarks.overhead.apps.lines import read, reading
from benchmarks.overhead.apps.shop import build

handler = logging.StreamHandler()
handler.setFormatter(ecs_logging.StdlibFormatter())
logging.basicConfig(level=logging.INFO, handlers=[handler])
app = build(reading, read)
app.config["ELASTIC_APM"] = {
    "SERVICE_NAME": "shop",
    "SERVER_URL": os.environ["ELASTIC_APM_SERVER_URL"],
}
apm = ElasticAPM(app)
