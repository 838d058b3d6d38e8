"""A Celery app as its developers make it observable: `init`, `init_app`, and no word more."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from celery import Celery  # type: ignore[import-untyped]

import obskit
import obskit.celery

obskit.init("tasks")

_queue = Path(os.environ["QUEUE"])
app: Any = Celery("tasks", broker=os.environ["BROKER"], backend=os.environ["BACKEND"])
if os.environ["BROKER"] == "filesystem://":
    app.conf.broker_transport_options = {
        "data_folder_in": str(_queue / "in"),
        "data_folder_out": str(_queue / "in"),
        "control_folder": str(_queue / "control"),
        "polling_interval": 0.05,
    }
app.conf.update(
    beat_schedule={"every second": {"task": "work", "schedule": 1.0, "args": (0,)}},
    beat_schedule_filename=str(_queue / "beat"),
    result_expires=None,
)
obskit.celery.init_app(app)
log = obskit.get_logger("tasks")


@app.task(name="work")  # type: ignore[untyped-decorator,unused-ignore]
def work(number: int) -> int:
    log.info("worked")
    return number


@app.task(name="broken")  # type: ignore[untyped-decorator,unused-ignore]
def broken() -> None:
    raise ZeroDivisionError("an empty basket")


@app.task(name="waits")  # type: ignore[untyped-decorator,unused-ignore]
def waits() -> str:
    """Say that it has begun, then wait until the test lets it go on."""
    log.info("waiting")
    (_queue / "begun").touch()
    while not (_queue / "released").exists():
        time.sleep(0.01)
    log.info("waited")
    return "done"


@app.task(name="dies")  # type: ignore[untyped-decorator,unused-ignore]
def dies() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@app.task(name="leaves")  # type: ignore[untyped-decorator,unused-ignore]
def leaves() -> None:
    sys.exit(3)


@app.task(name="lasts", time_limit=1)  # type: ignore[untyped-decorator,unused-ignore]
def lasts() -> None:
    time.sleep(600)


@app.task(name="survives", acks_late=True, reject_on_worker_lost=True)  # type: ignore[untyped-decorator,unused-ignore]
def survives() -> str:
    """Dies the first time, and not the second."""
    begun = _queue / "begun"
    if not begun.exists():
        begun.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    log.info("survived")
    return "done"


@app.task(name="total")  # type: ignore[untyped-decorator,unused-ignore]
def total(numbers: list[int]) -> int:
    return sum(numbers)
