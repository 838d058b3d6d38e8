"""The faulty shop in an environment: its folder, its rules, its processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from sqlite3 import Connection, connect
from threading import Event, Thread
from time import time

from tests.e2e.processes import Process
from tests.e2e.reading import Answer, fetch
from tests.e2e.services import LOOPBACK, free_ports
from tests.e2e.waiting import wait_until

HERE = Path(__file__).parent
APP = "shop_app"
#: By which the rules' own times are shortened.
SCALE = 0.05
#: The interval of export, ms, and the one that rules are generated for: a machine on which all of this
#: runs at once may stand still for some seconds.
EXPORT, EXPECTED = 2_000, 5_000


@dataclass(frozen=True)
class Plan:
    """What the shop of an environment is made of.

    Attributes:
        parts: What it declares.
        runs: Its processes: ``web``, ``worker``, ``jobs``, ``canary`` (a newer version's worker).
        env: What else its processes are told.
        scale: By which the rules' own times are shortened.
    """

    parts: tuple[str, ...]
    runs: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    scale: float = SCALE


class House:
    """One environment's shop. Its processes end when it is closed."""

    def __init__(
        self, name: str, plan: Plan, folder: Path, collector: str, env: Mapping[str, str]
    ) -> None:
        self.name = name
        self.plan = plan
        self.home = folder / name
        self.home.mkdir(parents=True)
        self._port = free_ports([name])[name]
        self._processes: dict[str, Process] = {}
        self._going_on = ExitStack()
        self._env = {
            "SHOP_PARTS": ",".join(("", *plan.parts)),
            "SHOP_HOME": str(self.home),
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector,
            "OTEL_RESOURCE_ATTRIBUTES": f"deployment.environment.name={name}",
            "OTEL_METRIC_EXPORT_INTERVAL": str(EXPORT),
            "OBSKIT_LOG_FORMAT": "json",
            "OBSKIT_RUN_DIR": str(self.home / "run"),
            "OBSKIT_SPOOL_DIR": str(self.home / "spool"),
            "OBSKIT_STATE_URL": f"sqlite:///{self.home / 'state.db'}",
            **env,
            **plan.env,
        }
        self._prepare()

    def _prepare(self) -> None:
        for folder in ("run", "disk"):
            (self.home / folder).mkdir()
        (self.home / "shop.log").write_text("opened\n")
        with self.database() as database:
            database.execute("CREATE TABLE orders (id INTEGER)")
            database.execute("CREATE TABLE syncs (at REAL)")
            database.execute("INSERT INTO syncs VALUES (?)", [time()])

    @contextmanager
    def database(self) -> Iterator[Connection]:
        """The shop's database, open for a transaction."""
        with closing(connect(self.home / "shop.db", timeout=10)) as database, database:
            yield database

    @property
    def rules(self) -> Path:
        """The folder of its rules, once they are generated."""
        return self.home / "generated" / "prometheus" / "rules"

    def generate(self) -> None:
        """Write its rules as its operator would."""
        output = self.home / "generated"
        options = (f"--app={APP}", f"--output={output}", f"--scale={self.plan.scale}")
        interval = {"OTEL_METRIC_EXPORT_INTERVAL": str(EXPECTED)}
        done = subprocess.run(
            [sys.executable, "-m", "obskit", "generate", "alerts", *options],
            cwd=HERE,
            env={**os.environ, **self._env, **interval},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self, *kinds: str) -> None:
        """Start processes of the shop; all by default."""
        for kind in kinds or self.plan.runs:
            self._processes[kind] = Process(
                f"{self.name} {kind}",
                self._command(kind),
                cwd=HERE,
                log=self.home / f"{kind}.log",
                env={**self._env, **(self._newer if kind == "canary" else {})},
            )

    def _command(self, kind: str) -> list[str]:
        if kind == "web":
            bound = f"--bind={LOOPBACK}:{self._port}"
            threads = ("--workers=1", "--threads=24", "--worker-tmp-dir=/tmp")
            return [sys.executable, "-m", "gunicorn", *threads, bound, f"{APP}:app"]
        if kind == "jobs":
            return [sys.executable, f"{APP}.py"]
        worker = [sys.executable, "-m", "obskit", "check", "worker", f"--app={APP}"]
        if "disk" not in self.plan.parts:
            return worker
        mount = 'mount -t tmpfs -o size=1m tmpfs "$0" && exec "$@"'
        return ["unshare", "-rm", "sh", "-c", mount, str(self.home / "disk"), *worker]

    @property
    def _newer(self) -> dict[str, str]:
        # It keeps its results apart, and shares the slots that instances are told apart by.
        state = f"sqlite:///{self.home / 'canary.db'}"
        return {"SHOP_PARTS": "canary", "OBSKIT_STATE_URL": state}

    def goes_on(self, make: Callable[[House], AbstractContextManager[object]]) -> None:
        """Have something go on beside it, until it is paused or the shop is closed."""
        self._beside = make
        self._going_on.enter_context(make(self))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Without what goes on beside it meanwhile."""
        self._going_on.close()
        try:
            yield
        finally:
            self.goes_on(self._beside)

    def process(self, kind: str) -> Process:
        """One of its processes."""
        return self._processes[kind]

    def get(self, path: str) -> Answer:
        """Ask the shop."""
        return fetch(f"http://{LOOPBACK}:{self._port}{path}")

    def await_ready(self) -> None:
        """Return once it serves, if it does."""

        def serves() -> bool:
            for process in self._processes.values():
                process.require_alive()
            return "web" not in self._processes or self.get("/livez").status == 200

        wait_until(f"{self.name} serves", serves, seconds=60)

    @contextmanager
    def killed(self, kind: str) -> Iterator[None]:
        """Without a process meanwhile: ``kill -9``."""
        self._processes.pop(kind).kill()
        try:
            yield
        finally:
            self.start(kind)

    @contextmanager
    def file(self, name: str) -> Iterator[None]:
        """A file in its folder meanwhile."""
        (self.home / name).touch()
        try:
            yield
        finally:
            (self.home / name).unlink()

    @contextmanager
    def visited(self, path: str, every: float, people: int = 1) -> Iterator[None]:
        """Requests meanwhile: so many people, each of whom asks, and waits."""
        enough = Event()

        def ask() -> None:
            while not enough.wait(every):
                with suppress(OSError):  # it is not there: that is what the test is about
                    self.get(path)

        threads = [Thread(target=ask, daemon=True) for _ in range(people)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            enough.set()
            for thread in threads:
                thread.join()

    def close(self) -> None:
        """End its processes."""
        self._going_on.close()
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            process.stop()
