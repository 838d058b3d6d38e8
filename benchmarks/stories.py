"""What `obskit dev` needs while stories come in: `python -m benchmarks.stories`.

Sends many stories of four spans and two lines each, and tells the memory that it has as they come, and
how long its page takes at the end: the newest, and those that a text is looked for in and not found.
"""

from __future__ import annotations

import argparse
import json
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any
from urllib.request import Request, urlopen

import psutil

#: MiB by which it may grow from one tenth of the stories to all of them.
LIMIT = 8.0
_BATCH = 100
_PAGES = {"the newest": "", "a text that nothing says": "?text=nowhere"}


def _attributes(**given: str) -> list[dict[str, Any]]:
    return [{"key": k.replace("_", "."), "value": {"stringValue": v}} for k, v in given.items()]


def _span(trace_id: str, parent: str, name: str, **attributes: str) -> dict[str, Any]:
    now = time.time_ns()
    return {
        "traceId": trace_id,
        "spanId": secrets.token_hex(8),
        "parentSpanId": parent,
        "name": name,
        "kind": 3 if parent else 2,
        "startTimeUnixNano": str(now),
        "endTimeUnixNano": str(now + 10_000_000),
        "attributes": _attributes(**attributes),
    }


def _story(number: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    trace_id = secrets.token_hex(16)
    top = _span(trace_id, "", "GET /orders", url_path=f"/orders/{number}", note="x" * 300)
    ids = {"traceId": trace_id, "spanId": top["spanId"]}
    statement = "SELECT * FROM orders WHERE id = ?"
    queries = [_span(trace_id, top["spanId"], "SELECT", db_query_text=statement) for _ in range(3)]
    line = {**ids, "severityNumber": 9, "body": {"stringValue": f"order {number} is placed"}}
    return [top, *queries], [{**line, "timeUnixNano": top["startTimeUnixNano"]}] * 2


def _post(url: str, document: dict[str, Any]) -> None:
    body, headers = json.dumps(document).encode(), {"Content-Type": "application/json"}
    urlopen(Request(url, body, headers), timeout=60).read()


def _send(endpoint: str, stories: int) -> Iterator[int]:
    resource = {"attributes": _attributes(service_name="shop")}
    for first in range(0, stories, _BATCH):
        made = [_story(number) for number in range(first, first + _BATCH)]
        spans = [{"spans": spans} for spans, _ in made]
        lines = [{"logRecords": lines} for _, lines in made]
        traces = [{"resource": resource, "scopeSpans": spans}]
        logs = [{"resource": resource, "scopeLogs": lines}]
        _post(f"{endpoint}/v1/traces", {"resourceSpans": traces})
        _post(f"{endpoint}/v1/logs", {"resourceLogs": logs})
        yield first + _BATCH


def _milliseconds(address: str) -> float:
    began = time.perf_counter()
    urlopen(address, timeout=60).read()
    return (time.perf_counter() - began) * 1_000


def main() -> int:
    """Measure, and say whether it is little enough."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stories", type=int, default=50_000)
    given = parser.parse_args()
    command = [sys.executable, "-m", "obskit", "dev", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as dev:
        assert dev.stdout is not None
        endpoint, page = (re.sub(r".*(http\S+)\n", r"\1", dev.stdout.readline()) for _ in range(2))
        drain = subprocess.Popen(["cat"], stdin=dev.stdout, stdout=subprocess.DEVNULL)
        process, grown = psutil.Process(dev.pid), {}
        for sent in _send(endpoint, given.stories):
            if sent % (given.stories // 10) == 0:
                grown[sent] = process.memory_info().rss / 2**20
                print(f"{sent:7} stories  {grown[sent]:6.1f} MiB", flush=True)
        for what, query in _PAGES.items():
            took = min(_milliseconds(page + query) for _ in range(5))
            print(f"page of {what}: {took:.0f} ms")
        dev.terminate()
        drain.wait()
    growth = max(grown.values()) - min(grown.values())
    print(f"from a tenth on it grew by {growth:.1f} MiB, at most {LIMIT:.0f}")
    return 0 if growth <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
