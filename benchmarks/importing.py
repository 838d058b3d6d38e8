"""What a service imports of obskit, as a ratio to what that stands on: processor time, taken in turn."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.overhead.instructions import total

# `import obskit` alone loads none of it.
OURS = "from obskit import changed, check, get_logger, metrics, set_level, span"
THEIRS = "import opentelemetry.sdk.trace, opentelemetry.sdk.metrics, structlog"
#: What a host may expect: no more than the libraries themselves and a little.
LIMIT = 1.3


def seconds(statement: str) -> float:
    """Processor time of one new interpreter for a statement: what else runs hardly changes it."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", statement], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def instructions(statement: str) -> int:
    """How many instructions one new interpreter takes for a statement; needs valgrind."""
    with tempfile.TemporaryDirectory() as folder:
        counts = Path(folder, "counts")
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={counts}"]
        command += [sys.executable, "-c", statement]
        environ = {**os.environ, "PYTHONHASHSEED": "0"}
        subprocess.run(command, check=True, capture_output=True, env=environ)
        return total(counts)


def main(rounds: int = 15) -> int:
    """Print the medians and their ratio; fail when it is past the limit."""
    seconds(OURS), seconds(THEIRS)  # the first run compiles
    pairs = [(seconds("pass"), seconds(OURS), seconds(THEIRS)) for _ in range(rounds)]
    bare, ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = (ours - bare) / (theirs - bare)
    print(f"{OURS:<75} {(ours - bare) * 1e3:6.0f} ms")
    print(f"{THEIRS:<75} {(theirs - bare) * 1e3:6.0f} ms")
    print(f"ratio {ratio:.2f}, limit {LIMIT}")
    return 0 if ratio < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
