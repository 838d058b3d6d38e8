"""The example of the volunteers, started as a person would, and what its operators do and see."""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

EXAMPLE = Path(__file__).parents[3] / "examples" / "volunteers"
PATIENCE = 60.0
TOKEN = {"Authorization": "Bearer watchful"}
ENVIRON = {
    "VOLUNTEERS_CHECK_EVERY": "3s",
    "VOLUNTEERS_WINDOW": "10s",
    "VOLUNTEERS_GROWTH_OVER": "20s",
    "VOLUNTEERS_SLOW_QUERY": "50ms",
    "OTEL_METRIC_EXPORT_INTERVAL": "500",
    "OBSKIT_HEALTH_TOKEN": "watchful",
    "COLUMNS": "200",
}


class Office:
    """The example as `start` starts it, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.data = folder
        venv = str(Path(sys.executable).parent)
        self.environ = {
            **{name: value for name, value in os.environ.items() if name != "BREAK"},
            **ENVIRON,
            "PATH": f"{venv}:{os.environ['PATH']}",
            "VOLUNTEERS_DATA": str(folder),
        }
        self.server = subprocess.Popen(
            [EXAMPLE / "start"],
            env=self.environ,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.server.stdout is not None
        greeting = iter(self.server.stdout.readline, "")
        self.url = next(found[0] for line in greeting if (found := re.search(r"http\S+", line)))

    def close(self) -> None:
        """Ctrl-C."""
        os.killpg(self.server.pid, signal.SIGINT)
        assert self.server.stdout is not None
        self.server.communicate(timeout=PATIENCE)

    def run(self, *command: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """A command as an operator gives it, or cron."""
        return subprocess.run(
            ["bash", "-c", '. "$0"; "$@"', str(self.data / "env.sh"), *command],
            env={**self.environ, **environ},
            cwd=EXAMPLE,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def check(self, *arguments: str, **environ: str) -> tuple[int, str]:
        """`obskit check run`: its exit code and its output."""
        done = self.run("obskit", "check", "run", "--app", "app", *arguments, **environ)
        assert done.returncode < 4, done.stderr
        return done.returncode, done.stdout

    def said(self, *arguments: str) -> str:
        """The output of a command of obskit."""
        done = self.run("obskit", *arguments)
        assert done.returncode < 4, done.stderr
        return done.stdout

    def change(self, *statements: str, of: str = "volunteers.db") -> None:
        """Change the data, as somebody may by mistake."""
        with closing(sqlite3.connect(self.data / of, timeout=30, isolation_level=None)) as database:
            for statement in statements:
                database.execute(statement)

    def status(self, group: str) -> dict[str, str]:
        """How the checks of a group stand at the health endpoint."""
        _, answer = self.ask(f"/health/{group}", TOKEN)
        return {name: check["status"] for name, check in answer["checks"].items()}

    def awaits(self, group: str, visit: str = "", **wanted: str) -> dict[str, str]:
        """How the checks of a group stand as soon as they stand so, or after a while of visits."""
        end = time.monotonic() + PATIENCE / 2
        while True:
            found = self.status(group)
            asked = {name: found[name.replace("_", "-")] for name in wanted}
            if asked == wanted or time.monotonic() > end:
                return asked
            if visit:
                self.ask(visit)
            time.sleep(0.05)

    def ask(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        """What a page answers."""
        return answer(urllib.request.build_opener(), f"{self.url}{path}", headers)

    def teacher(self, number: int) -> Callable[[str], tuple[int, Any]]:
        """What pages answer a teacher who has logged in."""
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        browser = urllib.request.build_opener(jar)
        given = {"email": f"teacher{number}@example.org", "pin": str(1000 + number)}
        assert answer(browser, f"{self.url}/login", data=given)[0] == 200
        return lambda path: answer(browser, f"{self.url}{path}")


def answer(
    browser: urllib.request.OpenerDirector,
    url: str,
    headers: dict[str, str] | None = None,
    data: dict[str, str] | None = None,
) -> tuple[int, Any]:
    body = json.dumps(data).encode() if data else None
    told = {"Content-Type": "application/json", **(headers or {})}
    try:
        with browser.open(urllib.request.Request(url, body, told), timeout=PATIENCE) as got:
            return got.status, json.loads(got.read() or b"null")
    except urllib.error.HTTPError as error:
        with error:
            read = error.read()
        return error.code, json.loads(read) if read.startswith(b"{") else None
