"""The quests, running: Gunicorn and commands over a folder of their own, as `start` runs them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

from tests.e2e.processes import Process
from tests.e2e.waiting import wait_until
from tests.servers.conftest import free_port

HOME = Path(__file__).parents[2] / "examples" / "quests"
TOKEN = "tells-what-checks-say"
BIN = Path(sys.executable).parent


class Answer(NamedTuple):
    """What HTTP answered."""

    status: int
    body: str
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Said(NamedTuple):
    """What a command said."""

    code: int
    out: str
    errors: str

    @property
    def all(self) -> str:
        return self.out + self.errors


class Quests:
    """The example over a folder: its database, its logs, its state.

    Args:
        folder: The folder.
        given: Further variables.
    """

    def __init__(self, folder: Path, **given: str) -> None:
        self.folder = folder
        self.logs = folder / "log"
        self.lines = self.logs / "obskit"
        self.database = folder / "quests.sqlite3"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("OBSKIT_")},
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "QUESTS_DATA": str(folder),
            "QUESTS_URL": self.url,
            "QUESTS_DATABASE_WAIT": "1",
            "OBSKIT_RUN_DIR": str(folder / "run"),
            "OBSKIT_SPOOL_DIR": str(folder / "spool"),
            "OBSKIT_STATE_URL": f"sqlite:///{folder}/state.sqlite3",
            "OBSKIT_HEALTH_TOKEN": TOKEN,
            "DJANGO_SETTINGS_MODULE": "settings",
            **given,
        }
        self._server: Process | None = None
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()))

    def manage(self, *words: str, **given: str) -> Said:
        """`manage.py`, with further variables."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=HOME,
            env={**self.env, **given},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def obskit(self, *words: str, **given: str) -> Said:
        """`manage.py obskit`."""
        return self.manage("obskit", *words, **given)

    def checks(self, *names: str, **given: str) -> dict[str, dict[str, Any]]:
        """What checks say that are run now, by name."""
        said = self.obskit("check", "run", "--json", *names, **given)
        assert said.out, said.errors
        return {one["name"]: one for one in json.loads(said.out)["checks"]}

    def statuses(self, *names: str, **given: str) -> dict[str, str]:
        """How checks stand that are run now."""
        found = self.checks(*names, **given)
        return {name: found[name]["status"] for name in names}

    def start(self, **given: str) -> None:
        """Serve, and wait until it is ready."""
        self._server = Process(
            "quests",
            [
                *(str(BIN / "gunicorn"), "--bind", f"127.0.0.1:{self.port}"),
                *("--threads", "8", "--no-control-socket", "--worker-tmp-dir", str(self.folder)),
                "django.core.wsgi:get_wsgi_application()",
            ],
            cwd=HOME,
            log=self.folder / "console",
            env={**self.env, **given},
        )
        wait_until("the quests are ready", partial(self._ready, self._server))

    def stop(self) -> None:
        """End the server."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def ask(self, path: str, data: Mapping[str, str] | None = None, **headers: str) -> Answer:
        """A request; a POST where data are given."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        body = None if data is None else urlencode(data).encode()
        try:
            with self._opener.open(Request(self.url + path, body, named), timeout=20) as got:
                return Answer(got.status, got.read().decode(), dict(got.headers))
        except HTTPError as got:
            return Answer(got.code, got.read().decode(), dict(got.headers))

    def health(self) -> Answer:
        """What the health page says to who may know it."""
        return self.ask("/health/?full=true", Authorization=f"Bearer {TOKEN}")

    def seen(self, name: str) -> str:
        """How a check stands on the health page."""
        return str(self.health().json["checks"][name]["status"])

    def in_flight(self) -> int:
        """How many POSTs wait for their answer, as metrics tell it."""
        told = self.ask("/metrics", Authorization=f"Bearer {TOKEN}").body
        found = re.findall(r'^http_server_active_requests\{.*"POST".*\} (\S+)', told, re.MULTILINE)
        return sum(int(float(count)) for count in found)

    def report(self, check: str, **given: str) -> dict[str, Any]:
        """What `obskit check report` says of a check.

        Raises:
            LookupError: Nothing is kept of it yet.
        """
        said = self.obskit("check", "report", "--json", **given)
        checks: list[dict[str, Any]] = json.loads(said.out or '{"checks": []}')["checks"]
        return {one["check"]: one for one in checks}[check]

    def logged(self, words: str) -> set[tuple[str, str]]:
        """Level and event of each line that `obskit logs` finds by these words."""
        said = self.obskit("logs", "--json", "--grep", words, "--folder", str(self.lines))
        found = [json.loads(line) for line in said.out.splitlines()]
        return {(one["level"], one["event"]) for one in found}

    def approve(self, *numbers: int) -> list[int]:
        """Approve applications; the statuses of the answers."""
        return [
            self.ask(f"/applications/{number}/approve/", {}, X_User="ada").status
            for number in numbers
        ]

    def pending(self, quest: int) -> list[int]:
        """Applications for a quest that wait."""
        found = self.sql(
            f"SELECT id FROM quests_application WHERE status = 'pending' AND quest_id = {quest}"
        )
        return [int(row) for row in found]

    def sql(self, statement: str) -> list[Any]:
        """Do what no view does, in the database."""
        import sqlite3

        with sqlite3.connect(self.database, timeout=10) as connection:
            found = [row[0] for row in connection.execute(statement)]
        connection.close()
        return found

    def _ready(self, server: Process) -> bool:
        server.require_alive()
        return self.ask("/health/quick/").status == 200


def seeded(folder: Path, **given: str) -> Path:
    """A folder with the example's data, from which others are copied."""
    quests = Quests(folder, **given)
    quests.lines.mkdir(parents=True)
    said = quests.manage("seed")
    assert said.code == 0, said.all
    return folder


def copied(seed: Path, folder: Path, **given: str) -> Iterator[Quests]:
    """The example over a copy of these data; ended with the test."""
    shutil.copytree(seed, folder, dirs_exist_ok=True)
    quests = Quests(folder, **given)
    try:
        yield quests
    finally:
        quests.stop()


def generated(folder: Path) -> dict[str, str]:
    """The files of a folder that are kept: neither runbooks nor the trials of the rules."""
    files = {
        str(file.relative_to(folder)): file.read_text()
        for part in ("alertmanager", "grafana", "prometheus/rules")
        for file in (folder / part).rglob("*")
        if file.is_file()
    }
    assert len(files) > 10
    return files
