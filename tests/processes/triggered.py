"""A service with a check that runs after each run of a job, wherever that ran."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import obskit
from obskit import check
from obskit.probes import Probes
from obskit.wsgi import ObskitMiddleware

obskit.init("shop")


@check("fresh", on="job:import")
def fresh() -> None:
    with Path("ran").open("a") as file:
        file.write(f"{os.getpid()}\n")


def respond(_environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer the process's id."""
    time.sleep(0.05)  # so that the next request meets another worker
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]


application = ObskitMiddleware(respond, probes=Probes(obskit.default_registry))
