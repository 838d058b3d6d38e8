"""What of a service arrived in Jaeger and Loki, by the number of each record."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from typing import NamedTuple
from urllib.parse import urlencode

from tests.e2e.reading import fetch, tags

_PAGE = 5000


class Arrived(NamedTuple):
    """What a backend holds of what was numbered.

    Attributes:
        records: How many there are, each once.
        doubled: How many more there are of them.
        numbers: The numbers of traces or lines of which anything is there.
        split: Traces of which no gateway had all spans.
    """

    records: int
    doubled: int
    numbers: frozenset[int]
    split: int = 0


def spans(base: str, service: str) -> Arrived:
    """The spans of a service in Jaeger."""
    asked = urlencode({"service": service, "limit": 100_000, "lookback": "2h", "raw": "true"})
    found = fetch(f"{base}/api/traces?{asked}").json["data"]
    each: Counter[str] = Counter()
    by_gateway: dict[int, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for trace in found:
        for span in trace["spans"]:
            each[span["spanID"]] += 1
            told = tags(span)
            by_gateway[int(told["number"])][str(told.get("gateway"))].add(span["spanID"])
    split = sum(
        max(map(len, held.values())) < len(set().union(*held.values()))
        for held in by_gateway.values()
    )
    return Arrived(len(each), each.total() - len(each), frozenset(by_gateway), split)


def lines(base: str, service: str, since: float) -> Arrived:
    """The lines of a service in Loki."""
    each: Counter[int] = Counter()
    begin, end = int(since * 1e9), int((time.time() + 60) * 1e9)
    while True:
        asked = urlencode(
            {
                "query": f'{{service_name="{service}"}}',
                "limit": _PAGE,
                "start": begin,
                "end": end,
                "direction": "forward",
            }
        )
        streams = fetch(f"{base}/loki/api/v1/query_range?{asked}").json["data"]["result"]
        page = [(int(at), line) for stream in streams for at, line in stream["values"]]
        # Of the last instant of a full page there may be more: it is asked for again.
        last = max((at for at, _ in page), default=0)
        full = len(page) >= _PAGE
        for at, line in page:
            if not full or at < last:
                each[int(line.rpartition(" ")[2])] += 1
        if not full:
            return Arrived(len(each), each.total() - len(each), frozenset(each))
        begin = last
