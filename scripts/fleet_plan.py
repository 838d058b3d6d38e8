"""Prints the tables of docs/scale.md: what was measured, and what each tier of a fleet needs by it.

python -m scripts.fleet_plan
python -m scripts.fleet_plan --hosts 250 --spans 400 --lines 50 --points 200
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from typing import NamedTuple


class Cost(NamedTuple):
    """Of one span, log record or point, as `make scale` prints it.

    Attributes:
        agent: Microseconds of a core.
        gateway: Microseconds of a core.
        kafka: Bytes in Kafka, compressed.
        otlp: Bytes as OTLP, in queues on disk and to the stores.
    """

    agent: float
    gateway: float
    kafka: float
    otlp: float


SPAN = Cost(46.5, 79.0, 62.0, 356.0)
LINE = Cost(38.0, 44.5, 61.0, 228.0)
POINT = Cost(14.0, 15.0, 5.0, 124.0)

#: Of a core's time: what remains is for bursts, and for catching up after an outage.
BUSY = 0.6
#: Cores of a gateway; its memory is one of these times a gigabyte.
CORES = 2
#: Copies of each message, and how long Kafka keeps it, seconds: a night without gateways.
COPIES, KEPT = 3, 12 * 3_600
#: Assumed and not measured: what a broker takes from all sides, bytes a second, and a partition.
BROKER, PARTITION = 50e6, 5e6
#: Assumed: a sample in Prometheus, bytes (its documentation says 1 to 2); days that stores keep.
SAMPLE, DAYS = 2.0, 15
#: The share of traces that tail sampling keeps by default.
SAMPLED = 0.1
#: The queue of an agent for each signal, bytes (`OTELCOL_QUEUE_BYTES`).
QUEUE = 268_435_456


class Load(NamedTuple):
    """What a host sends a second."""

    spans: float
    lines: float
    points: float

    def times(self, what: str) -> float:
        """The sum over a column of the costs."""
        parts = zip(self, (SPAN, LINE, POINT), strict=True)
        return sum(rate * float(getattr(cost, what)) for rate, cost in parts)


def plan(hosts: int, load: Load) -> Iterator[tuple[str, str]]:
    """What a fleet of so many hosts needs, a line each.

    >>> dict(plan(10, Load(100, 100, 100)))["agent: of a core of each host"]
    '1.0 %'
    """
    agent, gateway = load.times("agent") / 1e6, hosts * load.times("gateway") / 1e6
    into, raw = hosts * load.times("kafka"), hosts * load.times("otlp")
    gateways = max(2, math.ceil(gateway / BUSY / CORES))
    partitions = max(6, 3 * gateways, math.ceil(into / PARTITION))
    outage = QUEUE / max(load.spans * SPAN.otlp, load.lines * LINE.otlp)
    brokers = max(3, math.ceil(into * (COPIES + 1) / BROKER))
    traces, lines = load.spans * SPAN.otlp * SAMPLED, load.lines * LINE.kafka
    day = hosts * 86_400
    yield "agent: of a core of each host", f"{agent:.1%}".replace("%", " %")
    yield "agent: its queue lasts without Kafka", f"{outage / 3_600:.1f} h"
    yield "host: network out", f"{_bytes(load.times('kafka'))}/s"
    yield "Kafka: in", f"{_bytes(into)}/s"
    yield "Kafka: partitions of a topic", f"{partitions}"
    yield "Kafka: brokers", f"{brokers}"
    yield "Kafka: disk of all brokers", _bytes(into * KEPT * COPIES)
    yield f"gateways of {CORES} cores", f"{gateways}"
    yield (
        "gateways: network out",
        f"{_bytes(raw - hosts * load.spans * SPAN.otlp * (1 - SAMPLED))}/s",
    )
    yield "traces: disk a day", _bytes(traces * day)
    yield "logs: disk a day", _bytes(lines * day)
    yield "metrics: series, one point a minute", f"{hosts * load.points * 60:,.0f}"
    yield f"metrics: disk for {DAYS} days", _bytes(hosts * load.points * SAMPLE * DAYS * 86_400)


def costs() -> Iterator[str]:
    """What one of each costs, as a table in Markdown."""
    yield "| of one | agent, µs of a core | gateway, µs of a core | bytes in Kafka | bytes as OTLP |"
    yield "|---|---|---|---|---|"
    for name, cost in {"span": SPAN, "log record": LINE, "point of a metric": POINT}.items():
        yield f"| {name} | {' | '.join(f'{each:g}' for each in cost)} |"


def table(fleets: list[int], load: Load) -> Iterator[str]:
    """A table in Markdown, a column for each fleet."""
    columns = [dict(plan(hosts, load)) for hosts in fleets]
    yield f"| hosts | {' | '.join(f'{hosts:,}' for hosts in fleets)} |"
    yield f"|---|{'---|' * len(fleets)}"
    for name in columns[0]:
        yield f"| {name} | {' | '.join(column[name] for column in columns)} |"


def _bytes(number: float) -> str:
    power = min(5, int(math.log10(max(number, 1)) // 3))
    return f"{number / 1_000**power:.3g} {('B', 'kB', 'MB', 'GB', 'TB', 'PB')[power]}"


def main() -> None:
    """Print the plan that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, nargs="+", default=[10, 1_000, 100_000])
    for name in Load._fields:
        parser.add_argument(f"--{name}", type=float, default=100.0, help="a second of each host")
    given = parser.parse_args()
    print(*costs(), "", sep="\n")
    print(*table(given.hosts, Load(given.spans, given.lines, given.points)), sep="\n")


if __name__ == "__main__":
    main()
