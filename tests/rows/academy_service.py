"""The example academy, started with a database and folders of its own, and asked as its clients do."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPCookieProcessor, Request, build_opener

import psycopg
from prometheus_client.parser import text_string_to_metric_families
from tests.e2e.processes import Process
from tests.e2e.reading import Answer, fetch
from tests.e2e.services import LOOPBACK, free_ports
from tests.e2e.waiting import wait_until

FOLDER = Path(__file__).parents[2] / "examples" / "academy"
TOKEN = "watchful"
PROBE = {"email": "probe@academy.example.org", "password": "correct horse"}
TABLES = "users, courses, completions, subscriptions, payments, activity"


class Client:
    """Somebody's browser: it keeps cookies, and sends the token that a POST wants.

    Args:
        url: The academy's.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()))
        self._token = ""

    def send(self, path: str, body: object = None, **headers: str) -> Answer:
        """GET, or POST when there is a body."""
        data = None if body is None else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = Request(self._url + path, data, {"Content-Type": "application/json", **named})
        try:
            with self._opener.open(request, timeout=30) as response:
                found = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status, found, response.read().decode())
        except HTTPError as error:
            with error:
                found = {name.lower(): value for name, value in error.headers.items()}
                return Answer(error.code, found, error.read().decode())

    def post(self, path: str, **body: object) -> Answer:
        """POST, with the token."""
        self._token = self._token or self.send("/api/session").json["csrf_token"]
        return self.send(path, body, X_CSRFToken=self._token)


