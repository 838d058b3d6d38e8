"""What the operators of the example warehouse watch, row by row."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
import yaml
from tests.e2e.services import free_ports
from tests.e2e.waiting import wait_until
from tests.rows.warehouse_container import Container
from tests.rows.warehouse_service import FOLDER, Warehouse, loaded, serving
from tests.rows.warehouse_stack import KEY, Watched, watching

pytestmark = pytest.mark.skipif(shutil.which("mount") is None, reason="needs Linux")

Breaks = Callable[..., Any]
#: Seconds that anything may take to show.
SOON = 25.0


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, postgresql: str) -> Iterator[Warehouse]:
    """A warehouse that serves."""
    with serving(tmp_path_factory.mktemp("warehouse"), postgresql) as made:
        yield made


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory, postgresql: str) -> Iterator[Watched]:
    """Another one, and all that watches it."""
    with serving(tmp_path_factory.mktemp("warehouse"), postgresql) as house:
        with watching(tmp_path_factory.mktemp("watching"), house) as made:
            yield made


def soon(
    what: str, probe: Callable[[], Any], meanwhile: Callable[[], object] = bool, *, times: int = 1
) -> Any:
    """Wait until it is so, while something else is done again and again."""

    def look() -> Any:
        meanwhile()
        return probe()

    return wait_until(what, look, seconds=times * SOON)


@pytest.mark.row("Log lines on the console and in files: rotation, level, context")
def test_log_lines(tmp_path: Path, postgresql: str, breaks: Breaks) -> None:
    with loaded(tmp_path, postgresql, OBSKIT_LOG_FILE_MAX_BYTES="100000") as house:
        house.environ["OBSKIT_LOG_FOLDER_MAX_BYTES"] = "500000"
        breaks(house.spoil, "sales", 1500)
        on_console = house.etl("sales").stderr
        files = [file for file in house.logs.iterdir() if file.name.startswith("app.log")]
        assert len(files) > 1
        assert max(file.stat().st_size for file in files) <= 100_000
        assert sum(file.stat().st_size for file in house.logs.iterdir()) <= 500_000
        assert size_and_number() == ["10000000", "50000000"]
        newest = events(house.logs)
        assert "table.loaded" in {one["event"] for one in newest}
        rejected = [one for one in newest if one["event"] == "row.rejected"]
        assert all(one["trace_id"] and one["service.name"] == "warehouse" for one in rejected)
        assert all(one["table"] == "sales" and one["row_id"] for one in rejected)
        assert json.dumps(rejected[-1]["row_id"]) in on_console

        quiet = tmp_path / "quiet"
        quiet.mkdir()
        breaks(house.etl, "sales", OBSKIT_LOG_LEVEL="ERROR", OBSKIT_LOG_FOLDER=str(quiet))
        assert events(quiet) == []
        house.mend_source()
        logrotate(house, tmp_path / "moved", breaks)


def events(folder: Path) -> list[dict[str, Any]]:
    """The lines of the newest file of the app."""
    file = folder / "app.log"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def size_and_number() -> list[str]:
    """What the example starts with: five files of 10 MB."""
    started = (FOLDER / "start").read_text()
    return re.findall(r"OBSKIT_LOG_(?:FILE|FOLDER)_MAX_BYTES=(\d+)", started)


def logrotate(house: Warehouse, place: Path, breaks: Breaks) -> None:
    """Where logrotate does it: daily, 14 of them, and nothing goes on in the file that was moved."""
    place.mkdir()
    here = {"OBSKIT_LOG_ROTATION": "logrotate", "OBSKIT_LOG_FOLDER": str(place)}
    house.etl("sales", **here)
    assert "row.rejected" not in {one["event"] for one in events(place)}  # the source is mended
    written = house.run("obskit", "logs", "logrotate", "--keep", "14", **here).stdout
    assert {"    daily", "    rotate 14"} <= {*written.splitlines()}
    configuration = place / "logrotate.conf"
    configuration.write_text(f"su root root\n{written}")
    command = ["logrotate", "--force", "--state", str(place / "state"), str(configuration)]
    breaks(subprocess.run, command, check=True)
    (rotated,) = place.glob("app.log-*")
    before = rotated.read_bytes()
    house.etl("customers", **here)
    assert "table.loaded" in {one["event"] for one in events(place)}
    assert rotated.read_bytes() == before


def visit(
    house: Warehouse, many: int, path: str = "/dashboards/regions", user: str = "ann"
) -> None:
    """Ask for a dashboard again and again, several at once."""
    with ThreadPoolExecutor(8) as people:
        list(people.map(lambda _: house.get(path, user), range(many)))


def requests(house: Warehouse, **labels: str) -> float:
    """How many requests were counted."""
    return house.metric("http_server_request_duration_seconds_count", **labels) or 0.0


@pytest.mark.row("Prometheus metrics at `/metrics`: requests, loads, connections, cache")
def test_metrics(house: Warehouse, breaks: Breaks) -> None:
    template = {"http_request_method": "GET", "http_route": "/dashboards/{name}"}
    found = {**template, "http_response_status_code": "200"}
    missing = {**template, "http_response_status_code": "404"}
    before = requests(house, **found), requests(house, **missing)
    took = house.metric("http_server_request_duration_seconds_sum", **found) or 0.0
    breaks(visit, house, 30)
    breaks(house.get, "/dashboards/none")
    assert (requests(house, **found), requests(house, **missing)) == (before[0] + 30, before[1] + 1)
    assert (house.metric("http_server_request_duration_seconds_sum", **found) or 0.0) > took
    assert requests(house, http_route="/dashboards/regions") == 0  # a raw path is no label
    known = partial(visit, house, 30)
    breaks(soon, "the cache answers", lambda: house.measured("cache-hit-rate") == 100, known)

    def durations() -> list[float | None]:
        jobs = ("etl-products", "etl-customers", "etl-sales")
        return [house.metric("obskit_job_duration_seconds", obskit_job_name=job) for job in jobs]

    earlier = soon("each table has a duration", lambda: None not in durations() and durations())
    breaks(house.etl)
    soon("each has another", lambda: all(a != b for a, b in zip(earlier, durations(), strict=True)))
    calm = soon("connections are counted", lambda: house.measured("connections-active"))
    with ExitStack() as busy:
        for _ in range(5):
            breaks(busy.enter_context, asleep(house))
        soon("they are active", lambda: (house.measured("connections-active") or 0) >= calm + 5)
    soon("they are gone", lambda: (house.measured("connections-active") or 99) < calm + 5)

    breaks(visit_new, house)
    breaks(soon, "what is new is not there", lambda: (house.measured("cache-hit-rate") or 0) < 50)
    soon("the cache answers again", lambda: house.measured("cache-hit-rate") == 100, known)


def visit_new(house: Warehouse) -> None:
    """Ask for what nobody has asked for."""
    with ThreadPoolExecutor(8) as people:
        paths = [f"/dashboards/products?limit={limit}" for limit in range(1, 101)]
        list(people.map(house.get, paths))


@contextmanager
def asleep(house: Warehouse, seconds: int = 60) -> Iterator[None]:
    """A session whose query takes long, until the block is left."""
    session = psycopg.connect(house.database, autocommit=True)
    pid = session.info.backend_pid

    def sleep() -> None:
        with suppress(psycopg.Error), session:
            session.execute(f"SELECT pg_sleep({seconds})")

    thread = threading.Thread(target=sleep)
    thread.start()
    try:
        yield
    finally:
        house.ask(f"SELECT pg_terminate_backend({pid})", server=True)
        thread.join()


@pytest.mark.row("`/health` and `/health/detailed`: database, age of the load, unknown")
def test_health(house: Warehouse, breaks: Breaks) -> None:
    def stands(*expected: str) -> bool:
        found = house.checks()
        detailed = house.get("/health/detailed")
        return (detailed.json["status"], found["database"], found["etl-age"]) == expected

    soon("all is well", lambda: stands("healthy", "ok", "ok"))
    breaks(house.grow_old, 25.1)
    soon("it is stale from 25 hours on", lambda: stands("unhealthy", "ok", "critical"))
    assert house.get("/health").status == 503
    house.grow_old(24.9)
    soon("before it is a warning", lambda: stands("degraded", "ok", "warning"))
    breaks(house.ask, "ALTER TABLE loads RENAME TO loads_away")
    soon("its age is unknown, and not bad", lambda: stands("degraded", "ok", "unknown"))
    breaks(house.ask, "ALTER TABLE loads_away RENAME TO loads")
    breaks(house.shut)
    try:
        soon("the database is down", lambda: stands("unhealthy", "critical", "skipped"))
        # Nobody without the token hears an exception's words.
        assert house.get("/health", token="wrong").json == {"status": "unhealthy"}
        assert "connect" in house.get("/health/detailed").json["checks"]["database"]["message"]
    finally:
        house.open()
    house.etl()
    soon("all is well again", lambda: stands("healthy", "ok", "ok"))
    assert house.get("/health").status == 200


@pytest.mark.row("The container's health check, without curl")
def test_container_health(house: Warehouse, breaks: Breaks) -> None:
    container = Container(house, house.port)
    timings = ("interval", "timeout", "retries", "start-period")
    assert [container.options[name] for name in timings] == ["30s", "10s", "3", "40s"]
    assert "curl" not in (FOLDER / "Dockerfile").read_text()
    soon("it is healthy", lambda: container.probe() == "healthy")
    breaks(house.shut)
    try:
        soon("it is not ready", lambda: house.get("/readyz").status == 503)
        assert [container.probe() for _ in range(3)] == ["healthy", "healthy", "unhealthy"]
    finally:
        house.open()
    soon("it is healthy again", lambda: container.probe() == "healthy")
    # One that begins is not judged before its time, and has 10 seconds to answer.
    port = free_ports(["app"])["app"]
    begun = Container(house, port)
    assert begun.probe() == "starting"
    process = house.serve(port)
    try:
        soon("it is healthy", lambda: begun.probe() == "healthy")
        assert {*begun.states} == {"starting", "healthy"}
        os.kill(process.pid, signal.SIGSTOP)
        environ = {**os.environ, **house.environ}
        done = subprocess.run(begun.command, env=environ, timeout=10, check=False)
        assert done.returncode == 1
    finally:
        process.kill()


@pytest.mark.row("Alert rules: errors, p95, the load's age, connections, the disk")
def test_rules(watched: Watched, breaks: Breaks) -> None:
    house = watched.house
    stale, full = ("CheckWarning", "etl-age"), ("CheckCritical", "disk")
    taken, slow, failing = (
        ("CheckWarning", "connections"),
        ("OperationSlow", "dashboard"),
        ("ServiceErrors", ""),
    )
    expected = {stale, full, taken, slow, failing}
    soon("nothing fires", lambda: not expected & watched.firing())
    with ExitStack() as open_:
        breaks(house.grow_old, 24.5)
        breaks(house.fill_disk)
        breaks(crawl, house)
        breaks(take_connections, house, open_)
        soon("more than 80 of 100 connections", lambda: taken in watched.firing())
        soon("the load is older than 24 hours", lambda: stale in watched.firing())
        soon("less than a tenth is free", lambda: full in watched.firing())
    soon("one in twenty takes longer than 2 s", lambda: slow in watched.firing())
    again = partial(visit, house, 20)
    breaks(house.ask, "ALTER TABLE views RENAME TO views_away")
    soon("more than 5 % fail", lambda: failing in watched.firing(), again)
    breaks(house.ask, "ALTER TABLE views_away RENAME TO views")
    house.empty_disk()
    house.etl()
    visit(house, 600)
    soon("all is well", lambda: not expected & watched.firing(), again, times=3)


def crawl(house: Warehouse) -> None:
    """Have thirty people wait for longer than two seconds."""
    with psycopg.connect(house.database) as session, ThreadPoolExecutor(30) as people:
        session.execute("LOCK TABLE sales IN ACCESS EXCLUSIVE MODE")
        asked = [people.submit(house.get, f"/dashboards/products?limit={n}") for n in range(60, 90)]
        time.sleep(2.5)  # what is slow is what is watched
        session.rollback()
        assert {one.result().status for one in asked} == {200}


def take_connections(house: Warehouse, open_: ExitStack) -> None:
    """Open connections until 82 of the server's 100 are taken, of which 3 are reserved."""
    last = open_.enter_context(psycopg.connect(house.server, autocommit=True))
    counted = "SELECT count(*) FROM pg_stat_activity WHERE usesysid IS NOT NULL"
    while last.execute(counted).fetchone() < (82,):  # type: ignore[operator]
        open_.enter_context(psycopg.connect(house.server))


