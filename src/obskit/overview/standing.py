"""What each process of this host tells of itself: read from the files that they write."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil

from obskit.checks.model import Status
from obskit.config import Config
from obskit.exceptions import StoreError
from obskit.operations.tally import Tally
from obskit.overview.model import ErrorView, ProcessView
from obskit.state import text
from obskit.state.opening import own_host
from obskit.state.store import Run
from obskit.telemetry.instance import living, run_directory

#: Seconds from one writing to the next.
PERIOD = 5.0

# A process that has not told for so long hangs, or its file is somebody else's, seconds.
_OLDEST = 30.0
_MOST_BYTES = 4 * 1_024 * 1_024


@dataclass(frozen=True)
class Told:
    """What a process tells.

    Attributes:
        process: The process.
        operations: What it has counted of each operation in its window.
        quotas: Of each quota: how much it has used in its window, and in the last tenth of that.
        checks: The latest runs of checks of this process alone, which no store keeps.
        errors: Its errors of late, the oldest first.
    """

    process: ProcessView
    operations: Mapping[str, Tally] = field(default_factory=dict)
    quotas: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    checks: Sequence[Run] = ()
    errors: Sequence[ErrorView] = ()


def folder(config: Config) -> Path:
    """Where the processes of a service tell of themselves.

    Args:
        config: The configuration.
    """
    run = run_directory(config.run_dir, config.service)
    return run / (config.environment or "any") / "standing"


def read(config: Config, now: float) -> tuple[list[Told], list[str]]:
    """What the living processes tell, and in words what could not be read. Never raises.

    Args:
        config: The configuration.
        now: Seconds since the Unix epoch.
    """
    host = own_host(config)
    found, problems = written(config, now)
    return [told(each, host) for each in found], problems


def written(config: Config, now: float) -> tuple[list[dict[str, Any]], list[str]]:
    """What the living processes have written, and in words what could not be read. Never raises.

    Args:
        config: The configuration.
        now: Seconds since the Unix epoch.
    """
    known: list[dict[str, Any]] = []
    problems: list[str] = []
    try:
        place = folder(config)
        slots = living(run_directory(config.run_dir, config.service))
        paths = sorted(place.glob("*.json"))
    except OSError as error:
        return [], [f"what processes tell cannot be read: {error}"]
    for path in paths:
        try:
            found = _found(path)
            if found is not None and _lives(found, slots, now):
                told(found)  # or it cannot be told of
                known.append(found)
        except (OSError, ValueError, TypeError, KeyError, AttributeError, StoreError) as error:
            problems.append(f"{path} cannot be read: {error}: its process will write it again")
    return sorted(known, key=lambda each: (float(each["started"]), int(each["pid"]))), problems


def _found(path: Path) -> dict[str, Any] | None:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return None  # its process has just ended
    if len(content) > _MOST_BYTES:
        raise ValueError(f"it is larger than {_MOST_BYTES} bytes")
    found: dict[str, Any] = json.loads(content)
    return found


def _lives(found: Mapping[str, Any], slots: Mapping[int, int], now: float) -> bool:
    if now - float(found["heard"]) > _OLDEST:
        return False
    pid, slot = int(found["pid"]), found["slot"]
    return slots.get(slot) == pid if slot is not None else bool(psutil.pid_exists(pid))


def told(found: Mapping[str, Any], host: str = "") -> Told:
    """What a process tells, of what it has written.

    Args:
        found: It, read.
        host: The host of the process, where hosts share the store.

    Raises:
        ValueError: It is not what a process of this release writes. So are `TypeError`, `KeyError`,
            `AttributeError` and `StoreError`.
    """
    process = ProcessView(
        pid=int(found["pid"]),
        instance=str(found["instance"]),
        started=float(found["started"]),
        heard=float(found["heard"]),
        release=str(found["release"]),
        ledger=dict(found["ledger"]),
        exporters=dict(found["exporters"]),
        host=host,
    )
    return Told(
        process,
        {name: _tally(each) for name, each in found["operations"].items()},
        {name: (int(used), int(recent)) for name, (used, recent) in found["quotas"].items()},
        [replace(_run(each), host=host) for each in found["checks"]],
        [_error(each) for each in found["errors"]],
    )


def _run(found: str) -> Run:
    run = text.read(Run, found)
    Status(run.damped)  # or it is no status
    return run


def _tally(found: Mapping[str, Any]) -> Tally:
    tally = Tally()
    tally.failed.update({str(name): int(count) for name, count in found["failed"].items()})
    durations = [int(count) for count in found["durations"]]
    if len(durations) != len(tally.durations):
        raise ValueError("another release wrote it, with other buckets")
    tally.durations = durations
    return tally


def _error(found: Mapping[str, Any]) -> ErrorView:
    texts = ("type", "message", "where", "request_id", "trace_id", "event_id")
    return ErrorView(time=float(found["time"]), **{name: str(found[name]) for name in texts})