class Academy:
    """An academy whose tables are there; nothing serves yet.

    Args:
        folder: For its files.
        database: The URL of its database.
        server: The URL of a database beside it.
        given: Further variables.
    """

    def __init__(self, folder: Path, database: str, server: str, given: Mapping[str, str]) -> None:
        self.folder, self.database, self.server = folder, database, server
        self.logs, self.backups, self.cgroups = folder / "log", folder / "backups", folder / "group"
        self.fault = folder / "fault"
        for made in (self.logs, self.backups, self.cgroups, folder / "run", folder / "spool"):
            made.mkdir()
        ports = free_ports(["site", "provider"])
        self.port, self._provider = ports["site"], ports["provider"]
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.environ = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "DATABASE_URL": database,
            "ACADEMY_URL": self.url,
            "ACADEMY_PROVIDER": f"http://{LOOPBACK}:{self._provider}",
            "ACADEMY_CGROUPS": str(self.cgroups),
            "ACADEMY_BACKUPS": str(self.backups),
            "ACADEMY_CHECK_EVERY": "3s",
            "ACADEMY_WINDOW": "15s",
            "ACADEMY_STORAGE": "20e6",
            "ACADEMY_SEARCH_LIMIT": "30 per 5 seconds",
            "OBSKIT_STATE_URL": database,
            "OBSKIT_RUN_DIR": str(folder / "run"),
            "OBSKIT_SPOOL_DIR": str(folder / "spool"),
            "OBSKIT_LOG_FOLDER": str(self.logs),
            "OBSKIT_LOG_FORMAT": "none",
            "OBSKIT_BEACON_PATH": "/-/page-views",
            "OBSKIT_HEALTH_TOKEN": TOKEN,
            "OBSKIT_PROMETHEUS": "true",
            "OTEL_SERVICE_NAME": "academy",
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=production,service.version=1.0.0",
            "OTEL_METRIC_EXPORT_INTERVAL": "1000",
            **given,
        }
        self.limit_memory(30)
        self.throttle(0, 100)
        self.served: Process | None = None
        self.run("python", "store.py")
        self.back_up()

    def back_up(self) -> None:
        """Do what the crontab does each night."""
        lines = (FOLDER / "crontab").read_text().splitlines()
        line = next(each for each in lines if "pg_dump" in each)
        done = self.run("sh", "-c", line.partition("&& ")[2].replace("\\%", "%"))
        assert done.returncode == 0, done.stderr

    def run(self, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the example's folder, as its operators do."""
        environ = {**os.environ, **self.environ, **more}
        return subprocess.run(
            command,
            cwd=FOLDER,
            env=environ,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    def check(self, *names: str, app: str = "watch", **more: str) -> dict[str, dict[str, Any]]:
        """What checks say that are run now, by name."""
        done = self.run("obskit", "check", "run", "--json", "--app", app, *names, **more)
        assert done.stdout, done.stderr
        return {one["name"]: one for one in json.loads(done.stdout)["checks"]}

    def logged(self, text: str, *options: str, since: str = "1h") -> list[dict[str, Any]]:
        """The log lines with a text, as `obskit logs` finds them."""
        done = self.run("obskit", "logs", "--grep", text, "--since", since, "--json", *options)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def ask(self, statement: str, *, server: bool = False) -> None:
        """Have the database do something."""
        with psycopg.connect(self.server if server else self.database, autocommit=True) as session:
            session.execute(statement)

    def pay(self) -> Process:
        """Start the provider of payments."""
        command = ["python", "provider.py", str(self._provider), str(self.fault)]
        log = self.folder / "provider.log"
        return Process("provider", command, cwd=FOLDER, log=log, env=self.environ)

    def serve(self, *options: str, **more: str) -> None:
        """Start the academy, and wait until it is well."""
        command = ["gunicorn", "app:app", "--threads", "24", "--bind", f"{LOOPBACK}:{self.port}"]
        log = self.folder / "academy.log"
        self.served = Process(
            "academy", [*command, *options], cwd=FOLDER, log=log, env={**self.environ, **more}
        )
        wait_until("it is well", self._is_well, seconds=60)

    def _is_well(self) -> bool:
        assert self.served is not None
        self.served.require_alive()
        return bool(self.health()["status"] == "healthy")

    def end(self) -> None:
        """Stop the academy."""
        if self.served is not None:
            self.served.stop(seconds=10)

    def client(self) -> Client:
        """Somebody new."""
        return Client(self.url)

    def member(self) -> Client:
        """Somebody who is logged in."""
        client = self.client()
        assert client.post("/api/login", **PROBE).status == 200
        return client

    def get(self, path: str, **headers: str) -> Answer:
        """Ask the academy."""
        return fetch(self.url + path, headers=headers)

    def visit(self, path: str, many: int) -> list[int]:
        """Ask again and again, several at once."""
        with ThreadPoolExecutor(24) as people:
            return list(people.map(lambda _: self.get(path).status, range(many)))

    def health(self, *, full: bool = False, token: str = TOKEN) -> dict[str, Any]:
        """What `/api/health` says."""
        path = "/api/health?full=true" if full else "/api/health"
        answer = self.get(path, Authorization=f"Bearer {token}")
        found: dict[str, Any] = {**answer.json, "code": answer.status}
        return found

    def state(self, check: str) -> str:
        """How a check stands."""
        return str(self.health(full=True)["checks"][check]["status"])

    def metric(self, name: str, **labels: str) -> float:
        """The sum of what `/metrics` tells of a name with these labels; 0 where there is none."""
        text = self.get("/metrics", Authorization=f"Bearer {TOKEN}").text
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    @contextmanager
    def locked(self, tables: str = TABLES) -> Iterator[None]:
        """Somebody locks tables, and takes long over it."""
        with psycopg.connect(self.database) as session:
            session.execute(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE")
            yield
            session.rollback()

    def keep_waiting(self) -> None:
        """Have thirty people wait for a course for longer than two seconds."""
        with ThreadPoolExecutor(24) as people, self.locked():
            asked = [people.submit(self.get, "/api/courses/2") for _ in range(30)]
            time.sleep(2.4)  # what is slow is what is watched
        assert {one.result().status for one in asked} == {200}

    def slowly(self, look: Callable[[], object]) -> None:
        """Have somebody look at something for longer than three seconds."""
        with ThreadPoolExecutor(1) as person:
            with self.locked("courses"):
                seen = person.submit(look)
                time.sleep(3.6)  # what is slow is what is watched
            seen.result()

    def guess(self, many: int) -> list[int]:
        """Have somebody guess a password so many times."""
        wrong = {"email": PROBE["email"], "password": "guessed"}
        client = self.client()
        client.post("/api/login", **wrong)
        with ThreadPoolExecutor(8) as people:
            tried = people.map(lambda _: client.post("/api/login", **wrong), range(many))
            return [answer.status for answer in tried]

    def fail(self, many: int, among: int) -> list[int]:
        """Ask so often for courses; so many of them are the fourth, which may fail."""
        with ThreadPoolExecutor(8) as people:
            paths = [f"/api/courses/{4 if number < many else 2}" for number in range(among)]
            return [answer.status for answer in people.map(self.get, paths)]

    def write_of(self, days: int) -> None:
        """Leave a log file of so many days ago, as a rotation leaves one."""
        then = datetime.now(timezone.utc) - timedelta(days=days)
        told = [
            {"level": level, "event": f"of {days} days, {level}"} for level in ("debug", "info")
        ]
        lines = [json.dumps({"timestamp": f"{then:%Y-%m-%dT%H:%M:%S.%fZ}", **one}) for one in told]
        file = self.logs / f"app.log-{then:%Y%m%dT%H%M%S.%f}-7.gz"
        file.write_bytes(gzip.compress("\n".join([*lines, ""]).encode()))
        os.utime(file, (then.timestamp(), then.timestamp()))

    def shut(self) -> None:
        """Let nobody into the database."""
        name = self.database.rpartition("/")[2]
        self.ask(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false", server=True)
        of_it = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        self.ask(of_it, server=True)

    def open(self) -> None:
        """Let everybody in again."""
        name = self.database.rpartition("/")[2]
        self.ask(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true", server=True)

    def limit_memory(self, used: int) -> None:
        """Have the container use so many per cent of its memory, by the files of its control group."""
        self._group("cgroup.controllers", "cpu memory")
        self._group("memory.max", "1000000000")
        self._group("memory.current", str(used * 10_000_000))
        self._group("memory.stat", "inactive_file 0")

    def throttle(self, periods: int, among: int) -> None:
        """Have the container wait for its processor in so many periods among all."""
        self._group("cpu.max", "50000 100000")
        self._group("cpu.stat", f"nr_periods {among}\nnr_throttled {periods}")

    def _group(self, name: str, content: str) -> None:
        # Never half written: the service reads it at any moment.
        new = self.cgroups / f".{name}"
        new.write_text(content)
        new.replace(self.cgroups / name)


@contextmanager
def prepared(folder: Path, server: str, **given: str) -> Iterator[Academy]:
    """An academy that does not serve yet, with a database of its own, and its provider of payments."""
    name = f"academy_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as session:
        session.execute(f"CREATE DATABASE {name}")
    try:
        made = Academy(folder, f"{server.rpartition('/')[0]}/{name}", server, given)
        provider = made.pay()
        try:
            yield made
        finally:
            made.end()
            provider.stop()
    finally:
        with psycopg.connect(server, autocommit=True) as session:
            session.execute(f"DROP DATABASE {name} WITH (FORCE)")