@pytest.mark.row("Alertmanager: who hears of what, and when")
def test_alertmanager(watched: Watched, breaks: Breaks) -> None:
    house = watched.house
    text = (FOLDER / "generated" / "alertmanager" / "alertmanager.yml").read_text()
    route = yaml.safe_load(text)["route"]
    assert {"alertname", "severity"} <= {*route["group_by"]}
    waits = ("group_wait", "group_interval", "repeat_interval")
    assert [route[name] for name in waits] == ["10s", "10s", "12h"]
    assert "routing_key_file: /run/secrets/pagerduty" in text
    assert "smtp_auth_password_file: /run/secrets/mail" in text

    def paged(action: str) -> list[str]:
        pages = watched.vendors.messages("/pagerduty")
        return [one["payload"]["summary"] for one in pages if one["event_action"] == action]

    def in_slack() -> list[str]:
        messages = watched.vendors.messages("/slack")
        return [one["attachments"][0]["title"] for one in messages]

    grave = "database of warehouse is critical"
    breaks(house.shut)
    try:
        soon("somebody is woken", lambda: [one for one in paged("trigger") if grave in one])
        soon("the team hears too", lambda: [one for one in in_slack() if grave in one])
        soon("by mail as well", lambda: [one for one in watched.box.subjects if grave in one])
        page = watched.vendors.messages("/pagerduty")[-1]
        assert page["routing_key"] == KEY  # as the file has it
    finally:
        house.open()
    soon("the page is taken back", lambda: [one for one in paged("resolve") if grave in one])
    # Two of one name and severity are told together, and wake nobody.
    breaks(house.grow_old, 30)
    breaks(house.fill_disk)
    soon("Slack is told", lambda: [one for one in in_slack() if "SEV2" in one])
    soon("so is the mailbox", lambda: [one for one in watched.box.subjects if "SEV2" in one])
    assert not [one for one in paged("trigger") if "SEV2" in one]
    house.empty_disk()
    house.etl()
    soon("the end is told", lambda: [one for one in in_slack() if one.startswith("[RESOLVED SEV2")])
    assert watched.vendors.refused == []


