"""A small service whose rules are tried: what breaks in it is decided by files and by requests."""

from __future__ import annotations

import os
from pathlib import Path

import requests
from flask import Flask, request
from flask.typing import ResponseReturnValue

import obskit
import obskit.flask
from obskit import check, job, operation, quota
from obskit.operations.rejections import count_rejections

obskit.init("ruled", environment="production")
app = Flask("ruled")
obskit.flask.init_app(app)

FOLDER = Path(os.environ["RULED_FOLDER"])
payment = operation("payment", max_error_ratio=0.5, max_p95="2s", window="10s", min_runs=1)
maps = quota("maps", limit=2, per="1h")
provider = count_rejections(requests.Session())
job("never", expect_every="3s", late_after="0s")


@check("thing", every="1s", timeout="1s", severity="sev1")
def thing() -> None:
    if (FOLDER / "thing-is-broken").exists():
        raise RuntimeError("the thing is broken")


@job("sweep", expect_every="15s", late_after="0s", max_runtime="1m", severity="sev3")
def sweep() -> None:
    if (FOLDER / "sweep-fails").exists():
        raise RuntimeError("there is no broom")


@app.get("/sweep")
def run_sweep() -> ResponseReturnValue:
    """Run the job, come what may."""
    try:
        sweep()
    except RuntimeError as error:
        return {"error": str(error)}
    return {}


@app.get("/pay/<outcome>")
def pay(outcome: str) -> ResponseReturnValue:
    """Pay, and succeed or fail."""
    maps.use()
    with payment.run() as run:
        if outcome == "fail":
            run.fail("declined")
    return {}


@app.get("/no")
def refuse() -> ResponseReturnValue:
    """Refuse whoever asks."""
    return {}, 401


@app.get("/ask")
def ask() -> ResponseReturnValue:
    """Be refused."""
    return {"status": provider.get(f"{request.host_url}no", timeout=10).status_code}
