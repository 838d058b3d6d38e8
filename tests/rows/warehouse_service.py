"""The example warehouse, started with a database and folders of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.e2e.processes import Process
from tests.e2e.reading import Answer, fetch
from tests.e2e.services import LOOPBACK, free_ports
from tests.e2e.waiting import wait_until

FOLDER = Path(__file__).parents[2] / "examples" / "warehouse"
TOKEN = "watchful"
_BIN = str(Path(sys.executable).parent)


class Warehouse:
    """A warehouse with its tables loaded; nothing serves yet.

    Args:
        folder: For its files.
        database: The URL of its database.
        server: The URL of a database beside it.
    """

    def __init__(self, folder: Path, database: str, server: str) -> None:
        self.folder, self.database, self.server = folder, database, server
        self.source, self.logs = folder / "source", folder / "logs"
        self.disk, self.cgroups = folder / "disk", folder / "cgroups"
        for made in (self.logs, self.disk, self.cgroups, folder / "run", folder / "out"):
            made.mkdir()
        self.port = free_ports(["app"])["app"]
        self.environ = {
            "PATH": f"{_BIN}:{os.environ['PATH']}",
            "DATABASE_URL": database,
            "OBSKIT_STATE_URL": database,
            "OBSKIT_RUN_DIR": str(folder / "run"),
            "OBSKIT_LOG_FOLDER": str(self.logs),
            "OBSKIT_PROMETHEUS": "true",
            "OBSKIT_HEALTH_TOKEN": TOKEN,
            "OTEL_SERVICE_NAME": "warehouse",
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=production",
            "OTEL_METRIC_EXPORT_INTERVAL": "1000",
            "WAREHOUSE_SOURCE": str(self.source),
            "WAREHOUSE_CHECK_EVERY": "1s",
            "WAREHOUSE_DISK": str(self.disk),
            "WAREHOUSE_CGROUPS": str(self.cgroups),
        }
        self.run("python", "store.py")
        self.etl()

    def run(self, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the example's folder, as its operators do."""
        environ = {**os.environ, **self.environ, **more}
        return subprocess.run(
            command,
            cwd=FOLDER,
            env=environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def etl(self, *steps: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Load tables."""
        return self.run("python", "etl.py", *steps, **more)

    def ask(self, statement: str, server: bool = False) -> None:
        """Have the database do something."""
        with psycopg.connect(self.server if server else self.database, autocommit=True) as session:
            session.execute(statement)

    def serve(self, port: int) -> Process:
        """Start the API."""
        command = ["uvicorn", "app:app", "--port", str(port), "--no-access-log"]
        log = self.folder / f"api-{port}.log"
        return Process("warehouse", command, cwd=FOLDER, log=log, env=self.environ)

    def get(self, path: str, user: str = "ann", token: str = TOKEN) -> Answer:
        """Ask the API."""
        headers = {"X-User": user, "Authorization": f"Bearer {token}"}
        return fetch(f"http://{LOOPBACK}:{self.port}{path}", headers=headers)

    def checks(self) -> dict[str, str]:
        """The status of each check, as `/health/detailed?full=true` tells it."""
        found = self.get("/health/detailed?full=true").json["checks"]
        return {name: check["status"] for name, check in found.items()}

    def metric(self, name: str, **labels: str) -> float | None:
        """The sum of what `/metrics` tells of a name with these labels; None where there is none."""
        found = [
            sample.value
            for family in text_string_to_metric_families(self.get("/metrics").text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        ]
        return sum(found) if found else None

    def measured(self, check: str) -> float | None:
        """What a check has measured."""
        return self.metric("obskit_check_value", obskit_check_name=check)

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

    def grow_old(self, hours: float) -> None:
        """Let so many hours go by without a load."""
        self.ask(f"UPDATE loads SET finished_at = now() - interval '{hours} hours'")

    def spoil(self, table: str, rows: int = 1) -> None:
        """Leave a column of the first rows of a file empty."""
        file = self.source / f"{table}.csv"
        lines = file.read_text().splitlines()
        spoilt = [re.sub(r"[^,]+$", "", line) for line in lines[1 : rows + 1]]
        file.write_text("\n".join([lines[0], *spoilt, *lines[rows + 1 :], ""]))

    def mend_source(self) -> None:
        """Write the files anew."""
        shutil.rmtree(self.source)
        self.run("python", "store.py")

    def fill_disk(self) -> None:
        """Leave less than a tenth of the disk free."""
        (self.disk / "ballast").write_bytes(bytes(3_900_000))

    def empty_disk(self) -> None:
        """Give the room back."""
        (self.disk / "ballast").unlink(missing_ok=True)

    def container(self, used: int) -> None:
        """Have a container use so many per cent of its memory, by the files of its control group."""
        files = {
            "cgroup.controllers": "cpu memory pids",
            "memory.max": "1000000000",
            "memory.current": str(used * 10_000_000),
            "memory.stat": "inactive_file 0",
            "cpu.max": "50000 100000",
            "cpu.stat": "nr_periods 100\nnr_throttled 0",
            "pids.max": "100",
            "pids.current": "5",
        }
        for name, content in files.items():
            (self.cgroups / name).write_text(content)


@contextmanager
def disk_of(folder: Path) -> Iterator[None]:
    """A file system of 4 MB, where this process may mount one."""
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", folder], check=False)
    if done.returncode:
        pytest.fail("a small disk must be mounted: run the rows as root")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@contextmanager
def loaded(folder: Path, server: str, **more: str) -> Iterator[Warehouse]:
    """A warehouse that does not serve yet, with a database of its own."""
    name = f"warehouse_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as session:
        session.execute(f"CREATE DATABASE {name}")
    try:
        made = Warehouse(folder, f"{server.rpartition('/')[0]}/{name}", server)
        made.environ.update(more)
        made.container(used=20)
        with disk_of(made.disk):
            yield made
    finally:
        with psycopg.connect(server, autocommit=True) as session:
            session.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def serving(folder: Path, server: str) -> Iterator[Warehouse]:
    """A warehouse that serves, and is well."""
    with loaded(folder, server) as made:
        process = made.serve(made.port)
        try:
            wait_until("it is well", lambda: made.get("/health").json["status"] == "healthy")
            yield made
        finally:
            process.stop()
