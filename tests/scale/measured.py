"""What a scenario measured: a row of the table."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import quantiles
from typing import NamedTuple

from tests.e2e.waiting import wait_until
from tests.scale import arrived
from tests.scale.fleet import Fleet
from tests.scale.load import Senders, Sent, probed

# How long nothing may arrive any more before it is counted.
_STILL = 5.0


class Measured(NamedTuple):
    """A row.

    Attributes:
        name: Of the scenario.
        sent: What the senders say.
        spans: What is in Jaeger.
        lines: What is in Loki.
        delays: Of the probes, seconds.
        agent: Microseconds of a processor that agents used for a span.
        gateway: The same of gateways.
    """

    name: str
    sent: Sent
    spans: arrived.Arrived
    lines: arrived.Arrived
    delays: list[float]
    agent: float
    gateway: float

    @property
    def lost_spans(self) -> int:
        """Spans that an agent accepted and Jaeger has not."""
        return max(0, self.sent.spans - self.spans.records)

    @property
    def lost_lines(self) -> int:
        """Lines that an agent accepted and Loki has not."""
        return max(0, self.sent.lines - self.lines.records)

    def cells(self) -> list[str]:
        """The row as text."""
        p50, p99 = _percentiles(self.delays)
        return [
            self.name,
            f"{self.sent.spans} + {self.sent.lines}",
            f"{self.spans.records} + {self.lines.records}",
            f"{self.lost_spans} + {self.lost_lines}",
            f"{self.spans.doubled} + {self.lines.doubled}",
            f"{self.spans.split}",
            f"{p50:.1f}",
            f"{p99:.1f}",
            f"{self.agent:.0f}",
            f"{self.gateway:.0f}",
        ]


HEAD = [
    *("scenario", "accepted", "arrived", "lost", "doubled", "split"),
    *("delay p50 (s)", "p99 (s)", "agent (µs/span)", "gateway (µs/span)"),
]


def measure(
    fleet: Fleet,
    folder: Path,
    name: str,
    meanwhile: Callable[[], None] = lambda: None,
    *,
    seconds: float = 20.0,
    rate: float = 40.0,
) -> Measured:
    """Send through the fleet, do something to it meanwhile, and count what arrives."""
    service = name.replace(" ", "-")
    begun = time.time()
    with ExitStack() as open_:
        delays = open_.enter_context(probed(fleet))
        members = [*fleet.agents, *fleet.gateways]
        before = {member.name: member.cpu_seconds() for member in members}
        senders = Senders(fleet, folder, service, seconds=seconds, rate=rate)
        time.sleep(seconds / 4)
        meanwhile()
        sent = senders.wait()
    spans, lines = _settled(fleet, service, begun, sent)

    def used(role: str) -> float:
        group = [each for each in (*fleet.agents, *fleet.gateways) if each.name.startswith(role)]
        spent = [member.cpu_seconds() - before.get(member.name, 0.0) for member in group]
        return sum(spent) * 1e6 / max(1, sent.spans)

    return Measured(name, sent, spans, lines, delays, used("agent"), used("gateway"))


def _settled(
    fleet: Fleet, service: str, begun: float, sent: Sent
) -> tuple[arrived.Arrived, arrived.Arrived]:
    """What has arrived, once all of it has or nothing comes any more."""
    jaeger, loki = fleet.stack.url("jaeger_query_http"), fleet.stack.url("loki_http")
    last, since = -1, time.monotonic()

    def still() -> tuple[arrived.Arrived, arrived.Arrived] | None:
        nonlocal last, since
        spans, lines = arrived.spans(jaeger, service), arrived.lines(loki, service, begun)
        count = spans.records + lines.records + spans.doubled + lines.doubled
        if count != last:
            last, since = count, time.monotonic()
        complete = spans.records >= sent.spans and lines.records >= sent.lines
        quiet = time.monotonic() - since
        time.sleep(0.5)
        return (spans, lines) if quiet > (_STILL if complete else 6 * _STILL) else None

    return wait_until(f"{service} has arrived", still, seconds=180)


def _percentiles(delays: list[float]) -> tuple[float, float]:
    if len(delays) < 2:
        return (delays or [0.0])[0], (delays or [0.0])[0]
    cuts = quantiles(delays, n=100, method="inclusive")
    return cuts[49], cuts[98]
