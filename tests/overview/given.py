"""What the tests of the overview are given: runs that were kept, processes that tell."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from obskit.config import Config
from obskit.overview.standing import folder
from obskit.state.store import Run

NOW = 1_700_000_000.0


def run(check: str = "rows", status: str = "ok", ago: float = 60.0, **facts: Any) -> Run:
    """A run of a check that began so many seconds ago."""
    given: dict[str, Any] = {
        "check": check,
        "status": status,
        "damped": status,
        "since": NOW - ago,
        "last_success": None,
        "row": 1,
        "value": None,
        "unit": "",
        "message": "",
        "details": {},
        "evidence": (),
        "started": NOW - ago,
        "duration": 0.5,
        **facts,
    }
    return Run(**given)


def told(**facts: Any) -> dict[str, Any]:
    """What the file of a process holds: of this one, which has no slot."""
    return {
        "pid": os.getpid(),
        "slot": None,
        "instance": "i-1",
        "started": NOW - 100,
        "heard": NOW - 2,
        "release": "1.4.2",
        "ledger": {"traces": {"accepted": 3}},
        "exporters": {"traces": {"exporter": "otlp", "reached": True}},
        "operations": {},
        "quotas": {},
        "checks": [],
        "errors": [],
        **facts,
    }


def write(config: Config, name: str, content: object) -> Path:
    """The file of a process."""
    place = folder(config)
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"{name}.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path
