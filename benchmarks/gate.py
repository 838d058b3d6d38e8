"""Hold a few ratios against those recorded: `python -m benchmarks.gate`, `--record` to record.

Each is smaller where obskit is cheaper. One that got worse is measured once more before it fails.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

from benchmarks import encoding, importing
from benchmarks.overhead import instructions, loop
from obskit.redaction import plain

RECORDED = Path(__file__).with_name("recorded.json")
#: How much worse a ratio may become.
TOLERANCE = 0.15


def of_loop() -> float:
    """The request path with all signals, of the contrib Flask instrumentation alone."""
    return loop.ratio(rounds=10)


def of_encoder() -> float:
    """Obskit's encoder, of the stock one; for spans with new values that are redacted."""

    def redacted(key: str, value: Any) -> Any:
        return plain(value, key)

    count = encoding.RECORDS
    batches = [encoding.spans(count * number, 1) for number in range(31)]
    faster = encoding.measure("span", encode_spans, encoding.of_spans, batches, redacted)
    return 1 / faster


def of_import() -> float:
    """`import obskit`, of what it stands on."""
    statements = ("pass", importing.OURS, importing.THEIRS)
    rounds = [[importing.seconds(each) for each in statements] for _ in range(8)]
    bare, ours, theirs = (statistics.median(each) for each in zip(*rounds, strict=True))
    return float((ours - bare) / (theirs - bare))


def of_request() -> float:
    """What a request takes with all signals: instructions, or calls."""
    return instructions.count("obskit, all signals", sentry=True)


MEASURES: dict[str, Callable[[], float]] = {
    "loop": of_loop,
    "encoder": of_encoder,
    "import": of_import,
    # A count of calls is no count of instructions: each has its own record.
    f"{instructions.way()} a request": of_request,
}


def worse(name: str, measured: float, recorded: dict[str, float]) -> bool:
    """Print a measure, and tell whether it is past what is allowed."""
    before = recorded.get(name)
    if before is None:
        print(f"{name:<26} {measured:12.3f}  nothing recorded")
        return False
    past = measured > before * (1 + TOLERANCE)
    verdict = "WORSE" if past else "ok"
    print(f"{name:<26} {measured:12.3f}  recorded {before:12.3f}  {verdict}", flush=True)
    return past


def median(measure: Callable[[], float]) -> float:
    """The middle of three: what is recorded should be no lucky run."""
    return round(statistics.median(measure() for _ in range(3)), 4)


def main() -> int:
    """Measure, and compare or record."""
    begun = time.monotonic()
    if "--record" in sys.argv[1:]:
        recorded = {name: median(measure) for name, measure in MEASURES.items()}
        RECORDED.write_text(json.dumps(recorded, indent=2) + "\n")
        print(RECORDED.read_text(), end="")
        return 0
    recorded = json.loads(RECORDED.read_text())
    suspects = [name for name, each in MEASURES.items() if worse(name, each(), recorded)]
    failed = [name for name in suspects if worse(name, MEASURES[name](), recorded)]
    print(f"{time.monotonic() - begun:.0f} s", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
