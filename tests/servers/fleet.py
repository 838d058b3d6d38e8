"""The service that Gunicorn runs on each host of a fleet: it writes down who runs its checks."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from flask import Flask

import obskit
import obskit.flask
from obskit import CheckResult, check

obskit.init("fleet")
app = Flask(__name__)
obskit.flask.init_app(app)
SEEN = Path(os.environ["FLEET_SEEN"])


def note(name: str) -> None:
    """Tell that a check runs here."""
    with (SEEN / name).open("a") as file:
        file.write(f"{time.time()} {os.getpid()}\n")


@check("fast", every="1s", timeout="2m", scope="fleet")
def fast() -> CheckResult:
    """Stands still in the middle of a run where a test asks for it."""
    note("fast")
    ordered = SEEN / f"stop-{os.getpid()}"
    if not ordered.exists():
        return CheckResult.ok(f"by {os.getpid()}")
    ordered.unlink()
    os.kill(os.getpid(), signal.SIGSTOP)
    return CheckResult.critical(f"stale, by {os.getpid()}")


@check("slow", every="10s", scope="fleet")
def slow() -> None:
    note("slow")


@app.get("/")
def index() -> dict[str, Any]:
    """Who answers, and what became of what it found."""
    time.sleep(0.05)  # so that the next request meets another worker
    return {"pid": os.getpid(), **obskit.status()["checks"]}
