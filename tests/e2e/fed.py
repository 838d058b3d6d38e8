"""What dashboards show: a visited shop, a host and a database, and where each of it is to be read."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import yaml

from . import otlp
from .build import ROOT
from .processes import Process
from .reading import fetch
from .services import LOOPBACK, free_ports
from .stack import Stack
from .waiting import wait_until

VISITS = ("/", "/products/3", "/products/99", "/boom", "/everything", "/page")
# As a browser tells of the last of them.
VIEW = {"route": "/page", "values": {"lcp": 1_200, "inp": 40, "cls": 0.02}}


@dataclass(frozen=True)
class Fed:
    """Where the answers are."""

    prometheus: str
    loki: str
    jaeger: str


@contextmanager
def feed(folder: Path, database: str) -> Iterator[Fed]:
    """Everything that a dashboard shows, and visitors until the block is left.

    Args:
        folder: For whatever is started.
        database: The address of a PostgreSQL server.
    """
    with Stack(folder) as stack, ExitStack() as leaving:
        ports = free_ports(["shop", "spooling", "exporter"])
        stack.start("prometheus", "jaeger", "loki")
        host = {"OTELCOL_HOST_EVERY": "1s", "OTELCOL_HOST_NAME": "web-1"}
        stack.start("collector", env=host, config=["profiles/host.yaml"])
        exporter = database_exporter(folder, database, ports["exporter"])
        leaving.callback(exporter.stop)
        add_rules(stack, folder)
        scrape_database(stack, ports["exporter"])
        # Of the second process the lines wait on disk: where they are to go nobody listens.
        nowhere = {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": f"http://{LOOPBACK}:1/v1/logs"}
        shops = {"shop": {}, "spooling": nowhere}
        for name, more in shops.items():
            more["WATCHED_DATABASE"] = database
            leaving.callback(watched(stack, folder, name, ports[name], more).stop)
        send_what_is_refused(stack)
        leaving.enter_context(visitors([ports[name] for name in shops]))
        yield Fed(
            stack.url("prometheus_http"), stack.url("loki_http"), stack.url("jaeger_query_http")
        )


def watched(stack: Stack, folder: Path, name: str, port: int, more: Mapping[str, str]) -> Process:
    """The shop with one of everything declared, in a process of its own."""
    process = Process(
        name,
        [
            sys.executable,
            "-m",
            "gunicorn",
            "--threads=8",
            f"--bind={LOOPBACK}:{port}",
            "watched:app",
        ],
        cwd=ROOT / "examples" / "shop",
        log=folder / f"{name}.log",
        env={
            **shop_environment(folder / name),
            "OTEL_EXPORTER_OTLP_ENDPOINT": stack.url("collector_otlp_http"),
            "OTEL_METRIC_EXPORT_INTERVAL": "1000",
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            "OTEL_BLRP_SCHEDULE_DELAY": "200",
            **more,
        },
    )

    def serves() -> bool:
        process.require_alive()
        return fetch(f"http://{LOOPBACK}:{port}/livez").status == 200

    try:
        wait_until("the shop serves", serves, seconds=60)
    except BaseException:
        process.stop()
        raise
    return process


def shop_environment(data: Path) -> dict[str, str]:
    data.mkdir(exist_ok=True)
    return {
        "PYTHONPATH": f"{ROOT / 'examples' / 'shop'}{os.pathsep}{ROOT / 'tests' / 'e2e'}",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=dashboards,service.version=1.4.3",
        "OBSKIT_BEACON_PATH": "/-/page-views",
        "OBSKIT_SPOOL_DIR": str(data / "spool"),
        "OBSKIT_RUN_DIR": str(data / "run"),
        "SHOP_DATA": str(data),
        "SHOP_CHECK_EVERY": "1s",
        "OBSKIT_METRIC_CARDINALITY_LIMIT": "100",
    }


def add_rules(stack: Stack, folder: Path) -> None:
    """The rules of what is declared, as the command writes them; their times a hundredth."""
    command = ["generate", "alerts", "--app", "watched", "-o", str(folder), "--scale", "0.01"]
    subprocess.run(
        [sys.executable, "-m", "obskit", *command],
        cwd=folder,
        env={**os.environ, **shop_environment(folder / "generating")},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    rules = stack.directory / "prometheus" / "etc" / "rules"
    for file in (folder / "prometheus" / "rules").glob("*.yml"):
        shutil.copy(file, rules)


def database_exporter(folder: Path, address: str, port: int) -> Process:
    return Process(
        "postgres-exporter",
        ["prometheus-postgres-exporter", f"--web.listen-address={LOOPBACK}:{port}"],
        cwd=folder,
        log=folder / "postgres-exporter.log",
        env={"DATA_SOURCE_NAME": f"{address}?sslmode=disable"},
    )


def scrape_database(stack: Stack, port: int) -> None:
    """Have Prometheus read the exporter, and the rules that were added."""
    file = stack.directory / "prometheus" / "etc" / "prometheus.yml"
    configuration = yaml.safe_load(file.read_text())
    target = {"targets": [f"{LOOPBACK}:{port}"]}
    configuration["scrape_configs"].append({"job_name": "postgres", "static_configs": [target]})
    file.write_text(yaml.safe_dump(configuration))
    stack.processes["prometheus"].reload()


def send_what_is_refused(stack: Stack) -> None:
    """A line and a number of long ago: Loki and Prometheus refuse them, and the collector gives up."""
    base, long_ago = stack.url("collector_otlp_http"), str(10**18)
    line = {**otlp.log_record(otlp.trace_id(), "late"), "timeUnixNano": long_ago}
    otlp.send_logs(base, {"service.name": "late"}, [line])
    point = {**otlp.number(1.0), "timeUnixNano": long_ago}
    otlp.send_metrics(base, {"service.name": "late"}, [otlp.gauge("late", "1", [point])])


def send_view(port: int) -> None:
    """Tell of a page view."""
    ours = {"Sec-Fetch-Site": "same-origin"}
    fetch(f"http://{LOOPBACK}:{port}/-/page-views", json_body=VIEW, headers=ours)


@contextmanager
def visitors(ports: list[int]) -> Iterator[None]:
    """Visit the shops until the block is left; what a visitor meets is raised then."""
    enough = Event()

    def visit() -> None:
        while not enough.wait(0.2):
            for port in ports:
                for path in (*VISITS, f"/be-refused/{port}"):
                    fetch(f"http://{LOOPBACK}:{port}{path}")
                send_view(port)

    with ThreadPoolExecutor(1) as thread:
        visiting = thread.submit(visit)
        try:
            yield
        finally:
            enough.set()
        visiting.result()
