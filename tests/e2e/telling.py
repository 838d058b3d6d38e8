"""A host that emits every metric that there is. It writes them as Prometheus' text, and stays."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import flask
import requests
from werkzeug.serving import make_server

import obskit
import obskit.flask
from obskit import above, check, current_run, default_runtime, job, operation, quota
from obskit.operations import surroundings
from obskit.operations.rejections import count_rejections

obskit.init("telling", environment="production")
app = flask.Flask("telling")
obskit.flask.init_app(app)
calls = quota("maps", limit=10, per="1h")


@app.get("/orders/<int:number>")
def order(number: int) -> tuple[str, int]:
    return str(number), 401


@check("rows", every="1h", judge=above(warning=10, critical=50), unit="{row}", scope="process")
def rows() -> float:
    return 12.5


@check("idle", every="1h", scope="process")
def idle() -> None: ...


@job("import", expect_every="24h")
def work() -> None:
    current_run().count(rows=3)


@job("export")
def export(told: Path) -> None:
    current_run().progress(1, 4)
    tell(told)
    threading.Event().wait()


def be_refused() -> None:
    """Serve requests, and be told 401 by a real connection."""
    server = make_server("127.0.0.1", 0, app)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with requests.Session() as session:
        count_rejections(session)
        for number in range(3):
            session.get(f"http://127.0.0.1:{server.server_port}/orders/{number}", timeout=10)


def operate(durations: dict[str, list[float]]) -> dict[str, object]:
    """Measure runs of operations; what each one says of its own p95."""
    found: dict[str, object] = {}
    for name, seconds in durations.items():
        measured = operation(name, max_p95="1s", min_runs=1)
        for number, each in enumerate(seconds):
            measured.measure(each, "declined" if number % 3 else None, surroundings.active())
        found[name] = measured.health().details["p95"]
    return found


def tell(told: Path) -> None:
    runtime = default_runtime.current()
    assert runtime is not None
    assert runtime.scraped is not None
    p95 = operate(json.loads(told.with_name("durations.json").read_text()))
    runtime.flush(20)
    part = told.with_suffix(".part")
    part.write_text(json.dumps({"text": runtime.scraped.text(), "p95": p95}))
    part.rename(told)


if __name__ == "__main__":
    results = default_runtime.current().watch(obskit.default_registry).results  # type: ignore[union-attr]
    be_refused()
    while any(results.standing(name) is None for name in ("rows", "idle")):
        threading.Event().wait(0.01)
    calls.use()
    work()
    obskit.flush(20)  # what cannot be sent waits on disk from now on
    export(Path(sys.argv[1]))
