"""What a thousand checks cost a process, and that runs leave nothing behind: `python -m benchmarks.checks`.

Two processes live side by side, one without checks and one with a thousand that do nothing, each due
once a minute; what the second one takes beyond the first is the cost. With `--quick` they are due ten
times as often, and the time is divided by that.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import psutil

import obskit
from obskit import Registry, default_runtime
from obskit.checks.watch import Watch
from obskit.declaration import Check

CHECKS, PERIOD, RUNS = 1_000, 60.0, 10_000
#: Of one core, and bytes above an idle process.
MOST_TIME, MOST_MEMORY = 0.02, 20 * 2**20
#: What the allocator may keep of ten thousand runs, bytes.
MOST_LEFT = 2**20
_PATIENCE = 120.0


class Count(NamedTuple):
    """What a process holds."""

    threads: int
    descriptors: int
    connections: int
    memory: int


def counted() -> Count:
    """What this process holds now."""
    me = psutil.Process()
    connections = len(me.net_connections())
    return Count(me.num_threads(), me.num_fds(), connections, me.memory_info().rss)


def watched(checks: int, every: float) -> Watch:
    """So many checks that do nothing, running."""
    obskit.init("benchmark", log_format="none")
    runtime, registry = default_runtime.current(), Registry()
    assert runtime is not None
    for number in range(checks):
        registry.add(f"check-{number}", lambda: None, every=every)
    watch = runtime.watch(registry)
    watch.ensure_started()
    wait(lambda: all(watch.results.standing(name) for name in registry.checks))
    return watch


def wait(holds: Callable[[], object]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + _PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise SystemExit("it never held")
        time.sleep(0.05)


def spend(checks: int, every: float, seconds: float) -> None:
    """Print what a process takes while it does nothing else, after all checks have run once."""
    watch = watched(checks, every)
    begun = time.process_time()
    time.sleep(seconds)
    spent = time.process_time() - begun
    last = [watch.results.standing(name) for name in watch.registry.checks]
    runs = sum(each.result.attempt for each in last if each) - checks
    print(json.dumps({"seconds": spent, "memory": counted().memory, "runs": runs}))


def run(runs: int) -> None:
    """Print what a process holds after some runs, which fill caches, and after many more."""
    watch = watched(100, 3_600.0)
    checks = [*watch.registry.checks.values()]
    print(json.dumps([_after(watch, checks, count) for count in (runs // 2, runs)]))


def _after(watch: Watch, checks: list[Check], runs: int) -> Count:
    for number in range(runs):
        watch.runner.run(checks[number % len(checks)])
    wait(lambda: not any("obskit-check-" in thread.name for thread in threading.enumerate()))
    time.sleep(3.0)  # what waits for history is written within two
    return counted()


def child(call: str, folder: str) -> subprocess.Popen[str]:
    """A process of its own that calls one of the functions above, with folders of its own."""
    own = {"OBSKIT_RUN_DIR": folder, "OBSKIT_SPOOL_DIR": folder}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    code = f"from benchmarks import checks; checks.{call}"
    command = [sys.executable, "-c", code]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**kept, **own})


def told(process: subprocess.Popen[str]) -> Any:
    """What it printed."""
    said, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"a process of the benchmark ended with {process.returncode}")
    return json.loads(said.splitlines()[-1])


def cost(folder: Path, *, faster: int, seconds: float) -> list[bool]:
    """Print what checks cost; whether each limit is met."""
    every = PERIOD / faster
    calls = {name: f"spend({count}, {every}, {seconds})" for name, count in (("idle", 0), ("busy", CHECKS))}  # fmt: skip
    for name in calls:
        (folder / name).mkdir()
    both = {name: child(call, str(folder / name)) for name, call in calls.items()}
    idle, busy = (told(both[name]) for name in ("idle", "busy"))
    share = (busy["seconds"] - idle["seconds"]) / seconds / faster
    memory = busy["memory"] - idle["memory"]
    print(f"{CHECKS} checks each {every:g} s for {seconds:g} s, {busy['runs']} runs;", end=" ")
    print(f"time divided by {faster}\n")
    print("| process | seconds of CPU | MiB |\n|---|---|---|")
    for name, found in (("idle", idle), ("with checks", busy)):
        print(f"| {name} | {found['seconds']:.2f} | {found['memory'] / 2**20:.1f} |")
    print("\n| cost at one run a minute | | at most | |\n|---|---|---|---|")
    rows = [
        row("of one core", share * 100, MOST_TIME * 100, "%"),
        row("memory", memory / 2**20, MOST_MEMORY / 2**20, "MiB"),
    ]
    complete = busy["runs"] >= CHECKS * seconds / every * 0.9
    if not complete:
        print("\nfewer runs than were due: nothing of this counts")
    return [*rows, complete]


def row(name: str, found: float, most: float, unit: str) -> bool:
    """Print one; whether it is met."""
    print(
        f"| {name} | {found:.2f} {unit} | {most:g} {unit} | {'met' if found < most else 'missed'} |"
    )
    return found < most


def left(folder: Path) -> list[bool]:
    """Print what many runs leave; whether that is nothing."""
    folder = folder / "left"
    folder.mkdir()
    before, after = (Count(*each) for each in told(child(f"run({RUNS})", str(folder))))
    print(f"\n| after | {RUNS // 2} runs | {RUNS} more | |\n|---|---|---|---|")
    met = []
    for name, one, two in zip(Count._fields, before, after, strict=True):
        kept = two - one <= (MOST_LEFT if name == "memory" else 0)
        met.append(kept)
        print(f"| {name} | {one:,} | {two:,} | {'met' if kept else 'missed'} |")
    return met


def main() -> int:
    """Print the tables; with `--check` fail when a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="ten times as often, for CI")
    parser.add_argument("--check", action="store_true", help="fail when a limit is missed")
    options = parser.parse_args()
    faster, seconds = (10, 30.0) if options.quick else (1, 120.0)
    with tempfile.TemporaryDirectory() as name:
        met = [*cost(Path(name), faster=faster, seconds=seconds), *left(Path(name))]
    return 1 if options.check and not all(met) else 0


if __name__ == "__main__":
    sys.exit(main())
