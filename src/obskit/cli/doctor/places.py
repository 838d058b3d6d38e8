"""Places on disk and the state store: whether they can be written, how full they are."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from obskit.cli import state
from obskit.cli.doctor.patient import Finding, Patient
from obskit.clock import SYSTEM_CLOCK
from obskit.config import Config
from obskit.config.store_url import MEMORY, SHARED, sqlite_path
from obskit.duration import format_duration
from obskit.exceptions import StoreError
from obskit.export.spool import Spool, default_directory
from obskit.size import format_size
from obskit.state.opening import store_url
from obskit.telemetry.instance import run_directory

_LEAST_FREE = 0.05
_SKEW = 5.0
_LEASE = "obskit.doctor"


def diagnose(patient: Patient) -> Iterator[Finding]:
    """Where the service's processes keep what they share, and what could not be sent.

    Args:
        patient: The service.
    """
    config = patient.config
    run = run_directory(config.run_dir, config.service)
    folders = [run]
    yield _writable("run directory", run, _size(run))
    if config.spool_max_bytes:
        spool = Path(config.spool_dir) if config.spool_dir else default_directory(config.service)
        folders.append(spool)
        yield from _of_spool(spool, config)
    else:
        yield Finding("nothing is kept while a receiver is away: OBSKIT_SPOOL_MAX_BYTES is 0")
    yield from _of_store(patient)
    url = store_url(config)
    if url.startswith("sqlite:"):
        folders.append(Path(sqlite_path(url)).parent)
    yield from _of_disks(folders)
    yield Finding(
        f"what is shared and spooled can be written: {', '.join(map(str, folders))}", sums_up=True
    )


def _writable(what: str, folder: Path, size: str) -> Finding:
    """Whether files can be made in a folder, which may have to be made itself."""
    there = _nearest(folder)
    if not there.is_dir():
        return Finding(f"{what} {folder}: {there} is no folder", "remove it, or name another place")
    if not os.access(there, os.W_OK | os.X_OK):
        return Finding(
            f"{what} {folder}: {there} cannot be written by this user",
            "give it to the service's user, and run this as that user",
        )
    made = size if there == folder else "not made yet"
    return Finding(f"{what} {folder} can be written, {made}")


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    return next(path for path in (folder, *folder.parents) if path.exists())


def _size(folder: Path) -> str:
    files = [path for path in folder.glob("*") if path.is_file()]
    return format_size(sum(path.stat().st_size for path in files))


def _of_spool(folder: Path, config: Config) -> Iterator[Finding]:
    found = Spool(folder, config.spool_max_bytes, config.spool_max_age).snapshot()
    limit = format_size(config.spool_max_bytes)
    yield _writable("spool", folder, f"{format_size(found['bytes'])} of {limit}")
    for signal, waiting in found["signals"].items():
        age = format_duration(waiting["oldest_seconds"])
        yield Finding(
            f"{waiting['records']} records of {signal} wait in {folder}, the oldest for {age}: their"
            " receiver was away",
            "a running service sends them when it is back; else: obskit spool replay",
            mild=True,
        )
    if found["torn"]:
        yield Finding(
            f"{found['torn']} damaged files were set aside in {folder}/torn",
            "was the disk full? Remove them: obskit spool purge",
            mild=True,
        )


def _of_store(patient: Patient) -> Iterator[Finding]:
    url, where = store_url(patient.config), state.place(patient.config)
    if url == MEMORY:
        yield Finding("state is kept in memory: each process has its own, until it ends")
        return
    if patient.offline and url.startswith(SHARED):
        yield Finding(f"{where} is not asked: --offline")
        return
    if url.startswith("sqlite:") and not Path(sqlite_path(url)).exists():
        yield _writable("state", Path(sqlite_path(url)).parent, "")
        return
    began = SYSTEM_CLOCK.monotonic()
    holder = secrets.token_hex(8)
    try:
        # Taking the right to do something writes, and says what time it is there.
        lease = patient.store.lease(_LEASE, holder, 1.0)
        theirs = lease.until - 1.0 if lease else None
        ours = SYSTEM_CLOCK.now()
        if lease:
            patient.store.release(lease)
    except StoreError as error:
        yield Finding(f"the state cannot be written: {error}", "see OBSKIT_STATE_URL")
        return
    took = SYSTEM_CLOCK.monotonic() - began
    size = f", {format_size(_bytes(url))}" if url.startswith("sqlite:") else ""
    yield Finding(f"state {where} can be written, in {took * 1_000:.0f} ms{size}")
    if theirs is not None and abs(theirs - ours) > _SKEW:
        where = "ahead of" if theirs > ours else "behind"
        yield Finding(
            f"the clock of the state store is {format_duration(abs(theirs - ours))} {where} ours:"
            " checks of a fleet run too early, too late or twice",
            "synchronize both by NTP: timedatectl, chronyc tracking",
        )


def _bytes(url: str) -> int:
    file = Path(sqlite_path(url))
    found = [file, file.with_name(f"{file.name}-wal")]
    return sum(path.stat().st_size for path in found if path.exists())


def _of_disks(folders: list[Path]) -> Iterator[Finding]:
    disks = {_nearest(folder).stat().st_dev: folder for folder in folders}
    for folder in disks.values():
        usage = shutil.disk_usage(_nearest(folder))
        told = (
            f"the disk of {folder} has {format_size(usage.free)} of {format_size(usage.total)} left"
        )
        if usage.free < _LEAST_FREE * usage.total:
            yield Finding(told, "make room: what waits there is lost when it is full")
        else:
            yield Finding(told)
