"""sentry-sdk with every trace and with logs; the rest is its defaults."""

from __future__ import annotations

import logging
import os

import sentry_sdk

from benchmarks.overhead.apps.lines import read, reading
from benchmarks.overhead.apps.shop import build

sentry_sdk.init(dsn=os.environ["SENTRY_DSN"], traces_sample_rate=1.0, enable_logs=True)
logging.basicConfig(level=logging.INFO)
app = build(reading, read)
