"""A fleet under load, each part of it killed once: nothing that an agent accepted is lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.scale import arrived, tables
from tests.scale.fleet import Fleet
from tests.scale.load import Senders
from tests.scale.measured import HEAD, Measured, measure

pytestmark = pytest.mark.timeout(600)

# How long the broker is away, and a part that was killed; seconds.
AWAY, DOWN = 30.0, 5.0
# The rate of the others is 40 traces a second and process.
NOISY = 4000
_DROPPED = "otelcol_processor_service_limit_dropped_items"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Three hosts and two gateways."""
    with Fleet(tmp_path_factory.mktemp("fleet")) as made:
        yield made


def is_whole(row: Measured) -> None:
    """All that was sent was accepted, and all that an agent accepted is there, by its number."""
    tables.add(HEAD, row.cells())
    assert row.sent.spans > 10_000
    assert row.sent.lines > 2_000
    assert row.sent.dropped == 0
    assert (row.lost_spans, row.lost_lines) == (0, 0)
    assert (row.sent.numbers - row.spans.numbers, row.sent.numbers - row.lines.numbers) == (
        frozenset(),
        frozenset(),
    )


def test_under_steady_load_everything_arrives_once(fleet: Fleet, tmp_path: Path) -> None:
    row = measure(fleet, tmp_path, "steady load")
    is_whole(row)
    assert (row.spans.doubled, row.lines.doubled, row.spans.split) == (0, 0, 0)


def test_a_gateway_that_is_killed_loses_nothing(fleet: Fleet, tmp_path: Path) -> None:
    def kill() -> None:
        fleet.gateways[0].kill()
        time.sleep(DOWN)
        fleet.gateways[0].start()

    is_whole(measure(fleet, tmp_path, "gateway killed", kill))


def test_a_broker_that_is_away_loses_nothing(fleet: Fleet, tmp_path: Path) -> None:
    def away() -> None:
        fleet.broker.stop()
        time.sleep(AWAY)
        fleet.broker.start()

    is_whole(measure(fleet, tmp_path, "broker away", away))


def test_an_agent_that_is_killed_loses_nothing(fleet: Fleet, tmp_path: Path) -> None:
    def kill() -> None:
        fleet.agents[0].kill()
        time.sleep(DOWN)
        fleet.agents[0].start()

    row = measure(fleet, tmp_path, "agent killed", kill)
    is_whole(row)
    assert row.spans.split == 0


def test_a_noisy_service_takes_nothing_from_the_others(fleet: Fleet, tmp_path: Path) -> None:
    """A hundred times the rate of the others, on one host: what is dropped of it is counted."""
    host, service = fleet.agents[0], f"noisy-{time.time_ns()}"
    with ThreadPoolExecutor(1) as beside:
        shouting = []

        def shout() -> None:
            noisy = Senders(fleet, tmp_path, service, seconds=10, rate=NOISY, each=1, agents=[0])
            shouting.append(beside.submit(noisy.wait))

        row = measure(fleet, tmp_path, "noisy service", shout)
        is_whole(row)
        assert row.spans.split == 0
        sent = shouting[0].result()
    limited = host.told(_DROPPED, service=service, signal="traces")
    assert limited > 0
    there = arrived.spans(fleet.stack.url("jaeger_query_http"), service)
    assert there.records + limited == sent.spans


def test_a_gateway_that_joins_takes_its_share_and_loses_nothing(
    fleet: Fleet, tmp_path: Path
) -> None:
    is_whole(measure(fleet, tmp_path, "gateway joins", fleet.add_gateway))
    assert fleet.gateways[-1].told("otelcol_receiver_accepted_spans") > 0
