"""Bugsink, the Sentry-compatible server, on a copy of the migrated databases."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .build import BUGSINK_PART
from .processes import Process
from .reading import fetch
from .services import LOOPBACK, free_ports
from .waiting import wait_until

# Appended to Bugsink's own template: no calls home, no debug pages, room for a burst of events.
SETTINGS = """
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
BUGSINK.update(
    PHONEHOME=False,
    BASE_URL={url!r},
    INGEST_STORE_BASE_DIR={ingest!r},
    MAX_EVENTS_PER_PROJECT_PER_5_MINUTES=1_000_000,
    MAX_EVENTS_PER_PROJECT_PER_HOUR=1_000_000,
    MAX_EVENTS_PER_5_MINUTES=1_000_000,
    MAX_EVENTS_PER_HOUR=1_000_000,
)
"""

CREATE_PROJECT = """
import json
import django
django.setup()
from bsmain.models import AuthToken
from projects.models import Project
from teams.models import Team
project = Project.objects.create(name="e2e", slug="e2e", team=Team.objects.create(name="e2e"))
print(json.dumps({"dsn": project.dsn, "token": AuthToken.create_full_access().token}))
"""


@dataclass(frozen=True)
class Bugsink:
    """A running server, with one project."""

    process: Process
    url: str
    dsn: str
    token: str


def start_bugsink(directory: Path) -> Bugsink:
    """Start it in ``directory`` on a free port, and wait until it serves."""
    shutil.copytree(BUGSINK_PART.path / "template", directory)
    port = free_ports(["bugsink"])["bugsink"]
    url = f"http://{LOOPBACK}:{port}"
    with (directory / "bugsink_conf.py").open("a") as settings:
        settings.write(SETTINGS.format(url=url, ingest=str(directory / "ingest")))
    env = {"DJANGO_SETTINGS_MODULE": "bugsink_conf", "PYTHONPATH": str(directory)}
    programs = BUGSINK_PART.path / "venv" / "bin"
    created = subprocess.run(
        [programs / "python", "-c", CREATE_PROJECT],
        cwd=directory,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    if created.returncode:
        raise RuntimeError(f"Bugsink has no project: {created.stderr}")
    process = Process(
        "bugsink",
        [
            str(programs / "gunicorn"),
            "--workers=1",
            "--threads=4",
            "--no-control-socket",
            f"--bind={LOOPBACK}:{port}",
            "bugsink.wsgi",
        ],
        cwd=directory,
        log=directory.parent / "bugsink.log",
        env=env,
    )
    bugsink = Bugsink(process, url, **json.loads(created.stdout))
    try:
        wait_until("Bugsink is ready", lambda: _ready(bugsink), seconds=60)
    except BaseException:
        process.stop()
        raise
    return bugsink


def _ready(bugsink: Bugsink) -> bool:
    bugsink.process.require_alive()
    return fetch(f"{bugsink.url}/health/ready").status == 200
