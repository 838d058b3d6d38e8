"""The measurement: contenders in turn, in short slices, so that noise hits all alike."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.overhead import environments
from benchmarks.overhead.collection import Collection
from benchmarks.overhead.contenders import Contender
from benchmarks.overhead.server import Server, variables

#: Requests a second; far from what one worker can serve, and slow enough that no peer must drop.
RATE = 100
#: What may be missing of what is expected: a sender that drops more does not count.
TOLERANCE = 0.02
#: Requests before anything is measured.
WARM = 50
#: Seconds after which the slowest sender by its defaults, elastic-apm, has sent what waits.
REST = 11


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes:
        rounds: How often each contender has its turn.
        requests: Requests of a turn.
        starts: How often each is started anew.
    """

    rounds: int = 12
    requests: int = 300
    starts: int = 7


@dataclass
class Row:
    """What was measured of one contender; times in microseconds, memory in bytes."""

    contender: Contender
    cpu: list[float] = field(default_factory=list)
    median: list[float] = field(default_factory=list)
    tail: list[float] = field(default_factory=list)
    start: list[float] = field(default_factory=list)
    resident: int = 0
    requests: int = 0
    console: int = 0
    received: dict[str, int] = field(default_factory=dict)

    def missing(self) -> list[str]:
        """What should have arrived and did not."""
        arrived = {**self.received, "console": self.console}
        lacking = [
            f"{kind}: {arrived.get(kind, 0) / self.requests:.2f} of {number} a request"
            for kind, number in self.contender.expected.items()
            if arrived.get(kind, 0) < number * self.requests * (1 - TOLERANCE)
        ]
        if self.contender.points and not arrived.get("points"):
            lacking.append("metric points")
        return lacking + [kind for kind in arrived if kind.startswith("unreadable")]

    def document(self) -> dict[str, Any]:
        """The row as plain values."""
        return {**asdict(self), "missing": self.missing()}


def measure(
    contenders: list[Contender], sink: Collection, folder: Path, effort: Effort
) -> list[Row]:
    """Measure them; the rows stand in their order."""
    rows = {contender.name: Row(contender) for contender in contenders}
    folders = {name: folder / name for name in rows}
    for each in folders.values():
        each.mkdir()
    _starts(contenders, rows, sink, folders, effort)
    already = sink.counts()
    servers = [Server(each, sink.address(each.name), folders[each.name]) for each in contenders]
    try:
        for server in servers:
            server.begin()
            server.load(WARM, RATE)
            server.pause()
        for number in range(effort.rounds):
            print(f"round {number + 1} of {effort.rounds}", file=sys.stderr, flush=True)
            turned = number % len(servers)
            for server in servers[turned:] + servers[:turned]:
                _turn(server, rows[server.contender.name], effort)
        for server in servers:
            rows[server.contender.name].resident = server.resident()
            server.resume()
        time.sleep(REST)
    finally:
        for server in servers:
            server.stop()
    arrived = sink.counts()
    for server in servers:
        row, name = rows[server.contender.name], server.contender.name
        row.requests, row.console = server.requests, server.console_lines()
        before = already[name]
        row.received = {
            kind: number - before.get(kind, 0) for kind, number in arrived[name].items()
        }
    return list(rows.values())


def _turn(server: Server, row: Row, effort: Effort) -> None:
    # What waits from the turn before is sent in this one: each request's export is counted once.
    before = server.cpu()
    server.resume()
    took = sorted(server.load(effort.requests, RATE))
    server.pause()
    row.cpu.append((server.cpu() - before) / effort.requests * 1e6)
    row.median.append(statistics.median(took) * 1e6)
    row.tail.append(took[int(len(took) * 0.99)] * 1e6)


def _starts(
    contenders: list[Contender],
    rows: dict[str, Row],
    sink: Collection,
    folders: dict[str, Path],
    effort: Effort,
) -> None:
    """What a new process takes to import the app, set it up and end."""
    for number in range(effort.starts + 1):
        for each in contenders:
            command = [environments.python(each.environment), "-c"]
            command.append(f"import benchmarks.overhead.apps.{each.app}")
            before = _children()
            subprocess.run(
                command,
                check=True,
                cwd=folders[each.name],
                env=variables(each, sink.address(each.name), folders[each.name]),
                capture_output=True,
            )
            if number:  # the first run compiles
                rows[each.name].start.append((_children() - before) * 1e6)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
