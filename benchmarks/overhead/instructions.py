"""How many instructions a request takes in the process, counted by valgrind; no clock, no noise.

Nothing is exported meanwhile and no garbage is collected, so that two runs differ by less than half
a percent. Without valgrind it is the number of Python and C functions called, which is coarser.
"""

from __future__ import annotations

import gc
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.overhead import environments, loop, server
from benchmarks.overhead.contenders import CONTENDERS, Contender

#: Requests between two marks, and how often; fewer in all than a batch that would be sent.
BLOCK = 50
BLOCKS = 4
WARM = 100
WAYS = ("instructions", "calls")
_DAY = "86400000"
#: Where nothing listens: nothing is sent before the process ends.
_SINK = "127.0.0.1:1"
_QUIET = {
    "OTEL_BSP_SCHEDULE_DELAY": _DAY,
    "OTEL_BLRP_SCHEDULE_DELAY": _DAY,
    "OTEL_METRIC_EXPORT_INTERVAL": _DAY,
    "OBSKIT_SPOOL_MAX_BYTES": "0",
    "OBSKIT_SHUTDOWN_TIMEOUT": "0",
}


def serve(case: str, *, calls: bool) -> None:
    """The process that is counted: it marks where a block begins by a call that nobody else makes."""
    app = loop.CASES[case]()
    loop.ask(app, WARM)
    gc.collect()
    gc.disable()
    if calls:
        print(_calls(app), flush=True)
        return
    for _ in range(BLOCKS):
        os.getppid()
        loop.ask(app, BLOCK)
    os.getppid()


def _calls(app: loop.Application) -> float:
    counted = 0

    def note(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    sys.setprofile(note)
    loop.ask(app, BLOCK)
    sys.setprofile(None)
    return counted / BLOCK


def has_valgrind() -> bool:
    """Whether instructions can be counted here."""
    return shutil.which("valgrind") is not None


def count(case: str, way: str, *, sentry: bool = False) -> float:
    """What one request takes.

    Args:
        case: One of `loop.CASES`.
        way: What is counted, one of `WAYS`.
        sentry: Whether there is a DSN.
    """
    name = "obskit" if sentry else "obskit-no-sentry"
    contender = next(each for each in CONTENDERS if each.name == name)
    quiet = replace(contender, variables={**contender.variables, **_QUIET})
    with tempfile.TemporaryDirectory() as folder:
        return _count(case, way, quiet, Path(folder))


def _count(case: str, way: str, contender: Contender, folder: Path) -> float:
    command = [environments.python("obskit"), "-m", "benchmarks.overhead.instructions", case]
    variables = server.variables(contender, _SINK, folder)
    if way == "calls":
        command.append("calls")
        told = subprocess.run(
            command, cwd=folder, env=variables, check=True, capture_output=True, text=True
        )
        return float(told.stdout)
    valgrind = ["valgrind", "--tool=callgrind", "--dump-before=getppid"]
    valgrind.append(f"--callgrind-out-file={folder / 'counts'}")
    subprocess.run(
        [*valgrind, *command], cwd=folder, env=variables, check=True, capture_output=True
    )
    # The first is what came before the first mark.
    numbers = [total(folder / f"counts.{number}") for number in range(2, BLOCKS + 2)]
    return statistics.median(numbers) / BLOCK


def total(path: Path) -> int:
    """What valgrind counted in all."""
    for line in path.read_text().splitlines():
        if line.startswith("totals:"):
            return int(line.split()[1])
    raise SystemExit(f"valgrind wrote no total: {path}")


def sentry_ratio() -> float:
    """What a request without an error takes with Sentry on, of what it takes with Sentry off."""
    case, way = "obskit, all signals", WAYS[0] if has_valgrind() else WAYS[1]
    with ThreadPoolExecutor(2) as pool:
        on, off = pool.map(lambda sentry: count(case, way, sentry=sentry), (True, False))
    print(f"{way} a request: {on:,.0f} with Sentry, {off:,.0f} without", file=sys.stderr)
    return on / off


def request_ratio(way: str) -> float:
    """What a request takes with all signals, of what it takes with contrib's for Flask; above bare."""
    cases = ("obskit, all signals", "contrib Flask alone", "bare")
    with ThreadPoolExecutor(2) as pool:
        ours, theirs, bare = pool.map(
            lambda case: count(case, way, sentry=case.startswith("obskit")), cases
        )
    print(f"{way} a request: {ours:,.0f}, contrib {theirs:,.0f}, bare {bare:,.0f}", file=sys.stderr)
    return (ours - bare) / (theirs - bare)


if __name__ == "__main__":
    if sys.argv[1:]:
        serve(sys.argv[1], calls="calls" in sys.argv[2:])
    else:
        print(f"ratio {sentry_ratio():.4f}")