@pytest.mark.row("Grafana's dashboards: API, loads, database, business")
def test_dashboards(watched: Watched, breaks: Breaks) -> None:
    house = watched.house

    def of(label: str, value: str, *panel: str, **chosen: str) -> float:
        found = watched.panel(*panel, **chosen)
        return max((n for labels, n in found if labels.get(label) == value), default=0.0)

    def shown(*panel: str, **chosen: str) -> float:
        return next(iter(watched.panel(*panel, **chosen)), ({}, 0.0))[1]

    def measured(check: str) -> float:
        return shown("business", "$measured", measured=check)

    def loads(column: str) -> float:
        return of("obskit_job_name", "etl-sales", "jobs", "Each job", column)

    size, users = (
        soon("sizes are shown", lambda: measured("size-sales")),
        measured("users-of-today"),
    )
    used = soon("the use of indexes is shown", lambda: measured("index-use"))
    # Prometheus sees no increase of what a series begins with.
    house.get("/dashboards/revenue?limit=30")
    seen = 'dashboard_query_duration_seconds_count{dashboard="revenue"}'
    soon("the dashboard is known", lambda: watched.asked(seen))
    breaks(spoil_loads, house)
    breaks(visit, house, 40, "/dashboards/revenue?limit=31", "bob")
    breaks(house.ask, "ALTER TABLE views RENAME TO views_away")
    route = ("http_route", "/dashboards/{name}")
    lately = {"__rate_interval": "10s"}
    share = partial(of, *route, "service", "Failed by route", **lately)
    breaks(soon, "the share of errors", lambda: share() > 0.1, partial(visit, house, 10))
    breaks(house.ask, "ALTER TABLE views_away RENAME TO views")
    breaks(spoil_products, house)
    soon("the rate", lambda: of(*route, "service", "Requests by route") > 0.3)
    durations = ("service", "Durations of all requests")
    soon("p50, p95, p99", lambda: all(shown(*durations, letter) > 0 for letter in "ABC"))
    pools = ("service", "Connections of its pools")
    soon("the connections of the pool", lambda: of("state", "idle", *pools) >= 1)
    select = ("db_operation_name", "SELECT", "service", "Queries, p95")
    soon("the time of queries", lambda: of(*select) > 0)
    soon("how long a load took", lambda: loads("E") > 0)
    soon("when it ran last", lambda: loads("B") < 60)
    rows = ("jobs", "What runs counted")
    soon("its rows", lambda: of("obskit_count_name", "rows", *rows) > 1000)
    soon("those that it rejected", lambda: of("obskit_count_name", "rejected", *rows) >= 7)
    state = partial(of, "obskit_job_name", "etl-customers", "jobs", "States")
    soon("its errors", lambda: state() == 7)
    soon("the sizes of tables", lambda: measured("size-sales") > size)
    soon("the use of indexes", lambda: measured("index-use") != used)
    views = {"counter": "dashboard_views_total"}
    soon("views", lambda: of("dashboard", "revenue", "business", "$counter", **views) > 20)
    soon("users", lambda: measured("users-of-today") > users)
    taken = {"histogram": "dashboard_query_duration_seconds_bucket"}
    soon(
        "times by dashboard",
        lambda: of("dashboard", "revenue", "business", "$histogram", **taken) > 0,
    )
    types = ("alerts-low-stock", "alerts-below-cost")
    soon("alerts by type", lambda: [measured(one) for one in types] == [5, 3])
    assert measured("etl-age") > 0
    house.mend_source()
    house.etl()
    soon("no product is short", lambda: [measured(one) for one in types] == [0, 0])
    soon("the loads are well", lambda: state() == 1)
    soon("it is fresh", lambda: 0 < measured("etl-age") < 15)


