"""The monitoring costs too much: the time of checks, what each request pays, the room of log files."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from pathlib import Path

from obskit.cli.doctor import each_request
from obskit.cli.doctor.patient import Finding, Patient
from obskit.duration import format_duration
from obskit.logfiles import naming

_BACK = 7 * 86_400.0
_MOST = 1_000
#: Of the time so much may go to checks, and to one of them.
_OF_ALL, _OF_ONE = 0.2, 0.05
#: Of its room so much may be taken by log files.
_FULL = 0.9


def diagnose(patient: Patient) -> Iterator[Finding]:
    """What takes time, and what takes room.

    Args:
        patient: The service.

    Raises:
        StoreError: The store cannot be read.
    """
    shares: dict[str, tuple[float, float]] = {}
    for check in patient.registry.checks.values():
        runs = patient.store.runs(check.name, since=patient.now - _BACK, limit=_MOST)
        if runs and isfinite(check.every):
            mean = sum(run.duration for run in runs) / len(runs)
            shares[check.name] = mean, mean / check.every
    for name, (mean, share) in sorted(shares.items()):
        if share > _OF_ONE:
            every = format_duration(patient.registry.checks[name].every)
            yield Finding(
                f"{name} takes {format_duration(mean)}, and runs every {every}",
                "run it more seldom, or have it look at less",
            )
    busy = sum(share for _, share in shares.values())
    told = f"checks take {busy:.2%} of the time of one thread"
    if busy > _OF_ALL:
        worst = sorted(shares, key=lambda name: shares[name][1], reverse=True)[:3]
        yield Finding(told, f"run these more seldom: {', '.join(worst)}")
    else:
        yield Finding(told)
    yield from each_request.diagnose(patient)
    yield from _of_room(patient)


def _of_room(patient: Patient) -> Iterator[Finding]:
    folder = Path(str(patient.config.log_folder))
    if patient.config.log_folder is None or not folder.is_dir():
        return
    streams = {
        stream: sum(path.stat().st_size for path in naming.files(folder, stream))
        for stream in naming.streams(folder)
    }
    most, taken = patient.config.log_folder_max_bytes, sum(streams.values())
    told = f"log files take {taken / 1e6:.1f} of {most / 1e6:.0f} MB"
    if taken > _FULL * most:
        largest = max(streams, key=lambda stream: streams[stream])
        remedy = f"{largest} is the largest: log less there, or raise OBSKIT_LOG_FOLDER_MAX_BYTES"
        yield Finding(told, remedy)
    else:
        yield Finding(told)
