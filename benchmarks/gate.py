"""Hold a few ratios against those recorded: `python -m benchmarks.gate`, `--record` to record.

Each is smaller where obskit is cheaper. What a request and the import take is counted, which hardly
varies. What is timed in turn varies: one that got worse is measured twice more, and the median of the
three decides. Each is held against its own record, of the same version of Python.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

from benchmarks import encoding, importing
from benchmarks.overhead import instructions, loop
from obskit.redaction import plain

RECORDED = Path(__file__).with_name("recorded.json")
VERSION = "{}.{}".format(*sys.version_info)
#: How much worse a ratio may become.
TOLERANCE = 0.15
_TIMES = 3


def of_loop() -> float:
    """The request path with all signals and what it sends, of the contrib Flask instrumentation alone."""
    return loop.ratio(rounds=12)


def of_encoder() -> float:
    """Obskit's encoder, of the stock one; for spans with new values that are redacted."""

    def redacted(key: str, value: Any) -> Any:
        return plain(value, key)

    count = encoding.RECORDS
    batches = [encoding.spans(count * number, 1) for number in range(31)]
    faster = encoding.measure("span", encode_spans, encoding.of_spans, batches, redacted)
    return 1 / faster


def of_import() -> float:
    """What a service imports of obskit, of what that stands on, each above a bare interpreter."""
    statements = ("pass", importing.OURS, importing.THEIRS)
    importing.seconds(importing.OURS)  # compiles
    with ThreadPoolExecutor(2) as pool:
        bare, ours, theirs = pool.map(importing.instructions, statements)
    return (ours - bare) / (theirs - bare)


TIMED: dict[str, Callable[[], float]] = {
    "loop": of_loop,
    "encoder": of_encoder,
}
COUNTED: dict[str, Callable[[], float]] = {
    "calls of a request": partial(instructions.request_ratio, "calls"),
}
BY_VALGRIND: dict[str, Callable[[], float]] = {
    "instructions of a request": partial(instructions.request_ratio, "instructions"),
    "instructions of the import": of_import,
}


def median(measure: Callable[[], float], *known: float) -> float:
    """The middle of three, of which some may be known."""
    return statistics.median((*known, *(measure() for _ in range(_TIMES - len(known)))))


def verdict(name: str, measure: Callable[[], float], before: float | None) -> bool:
    """Measure, say what came of it, and tell whether that is good."""
    if before is None:
        print(
            f"{name:<28} nothing recorded on Python {VERSION}: python -m benchmarks.gate --record"
        )
        return False
    found, limit = measure(), before * (1 + TOLERANCE)
    if name in TIMED and found > limit:
        found = median(measure, found)
    said = "WORSE" if found > limit else "ok"
    print(f"{name:<28} {found:8.4f}  recorded {before:8.4f}  {said}", flush=True)
    return found <= limit


def record() -> None:
    """Keep what is measured now, beside what is known of other versions of Python."""
    found = {name: median(each) for name, each in TIMED.items()}
    found |= {name: each() for name, each in (COUNTED | BY_VALGRIND).items()}
    recorded = json.loads(RECORDED.read_text())
    recorded[VERSION] = {name: round(each, 4) for name, each in found.items()}
    RECORDED.write_text(json.dumps(recorded, indent=2) + "\n")
    print(RECORDED.read_text(), end="")


def main() -> int:
    """Measure, and compare or record."""
    begun = time.monotonic()
    every = TIMED | COUNTED | BY_VALGRIND
    if not instructions.has_valgrind():
        print("valgrind is missing: no instructions are counted; install it", file=sys.stderr)
        if "--record" in sys.argv[1:] or os.environ.get("OBSKIT_REQUIRE_EVERYTHING"):
            return 1
        every = TIMED | COUNTED
    if "--record" in sys.argv[1:]:
        record()
        return 0
    recorded = json.loads(RECORDED.read_text()).get(VERSION, {})
    good = [verdict(name, measure, recorded.get(name)) for name, measure in every.items()]
    print(f"{time.monotonic() - begun:.0f} s", file=sys.stderr)
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