def spoil_loads(house: Warehouse) -> None:
    """Have a load reject rows, and another one fail."""
    house.spoil("sales", 7)
    house.etl("sales")
    (house.source / "customers.csv").unlink()
    house.etl("customers")


def spoil_products(house: Warehouse) -> None:
    """Five products are short, and three are sold below their cost."""
    house.ask("UPDATE products SET stock = 3 WHERE id < 6")
    house.ask("UPDATE products SET price = 1 WHERE id < 4")


@pytest.mark.row("PostgreSQL: sessions, long queries, sizes, the view's age, a daily report")
def test_postgresql(house: Warehouse, breaks: Breaks) -> None:
    short = {"WAREHOUSE_LONG_QUERY": "300ms", "WAREHOUSE_IDLE_TRANSACTION": "300ms"}

    def said(name: str) -> str:
        done = house.run("obskit", "check", "run", name, "--app", "watch", "-v", **short)
        return done.stdout

    assert "OK" in said("idle-in-transaction")
    with psycopg.connect(house.database) as idle, ExitStack() as busy:
        breaks(idle.execute, "SELECT 1 AS forgotten")
        breaks(busy.enter_context, asleep(house))
        breaks(house.ask, "COMMENT ON MATERIALIZED VIEW sales_by_day IS"
               " '[refreshed 2026-01-01T00:00:00.000000+00:00]'")  # fmt: skip
        breaks(
            house.ask,
            "CREATE TABLE ballast AS SELECT repeat('x', 900) FROM generate_series(1, 3000)",
        )
        report, page = daily(house, short)
        for shown in (report, page):
            assert "SELECT 1 AS forgotten" in shown
            assert "SELECT pg_sleep" in shown
            assert re.search(r"\d+ active", shown)
            assert re.search(r"\d+ idle in transaction", shown)
            assert re.search(r"\.ballast.{1,40}\b3\d{6}\b", shown)
        assert re.search(r"CRITICAL +view-age", report)
        house.run("obskit", "check", "run", "view-age", "--app", "watch")
    house.ask("DROP TABLE ballast")
    house.etl("sales_by_day")
    report, _ = daily(house, short)
    assert "forgotten" not in report
    assert "pg_sleep" not in report
    assert "ballast" not in report
    assert house.run("obskit", "check", "run", "view-age", "--app", "watch").returncode == 0


