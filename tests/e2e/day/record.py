"""Records what is replayed as a day: ``python -m tests.e2e.day.record`` (about half an hour).

The shop is run as in production, with the intervals of production, and sends to the real collector;
it is visited, left alone, started anew, killed and replaced by a newer version. What Prometheus then
holds is written to ``recorded.json.gz`` beside this file.
"""

from __future__ import annotations

import gzip
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

from tests.e2e.build import ROOT
from tests.e2e.day.replay import RECORDING
from tests.e2e.day.samples import samples
from tests.e2e.processes import Process
from tests.e2e.reading import fetch
from tests.e2e.services import LOOPBACK, free_ports
from tests.e2e.stack import Stack
from tests.e2e.waiting import wait_until

HERE = Path(__file__).parent
#: Seconds from sample to sample, as obskit exports by default.
STEP = 60
#: Samples of each stretch.
LENGTH = 4
ENVIRONMENT = "production"
# Path and how often of a thousand visits; an order is posted.
VISITS = {
    "/": 300,
    "/products/3": 400,
    "/orders": 100,
    "/pay/well": 140,
    "/pay/declined": 4,
    "/no/such/page": 46,
    "/slow": 10,
}
ORDER = {"product_id": 2, "quantity": 3, "user_id": 7}


class Busy:
    """The shop's processes, and those who visit it."""

    def __init__(self, folder: Path, collector: str) -> None:
        self._folder, self._collector = folder, collector
        self._ports: dict[str, int] = {}
        self._processes: dict[str, Process] = {}
        self._random = random.Random(1)
        self._closed = Event()
        #: Seconds from one visit to the next.
        self.pace = 0.15

    def start(self, name: str, version: str = "1.0.0") -> None:
        """Start a web process; once it serves it is visited."""
        port = free_ports([name])[name]
        bound = (f"--bind={LOOPBACK}:{port}", "--worker-tmp-dir=/tmp", "--threads=4")
        self._processes[name] = self._run(name, version, "-m", "gunicorn", *bound, "busy_shop:app")
        wait_until(f"{name} serves", lambda: self._get(port, "/livez") == 200, seconds=60)
        self._ports[name] = port

    def end(self, name: str) -> None:
        """Ask it to end."""
        del self._ports[name]
        self._processes.pop(name).stop(seconds=10)

    def kill(self, name: str) -> None:
        """``kill -9``."""
        del self._ports[name]
        self._processes.pop(name).kill()

    def take_stock(self) -> None:
        """Run the job, in a process of its own."""
        process = self._run("stock", "1.0.0", "busy_shop.py")
        wait_until("stock is taken", lambda: not process.alive, seconds=60)

    def visit(self, path: str) -> None:
        """Ask each web process."""
        for port in list(self._ports.values()):
            self._get(port, path)

    def close(self) -> None:
        """End all."""
        self._closed.set()
        for name in list(self._processes):
            self._processes.pop(name).stop(seconds=10)

    def visited(self) -> None:
        """Visit it until it is closed."""
        while not self._closed.wait(min(self.pace, 1.0)):
            (path,) = self._random.choices(list(VISITS), list(VISITS.values()))
            ports = list(self._ports.values())
            if ports and self._random.random() < 1.0 / max(self.pace, 1.0):
                self._get(self._random.choice(ports), path)

    def _get(self, port: int, path: str) -> int:
        with suppress(OSError):  # it is being started anew
            body = ORDER if path == "/orders" else None
            return fetch(f"http://{LOOPBACK}:{port}{path}", json_body=body).status
        return 0

    def _run(self, name: str, version: str, *arguments: str) -> Process:
        attributes = {
            "deployment.environment.name": ENVIRONMENT,
            "service.version": version,
            "host.name": "web-1",
        }
        return Process(
            name,
            [sys.executable, *arguments],
            cwd=HERE,
            log=self._folder / f"{name}.log",
            env={
                "PYTHONPATH": str(ROOT / "examples" / "shop"),
                "OTEL_EXPORTER_OTLP_ENDPOINT": self._collector,
                "OTEL_RESOURCE_ATTRIBUTES": ",".join(f"{k}={v}" for k, v in attributes.items()),
                "OBSKIT_RUN_DIR": str(self._folder / "run"),
                "OBSKIT_SPOOL_DIR": str(self._folder / "spool"),
                "OBSKIT_STATE_URL": f"sqlite:///{self._folder / 'state.db'}",
                "SHOP_DATA": str(self._folder / "data"),
            },
        )


def _start_anew(shop: Busy) -> None:
    for name in ("a", "b"):
        shop.end(name)
    for name in ("a", "b"):
        shop.start(name)


def _kill_one(shop: Busy) -> None:
    shop.kill("a")
    time.sleep(75)  # until somebody notices
    shop.start("a")


def _replace(shop: Busy) -> None:
    for old in ("a", "b"):
        shop.start(f"new-{old}", version="1.1.0")
        shop.end(old)


#: What happens in each stretch: seconds from visit to visit, and what is done in its second minute.
STRETCHES: Mapping[str, tuple[float, Callable[[Busy], None]]] = {
    "busy": (0.15, lambda shop: shop.visit("/boom")),
    "quiet": (10.0, lambda _: None),
    "night": (1e9, lambda _: None),
    "restart": (0.15, _start_anew),
    "killed": (0.15, _kill_one),
    "deploy": (0.15, _replace),
}


def _record(stack: Stack, shop: Busy) -> dict[str, object]:
    for name in ("a", "b"):
        shop.start(name)
    for path in (*VISITS, "/boom"):
        shop.visit(path)
    shop.take_stock()
    time.sleep(2.5 * STEP)
    began = time.time()
    for number, (name, (pace, happens)) in enumerate(STRETCHES.items()):
        print(time.strftime("%H:%M:%S"), name, flush=True)
        shop.pace = pace
        ends = began + (number + 1) * LENGTH * STEP
        time.sleep(STEP * 1.1)
        shop.take_stock()
        happens(shop)
        time.sleep(max(0.0, ends - time.time()))
    found = samples(stack.url("prometheus_http"), began, STEP, len(STRETCHES) * LENGTH)
    return {"step": STEP, "length": LENGTH, "stretches": list(STRETCHES), "series": found}


def main() -> None:
    """Record, and write."""
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder) / "stack") as stack:
        rules = Path(folder) / "rules"
        rules.mkdir()
        stack.instead["collector/prometheus/rules"] = rules
        stack.start("jaeger", "loki", "prometheus")
        host = {"OTELCOL_HOST_NAME": "host-1", "OTELCOL_ENVIRONMENT": ENVIRONMENT}
        stack.start("collector", env=host, config=["profiles/host.yaml"])
        shop = Busy(Path(folder), stack.url("collector_otlp_http"))
        visitors = Thread(target=shop.visited)
        visitors.start()
        try:
            recorded = _record(stack, shop)
        finally:
            shop.close()
            visitors.join()
    text = json.dumps(recorded, separators=(",", ":")).encode()
    RECORDING.write_bytes(gzip.compress(text, mtime=0))
    print(f"{RECORDING}: {RECORDING.stat().st_size} bytes")


if __name__ == "__main__":
    main()
