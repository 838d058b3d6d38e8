"""Sends numbered traces and lines through obskit, at a rate, and says what became of them.

    python -m tests.scale.sender SERVICE FIRST SECONDS TRACES_A_SECOND

Prints the ledger as JSON. A trace is a root and four children; each has the number of its trace.
"""

from __future__ import annotations

import json
import sys
import time

import obskit

#: Spans of a trace.
SPANS = 5


def main(service: str, first: int, seconds: float, rate: float) -> None:
    """Send."""
    obskit.init(service=service, log_format="none")
    log = obskit.get_logger("load")
    begun, sent = time.monotonic(), 0
    while (elapsed := time.monotonic() - begun) < seconds:
        for _ in range(int(elapsed * rate) - sent):
            with obskit.span("order", number=first + sent):
                for step in range(SPANS - 1):
                    with obskit.span("step", number=first + sent, step=step):
                        pass
                log.info("line %d", first + sent)
            sent += 1
        time.sleep(0.02)
    obskit.shutdown(timeout=120)
    ledger = obskit.status()["ledger"]
    print(json.dumps({"sent": sent, "ledger": ledger}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]))
