"""The Celery app that the tests run. Nothing in it knows of processes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from celery import Celery  # type: ignore[import-untyped]

import obskit
from obskit import metrics

obskit.init("tasks")

_queue = Path(os.environ["QUEUE"])
app: Any = Celery("tasks", broker="filesystem://", backend=f"file://{_queue / 'results'}")
app.conf.broker_transport_options = {
    "data_folder_in": str(_queue / "in"),
    "data_folder_out": str(_queue / "in"),
    "control_folder": str(_queue / "control"),
    "polling_interval": 0.05,
}


@app.task  # type: ignore[untyped-decorator,unused-ignore]
def work(number: int) -> int:
    """Tell of it in each signal, and answer the process's id."""
    with obskit.span("work", number=number):
        obskit.get_logger("tasks").info("worked")
    metrics.count("done")
    return os.getpid()