def daily(house: Warehouse, environ: dict[str, str]) -> tuple[str, str]:
    """The report as text; and as the page that the crontab has made at eight in the morning."""
    text = house.run("obskit", "review", "daily", "--app", "watch", **environ).stdout
    (line,) = re.findall(
        r"^0 8 \* \* \* cd /warehouse && (.*)$", (FOLDER / "crontab").read_text(), re.MULTILINE
    )
    page = house.folder / "report.html"
    house.run("bash", "-c", line.replace("/reports/warehouse.html", str(page)), **environ)
    due = soon(
        "the next is due",
        lambda: house.metric(
            "obskit_job_deadline_timestamp_seconds", obskit_job_name="daily-report"
        ),
    )
    local = datetime.fromtimestamp(due, ZoneInfo("Europe/Berlin"))
    assert (local.hour, local.minute) == (8, 5)
    soon(
        "it has run",
        lambda: house.metric(
            "obskit_job_last_run_timestamp_seconds", obskit_job_name="daily-report"
        ),
    )
    return text, html.unescape(page.read_text())


@pytest.mark.row("The host and its containers, beside the app's metrics")
def test_host(watched: Watched, breaks: Breaks) -> None:
    house = watched.house

    def one(expression: str) -> float:
        return next(iter(watched.asked(expression)), ({}, 0.0))[1]

    on = '{job="host", instance="warehouse-1"'
    busy = f'1 - sum(rate(system_cpu_time_seconds_total{on}, state="idle"}}[4s])) / sum(rate(system_cpu_time_seconds_total{on}}}[4s]))'
    memory = f'system_memory_usage_bytes{on}, state="used"}}'
    disk = f'system_filesystem_usage_bytes{on}, mountpoint="/", state="free"}}'
    network = f'sum(rate(system_network_io_bytes_total{on}, device="lo"}}[4s]))'
    soon("the host is seen", lambda: one(memory) and one(network) and one(busy))
    used, free = one(memory), soon("the disk is seen", lambda: one(disk))
    ballast = house.folder / "ballast"
    breaks(ballast.write_bytes, bytes(400_000_000))
    breaks(house.container, 95)
    with ExitStack() as burden:
        breaks(burden.enter_context, work())
        soon("the processors are busy", lambda: one(busy) > 0.9)
        soon("memory is taken", lambda: one(memory) > used + 3e8)
        taken = one(memory)
        soon("much is sent", lambda: one(network) > 2e7)
    soon("the disk has less room", lambda: one(disk) < free - 2e8)
    percent = 'obskit_check_value{obskit_check_name="container-memory"}'
    soon("the container is full", lambda: one(percent) == 95, times=2)
    critical = (
        'obskit_check_status{obskit_check_name="container-memory", obskit_check_state="critical"}'
    )
    soon("beside the app's metrics", lambda: one(critical) == 1)
    ballast.unlink()
    house.container(20)
    soon("the container has room", lambda: one(critical) == 0)
    soon("the disk has room", lambda: one(disk) > free - 2e8)
    # What watches it has taken some for itself meanwhile.
    soon("memory is free", lambda: one(memory) < taken - 1.5e8)
    soon("less is sent", lambda: one(network) < 2e7)


