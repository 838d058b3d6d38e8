"""Load: many processes that send through obskit, and probes that say how long a span takes to Jaeger."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import NamedTuple

from tests.e2e import otlp
from tests.e2e.build import ROOT
from tests.e2e.reading import jaeger_trace
from tests.scale.fleet import Fleet

#: The numbers that a process has for itself.
NUMBERS = 1_000_000


class Sent(NamedTuple):
    """What the senders of a service say.

    Attributes:
        numbers: Of the traces, and of the lines, that were begun.
        spans: Spans that agents have accepted.
        lines: Lines that agents have accepted.
        dropped: Records that a sender has dropped, and counted.
    """

    numbers: frozenset[int]
    spans: int
    lines: int
    dropped: int


class Senders:
    """Processes that send for some seconds.

    Args:
        fleet: Whose agents take it.
        folder: Where they keep what they cannot send.
        service: As what they send.
        seconds: How long.
        rate: Traces a second of each.
        each: Processes for each agent.
        agents: The agents; all of them by default.
    """

    def __init__(
        self,
        fleet: Fleet,
        folder: Path,
        service: str,
        *,
        seconds: float,
        rate: float,
        each: int = 2,
        agents: Sequence[int] | None = None,
    ) -> None:
        which = range(len(fleet.agents)) if agents is None else agents
        self._processes = [
            subprocess.Popen(
                [
                    *(sys.executable, "-m", "tests.scale.sender", service),
                    *(str(number * NUMBERS), str(seconds), str(rate)),
                ],
                cwd=ROOT,
                env={
                    **os.environ,
                    "OTEL_EXPORTER_OTLP_ENDPOINT": fleet.agents[agent].otlp,
                    # A steady stream: whatever is killed has something in its hands.
                    "OTEL_BSP_SCHEDULE_DELAY": "500",
                    "OTEL_BLRP_SCHEDULE_DELAY": "500",
                    "OBSKIT_SPOOL_DIR": str(folder / f"{service}-{number}"),
                    "OBSKIT_RUN_DIR": str(folder / f"{service}-{number}-run"),
                },
                stdout=subprocess.PIPE,
                text=True,
            )
            for number, agent in enumerate(agent for agent in which for _ in range(each))
        ]

    def wait(self) -> Sent:
        """Until all have ended; what they say."""
        numbers: set[int] = set()
        spans = lines = dropped = 0
        for number, process in enumerate(self._processes):
            output, _ = process.communicate(timeout=300)
            assert process.returncode == 0, output
            told = json.loads(output.splitlines()[-1])
            begin = number * NUMBERS
            numbers.update(range(begin, begin + told["sent"]))
            ledger = told["ledger"]
            spans += ledger["traces"]["exported"]
            lines += ledger["logs"]["exported"]
            dropped += sum(sum(ledger[each]["dropped"].values()) for each in ("traces", "logs"))
        return Sent(frozenset(numbers), spans, lines, dropped)


@contextmanager
def probed(fleet: Fleet, every: float = 0.5) -> Iterator[list[float]]:
    """Send a span now and then, and see how long it takes until Jaeger shows it: seconds."""
    delays: list[float] = []
    enough = Event()
    jaeger = fleet.stack.url("jaeger_query_http")

    def seen(trace: str, begun: float) -> None:
        while time.monotonic() - begun < 120:
            if jaeger_trace(jaeger, trace):
                delays.append(time.monotonic() - begun)
                return
            time.sleep(0.1)
        delays.append(float("inf"))

    def send(waiting: ThreadPoolExecutor) -> None:
        while not enough.wait(every):
            trace = otlp.trace_id()
            begun = time.monotonic()
            for agent in fleet.agents:
                try:
                    otlp.send_spans(
                        agent.otlp, {"service.name": "probe"}, [otlp.span(trace, "probe")]
                    )
                except OSError:  # it is away just now
                    continue
                waiting.submit(seen, trace, begun)
                break

    with ThreadPoolExecutor(64) as waiting, ThreadPoolExecutor(1) as sending:
        work = sending.submit(send, waiting)
        try:
            yield delays
        finally:
            enough.set()
        work.result()
