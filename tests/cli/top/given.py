"""What the tests of `obskit top` are given: services that answer, and one that does not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

from tests.checks.given import PATIENCE

#: Nobody listens there: the port is for what is thrown away.
DEAD = "http://127.0.0.1:9/health"
TOKEN = "s3cret"

SHOP = """
import flask, obskit, obskit.flask
from werkzeug.serving import make_server

obskit.init("shop", environment="test", log_format="none")
app = flask.Flask("shop")
obskit.flask.init_app(app)
rows = [3.0]

@obskit.check("rows", every="1s", unit="{row}", judge=obskit.above(critical=50), owner="data")
def count():
    return rows[0]

@app.post("/rows/<float:n>")
def put(n):
    rows[0] = n
    return "", 204

payment = obskit.operation("payment", max_error_ratio=0.01, min_runs=1)
calls = obskit.quota("calls", limit=10, per="1h")

@app.get("/boom")
def boom():
    calls.use(4)
    with payment.run() as run:
        run.fail("declined")
    raise KeyError("voucher")

if __name__ == "__main__":
    server = make_server("127.0.0.1", 0, app, threaded=True)
    print(server.server_port, flush=True)
    server.serve_forever()
"""


@contextmanager
def shop(folder: Path, **environ: str) -> Iterator[str]:
    """A Flask service with a check of each second and a token; its URL."""
    (folder / "shop.py").write_text(dedent(SHOP))
    usual = {"OBSKIT_HEALTH_TOKEN": TOKEN, "OBSKIT_RUN_DIR": str(folder / "run")}
    with subprocess.Popen(
        [sys.executable, "shop.py"],
        cwd=folder,
        env={**os.environ, **usual, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE)
