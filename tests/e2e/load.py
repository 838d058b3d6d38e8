"""Load: the shop is visited, and records are sent by hand, until the block is left."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event

from . import otlp
from .shop import Shop

ORDER = {"product_id": 2, "quantity": 3, "user_id": 7}


@dataclass
class Sent:
    """The ids of what was sent.

    Attributes:
        products: Request ids of the visits of a product.
        orders: Request ids of the orders.
        spans: Span ids that the collector has accepted.
        lines: Lines that the collector has accepted.
    """

    products: list[str] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)
    spans: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


@contextmanager
def load(shop: Shop, base: str, service: str) -> Iterator[Sent]:
    """Send meanwhile, from two threads; what either meets is raised on leaving.

    Args:
        shop: Is visited.
        base: Where the collector takes what is sent by hand.
        service: Under which name.
    """
    sent, enough = Sent(), Event()
    with ThreadPoolExecutor(2) as threads:
        work = [
            threads.submit(_visit, shop, sent, enough),
            threads.submit(_send, base, service, sent, enough),
        ]
        try:
            yield sent
        finally:
            enough.set()
        for each in work:
            each.result()


def _visit(shop: Shop, sent: Sent, enough: Event) -> None:
    while not enough.wait(0.03):
        visited, ordered = shop.get("/products/3"), shop.post("/orders", ORDER)
        assert (visited.status, ordered.status) == (200, 201)
        sent.products.append(visited.headers["x-request-id"])
        sent.orders.append(ordered.headers["x-request-id"])


def _send(base: str, service: str, sent: Sent, enough: Event) -> None:
    """Twenty of each at a time. What the collector does not accept, it has not promised."""
    resource = {"service.name": service}
    while not enough.wait(0.15):
        trace = otlp.trace_id()
        spans = [otlp.span(trace, "work") for _ in range(20)]
        lines = [f"line {span['spanId']}" for span in spans]
        try:
            otlp.send_spans(base, resource, spans)
            sent.spans += [str(span["spanId"]) for span in spans]
            otlp.send_logs(base, resource, [otlp.log_record(trace, line) for line in lines])
            sent.lines += lines
        except OSError:  # it is down
            time.sleep(0.2)
