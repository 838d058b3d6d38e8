"""What one looks for is found, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from obskit import names
from obskit.dev.archive import Archive
from obskit.dev.search import Wanted
from obskit.stories.signals import Raised

from . import given


@pytest.fixture(scope="module")
def archive() -> Iterator[Archive]:
    """Story 1 is a request, 2 one that fails, 3 of another service, 4 and 5 runs of checks."""
    kept = Archive()
    failing = {
        **given.server().attributes,
        names.HTTP_ROUTE: "/orders/<id>",
        names.HTTP_RESPONSE_STATUS_CODE: 503,
        names.REQUEST_ID: "order-77",
    }
    run = given.child("a1", "run", parent_id="", attributes={names.CHECK_NAME: "db"})
    kept.take(
        [
            given.server(trace_id="aa" * 16),
            given.line(
                'said "50%" of\nit', trace_id="aa" * 16, attributes={"order_id": 7, "no": None}
            ),
            given.server(trace_id="bb" * 16, attributes=failing),
            given.query("a1", "SELECT a_b FROM t", trace_id="bb" * 16),
            given.line(
                "Größer als ÄRGER 🎉", trace_id="bb" * 16, attributes={"of": ["x", {"y": "z"}]}
            ),
            given.server(trace_id="cc" * 16, service="billing", name="bill", kind="consumer"),
            given.event(Raised("KeyError", "'sku'"), trace_id="cc" * 16),
            given.child("a1", "run", trace_id="dd" * 16, attributes=run.attributes, parent_id=""),
        ]
    )
    yield kept
    kept.close()


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (Wanted(), [3, 2, 1]),
        (Wanted(checks=True), [4, 3, 2, 1]),
        (Wanted(id="bbbb"), [2]),
        (Wanted(id=" " + "BB" * 16), [2]),
        (Wanted(id="b" * 33), []),
        (Wanted(id="order-77"), [2]),
        (Wanted(id="%"), []),
        (Wanted(route="/orders"), [2]),
        (Wanted(route="products", status="2xx"), [3, 1]),
        (Wanted(status="503"), [2]),
        (Wanted(status="2xx"), [3, 1]),
        (Wanted(status="5xx"), [2]),
        (Wanted(status="1xx"), []),
        (Wanted(status="failed"), [3]),
        (Wanted(status="900"), []),
        (Wanted(status="x' OR 1"), []),
        (Wanted(service="billing"), [3]),
        (Wanted(service="bill"), []),
        (Wanted(text="SELECT a_b"), [2]),
        (Wanted(text="SELECT axb"), []),
        (Wanted(text='"50%" of\nit'), [1]),
        (Wanted(text="sku"), [3]),
        (Wanted(text="in_app"), []),
        (Wanted(text="billing", status="5xx"), []),
        (Wanted(text="\\"), []),
        (Wanted(text="order_id=7"), [1]),
        (Wanted(text="ORDER_ID=7"), [1]),
        (Wanted(text="order_id=8"), []),
        (Wanted(text="order_id7"), []),
        (Wanted(text="größer ALS ärger 🎉"), [2]),
        (Wanted(text="gr__er"), []),
        (Wanted(text="of=["), [2]),
        (Wanted(text="y=z"), [2]),
        (Wanted(text="null"), []),
        (Wanted(text="false"), []),
        (Wanted(text=", {"), [2]),
        (Wanted(text='"'), [1]),
        (Wanted(text="1700000000"), []),
        (Wanted(text="'; DROP TABLE stories; --"), []),
    ],
)
def test_stories_are_found_by(archive: Archive, wanted: Wanted, numbers: list[int]) -> None:
    assert [number for number, _ in archive.find(wanted)] == numbers
