"""No observability at all: what the others are measured from."""

from benchmarks.overhead.apps.shop import build

app = build(lambda _number: None, lambda _number, _total: None)
