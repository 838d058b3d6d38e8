"""A service with checks that are really run, in a stack with its rules, and drills of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from .reading import fetch
from .stack import Stack
from .waiting import wait_until

APP = """
import obskit

obskit.init("shop", environment="production")
checks = obskit.Registry()


@checks.check("database", every="1s", severity="sev1", owner="data")
def database():
    return True


@checks.check("rows", every="1h")
def rows():
    return True


@obskit.job("import", expect_every="24h", severity="sev2", registry=checks)
def work(): ...


obskit.operation("payment", max_error_ratio=0.1, window="10m", min_runs=20, registry=checks)
"""


def run(folder: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    environ = {**environ_of(folder), **env}
    command = [sys.executable, "-m", "obskit", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=170, check=False
    )


def environ_of(folder: Path) -> dict[str, str]:
    state = {"OBSKIT_RUN_DIR": f"{folder}/run", "OBSKIT_STATE_URL": f"sqlite:///{folder}/state.db"}
    return {**os.environ, **state, "OBSKIT_SPOOL_MAX_BYTES": "0"}


class Shop:
    """A stack with the rules of a service, whose checks are really run and are well."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack = stack
        self.folder = folder
        self.drill = ""

    def simulate(self, name: str, *arguments: str, **urls: str) -> tuple[list[str], int]:
        """The drill's lines, without its times, and its exit code."""
        command = self.command(name, *arguments, **urls)
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=environ_of(self.folder),
            capture_output=True,
            text=True,
            timeout=170,
            check=False,
        )
        assert done.stderr == "", done.stderr
        self.drill = done.stdout.split(":")[0].removeprefix("drill ")
        return [shown(line) for line in done.stdout.splitlines()], done.returncode

    def command(self, name: str, *arguments: str, **urls: str) -> list[str]:
        where = {
            "prometheus": self.stack.url("prometheus_http"),
            "alertmanager": self.stack.url("alertmanager_http"),
            "otlp": self.stack.url("collector_otlp_http"),
            **urls,
        }
        options = [part for key, url in where.items() for part in (f"--{key}", url)]
        told = ["alerts", "simulate", name, "--app", "shop:checks", *options, *arguments]
        return [sys.executable, "-m", "obskit", *told]


def shown(line: str) -> str:
    line = re.sub(r"\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{4}", "ID", line)
    line = re.sub(r" *\d+\.\d s\b", " T", line)
    return re.sub(r"http://127\.0\.0\.1:\d+", "URL", line)


def start(stack: Stack, folder: Path, *services: str, rules: bool = True) -> Shop:
    if rules:
        done = run(
            folder, "generate", "alerts", "--app", "shop:checks", "-o", str(folder / "generated"),
            "--scale", "0.01", OTEL_METRIC_EXPORT_INTERVAL="1000",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        place = stack.directory / "prometheus" / "etc" / "rules"
        place.mkdir(parents=True)
        for file in (folder / "generated" / "prometheus" / "rules").iterdir():
            (place / file.name).write_text(file.read_text())
    stack.start(*services)
    # What fires before is sent again after a minute only.
    url = f"{stack.url('prometheus_http')}/api/v1/alertmanagers"
    wait_until("Alertmanager is known", lambda: fetch(url).json["data"]["activeAlertmanagers"])
    return Shop(stack, folder)
