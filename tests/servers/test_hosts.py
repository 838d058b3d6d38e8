"""Two hosts of a service over one real PostgreSQL or Redis, looked at from a third place."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("click")
pytest.importorskip("flask")

PATIENCE = 90.0
APP = """
import os
import obskit

obskit.init("shop")


@obskit.check("disk", every="1s", timeout="30s")
def disk():
    return obskit.CheckResult(obskit.Status(os.environ.get("DISK", "ok")), "as it is here")


@obskit.check("queue", every="1s", timeout="30s", scope="fleet")
def queue():
    return None


if __name__ == "__main__":
    import sys
    from urllib.request import urlopen
    from threading import Thread
    from wsgiref.simple_server import make_server
    from flask import Flask
    import obskit.flask

    app = Flask(__name__)
    obskit.flask.init_app(app)
    server = make_server("127.0.0.1", 0, app)
    Thread(target=server.serve_forever, daemon=True).start()
    urlopen(f"http://127.0.0.1:{server.server_port}/livez").read()
    sys.stdin.read()
"""


@pytest.fixture(params=["empty_postgresql", "empty_redis"])
def address(request: pytest.FixtureRequest) -> str:
    given: str = request.getfixturevalue(request.param)
    return given


class Machine:
    """A place with a name and folders of its own; it shares the store."""

    def __init__(self, folder: Path, name: str, address: str, **more: str) -> None:
        (folder / "fleet_shop.py").write_text(APP)
        self._folder = folder
        self._environ = {
            **os.environ,
            "OBSKIT_STATE_URL": address,
            "OBSKIT_RUN_DIR": str(folder / name),
            "OBSKIT_CONSOLE": "true",
            "OTEL_RESOURCE_ATTRIBUTES": f"host.name={name}",
            "OTEL_SDK_DISABLED": "false",
            "OTEL_TRACES_EXPORTER": "none",
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_LOGS_EXPORTER": "none",
            **more,
        }

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """Python there; as long as its standard input is open, where it serves."""
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self._folder,
            env=self._environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def sees(self) -> dict[str, Any]:
        """What `obskit top` shows here."""
        asked = self.begin("-m", "obskit", "top", "--json", "--app", "fleet_shop")
        (look,) = json.loads(asked.communicate(timeout=PATIENCE)[0])
        found: dict[str, Any] = look["overview"]
        return found


def test_from_a_third_place_every_host_is_seen_with_its_own_result(
    tmp_path: Path, address: str
) -> None:
    elsewhere = Machine(tmp_path, "desk", address)
    expected = {("disk", "web-1", "ok"), ("disk", "web-2", "critical"), ("queue", "", "ok")}
    with ExitStack() as stack:
        for name, disk in (("web-1", "ok"), ("web-2", "critical")):
            serving = Machine(tmp_path, name, address, DISK=disk).begin("fleet_shop.py")
            stack.callback(serving.communicate, timeout=PATIENCE)
        deadline = time.monotonic() + PATIENCE
        while True:
            seen = elsewhere.sees()
            checks = [(each["name"], each["host"], each["status"]) for each in seen["checks"]]
            told = {each["name"]: each["processes"] for each in seen["hosts"]}
            if set(checks) == expected and told == {"web-1": 1, "web-2": 1}:
                break
            assert time.monotonic() < deadline, (checks, told, seen["problems"])
    assert checks[0] == ("disk", "web-2", "critical")
    assert [(each["name"], each["status"]) for each in seen["hosts"]] == [
        ("web-2", "critical"),
        ("web-1", "ok"),
    ]
    assert {each["host"] for each in seen["processes"]} == {"web-1", "web-2"}
    assert seen["health"] == "unhealthy"
