"""What a request takes while the collector fails, beside a healthy one: `python -m benchmarks.faults`.

One server for each fault, all of them up at once; they are asked in turn, so that noise hits all alike.
Telemetry is sent twice a second, so that each turn of load meets the fault.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tests.faults import accept, blackholed, faulty, hang, refusing, reset, status, trickle
from tests.faulty import Behaviour

from benchmarks.overhead.loop import OURS
from benchmarks.overhead.measurement import RATE, WARM
from benchmarks.overhead.server import Server

#: What the 99th percentile may be, of the one beside a healthy collector.
LIMIT = 1.3
HEALTHY = "healthy"
_OFTEN = {
    "OTEL_BSP_SCHEDULE_DELAY": "500",
    "OTEL_BLRP_SCHEDULE_DELAY": "500",
    "OTEL_METRIC_EXPORT_INTERVAL": "500",
}


class Turn(NamedTuple):
    """What one turn of load took, in milliseconds."""

    middle: float
    tail: float


@contextmanager
def _answering(behaviour: Behaviour) -> Iterator[str]:
    with faulty(behaviour) as server:
        yield f"http://127.0.0.1:{server.port}"


COLLECTORS: dict[str, Callable[[], AbstractContextManager[str]]] = {
    HEALTHY: partial(_answering, accept),
    "refuses": refusing,
    "takes no connection": blackholed,
    "never answers": partial(_answering, hang),
    "answers a byte a second": partial(
        _answering, trickle(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 1.0)
    ),
    "500": partial(_answering, status(500)),
    "429": partial(_answering, status(429, {"Retry-After": "1"})),
    "resets": partial(_answering, reset),
}


@contextmanager
def served(folder: Path) -> Iterator[dict[str, Server]]:
    """A server beside each collector."""
    with ExitStack() as stack:
        servers = {}
        for number, (name, collector) in enumerate(COLLECTORS.items()):
            own = folder / str(number)
            own.mkdir()
            address = stack.enter_context(collector()).removeprefix("http://")
            contender = replace(OURS, name=name, variables={**OURS.variables, **_OFTEN})
            servers[name] = Server(contender, address, own)
            stack.callback(servers[name].stop)
        for server in servers.values():
            server.begin()
            server.load(WARM, RATE)
        yield servers


def turn(server: Server, requests: int) -> Turn:
    """Ask so many times."""
    took = sorted(server.load(requests, RATE))
    return Turn(statistics.median(took) * 1e3, took[int(len(took) * 0.99)] * 1e3)


def measure(rounds: int, requests: int) -> dict[str, Turn]:
    """The medians over all turns, by collector."""
    turns: dict[str, list[Turn]] = {name: [] for name in COLLECTORS}
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as servers:
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
            turned = number % len(servers)
            names = [*servers][turned:] + [*servers][:turned]
            for name in names:
                turns[name].append(turn(servers[name], requests))
    return {
        name: Turn(*map(statistics.median, zip(*each, strict=True))) for name, each in turns.items()
    }


def main() -> int:
    """Print the table; with `--check` fail when the limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of everything, for CI")
    parser.add_argument("--check", action="store_true", help="fail when a limit is missed")
    options = parser.parse_args()
    begun = time.monotonic()
    found = measure(*((3, 200) if options.quick else (10, 400)))
    healthy = found[HEALTHY].tail
    print("| collector | p50 ms | p99 ms | of healthy | |\n|---|---|---|---|---|")
    for name, (middle, tail) in found.items():
        said = "missed" if tail > LIMIT * healthy else "met"
        print(f"| {name} | {middle:.2f} | {tail:.2f} | {tail / healthy:.2f} | {said} |")
    print(f"\nat most {LIMIT}; {time.monotonic() - begun:.0f} s", file=sys.stderr)
    missed = any(tail > LIMIT * healthy for _, tail in found.values())
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