WORK = """
import socket, threading, time
ballast = b"x" * 200_000_000
server = socket.create_server(("127.0.0.1", 0))
sender = socket.create_connection(server.getsockname())
taker = server.accept()[0]
threading.Thread(target=lambda: [taker.recv(1 << 20) for _ in iter(int, 1)], daemon=True).start()
print("begun", flush=True)
while True:
    sender.sendall(ballast[:1 << 20])
"""


@contextmanager
def work() -> Iterator[None]:
    """Two processes that compute, hold memory and talk to themselves, until the block is left."""
    started = [
        subprocess.Popen([sys.executable, "-c", WORK], stdout=subprocess.PIPE) for _ in range(2)
    ]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.communicate()


@pytest.mark.row("Logs of files and of standard output in the log store")
def test_log_store(watched: Watched, breaks: Breaks) -> None:
    house = watched.house
    breaks(house.spoil, "customers", 3)
    # Its standard output goes where a container's does: into a file of the runtime's.
    printed = house.folder / "out" / "etl.log"

    def found() -> list[dict[str, str]]:
        lines = watched.lines("row.rejected")
        return [one for one in lines if one.get("log_file_name") == printed.name]

    def load() -> None:
        done = house.etl("customers", OBSKIT_LOG_FOLDER="", OBSKIT_LOG_STREAM="stdout")
        with printed.open("a") as file:
            file.write(done.stdout)

    breaks(load)
    answer = house.get("/dashboards/revenue", user="zoe").json
    soon("what was printed is there", lambda: len(found()) == 3)
    (line, *_) = found()
    assert line["severity_number"] == "13"
    assert (line["table"], bool(line["trace_id"])) == ("customers", True)

    def viewed() -> list[dict[str, str]]:
        lines = watched.lines("dashboard.viewed")
        return [one for one in lines if one.get("request_id") == answer["request_id"]]

    (line,) = soon("so is what stands in a file", viewed)
    assert (line["log_file_name"], line["user_id"]) == ("app.log", "zoe")
    house.mend_source()
    load()
    soon("the next load is there", lambda: len(watched.lines("table.loaded")) >= 1)
    assert len(found()) == 3
