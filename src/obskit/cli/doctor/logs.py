"""Logs are not written: the folder, the right to write, the disk, who rotates, loggers, processes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from obskit.cli.doctor import loggers
from obskit.cli.doctor.patient import Finding, Patient
from obskit.duration import format_duration
from obskit.logfiles import naming
from obskit.overview import standing

_LEAST_FREE = 0.05
# More that nobody has compressed is left by processes that no longer run.
_MOST_LEFT = 20
_QUIET = 86_400.0


def diagnose(patient: Patient) -> Iterator[Finding]:
    """Why lines may not be found in files.

    Args:
        patient: The service.
    """
    yield from _of_files(patient)
    yield from loggers.diagnose(patient)
    yield from _of_processes(patient)


def _of_files(patient: Patient) -> Iterator[Finding]:
    config = patient.config
    if config.log_folder is None:
        if config.exporter("logs") == "otlp":
            yield Finding("no file is written, as there is no folder; lines leave over OTLP")
            return
        yield Finding(
            "no file is written: there is no folder",
            "name one that exists by OBSKIT_LOG_FOLDER",
            mild=True,
        )
        return
    folder = Path(str(config.log_folder))
    if not folder.is_dir():
        yield Finding(
            f"{folder} is no folder", f"make it: mkdir -p {folder}; the service goes on by itself"
        )
        return
    yield from _of_folder(folder, patient.now)


def _of_folder(folder: Path, now: float) -> Iterator[Finding]:
    closed = [path for path in (folder, *_active(folder)) if not os.access(path, os.W_OK)]
    for path in closed:
        yield Finding(f"{path} cannot be written by this user", "give it to the service's user")
    usage = shutil.disk_usage(folder)
    if usage.free < _LEAST_FREE * usage.total:
        yield Finding(
            f"the disk of {folder} is {1 - usage.free / usage.total:.0%} full", "make room"
        )
    left = [one for one in naming.rotated(folder) if not one.packed]
    if len(left) > _MOST_LEFT:
        yield Finding(
            f"{len(left)} rotated files in {folder} are not compressed",
            "start the service: it does that with its next line",
        )
    newest = max((path.stat().st_mtime for path in _active(folder)), default=None)
    if newest is None:
        yield Finding(f"{folder} holds no log file", "start the service with this folder")
    elif now - newest > _QUIET:
        yield Finding(
            f"nothing was written to {folder} for {format_duration(now - newest)}",
            "see that the service runs, as a user who may write there",
        )
    elif not closed:
        written = format_duration(max(0.0, now - newest))
        yield Finding(f"{folder} is written to, {written} ago the last time")


def _active(folder: Path) -> list[Path]:
    paths = (naming.active(folder, stream) for stream in naming.streams(folder))
    return [path for path in paths if path.exists()]


def _of_processes(patient: Patient) -> Iterator[Finding]:
    """What the processes that run tell of their own lines; they do where OBSKIT_CONSOLE is true."""
    for told in standing.read(patient.config, patient.now)[0]:
        process = told.process
        dropped = process.ledger.get("logs", {}).get("dropped", {})
        if dropped:
            reasons = ", ".join(f"{reason} {count}" for reason, count in dropped.items())
            yield Finding(
                f"pid {process.pid} has dropped {sum(dropped.values())} lines: {reasons}",
                "see its warnings of that, and whether the receiver keeps up",
                mild=True,
            )
        if process.exporters.get("logs", {}).get("reached") is False:
            yield Finding(
                f"lines of pid {process.pid} do not reach their receiver",
                "obskit doctor endpoints says how far it is reached",
            )
