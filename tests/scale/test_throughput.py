"""What the profiles' processors cost: at most as much again as a pipeline that has none."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from statistics import median
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from tests.e2e.roles import ROLES
from tests.e2e.waiting import wait_until
from tests.scale import tables
from tests.scale.fleet import Fleet, Member, for_gateways
from tests.scale.requests import ITEMS, SIGNALS, Signal

_ROUNDS, _REQUESTS = 5, 40
_EACH = _REQUESTS * ITEMS
HEAD = (
    *("a core's µs for one of", "agent", "without processors", "ratio", "gateway"),
    *("without processors", "ratio", "bytes in Kafka"),
)
_RECEIVERS = {"traces": "kafka_late_commit", "logs": "kafka", "metrics": "kafka"}
# Nobody is to be held to a limit here.
_UNLIMITED = {"OTELCOL_SERVICE_SPANS": "0", "OTELCOL_SERVICE_LOG_RECORDS": "0"}


class Tiers(NamedTuple):
    """Each tier as the profiles make it, and the same way in and out with nothing between."""

    fleet: Fleet
    agent: Member
    bare_agent: Member
    gateway: Member
    bare_gateway: Member


@pytest.fixture(scope="module")
def tiers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tiers]:
    """Both agents are given the same, in turn; both gateways read the same, at the same time."""
    with Fleet(tmp_path_factory.mktemp("throughput"), agents=0, gateways=0) as fleet:
        bare_out = []
        for signal in SIGNALS:
            fleet.broker.create(f"bare-{signal}")
            bare_out.append(f"yaml:exporters::kafka::{signal}::topic: bare-{signal}")
        none = [f"yaml:service::pipelines::{signal}::processors: []" for signal in SIGNALS]
        out = [f"yaml:service::pipelines::{signal}::exporters: [kafka]" for signal in SIGNALS]
        into = [
            f"yaml:service::pipelines::{signal}::receivers: [{receiver}]"
            for signal, receiver in _RECEIVERS.items()
        ]
        backends = {**fleet.kafka, **for_gateways(fleet.stack)}
        alone = {**backends, "KAFKA_GROUP": "bare"}
        yield Tiers(
            fleet,
            fleet.add("agent", ROLES["agent"], {**fleet.kafka, **_UNLIMITED}),
            fleet.add("bare-agent", ["kafka"], fleet.kafka, [*bare_out, *none, *out]),
            fleet.add("gateway", ROLES["gateway"], backends),
            fleet.add("bare-gateway", ["kafka"], alone, [*none, *into]),
        )


@pytest.mark.timeout(900)
def test_the_processors_cost_at_most_as_much_again_as_none(tiers: Tiers) -> None:
    """Over a span, a log record and a point of a metric together; the table has each alone."""
    costs = {name: _cost(tiers, signal) for name, signal in SIGNALS.items()}
    for name, cost in costs.items():
        cells = []
        for tier in ("agent", "gateway"):
            own, bare = cost[tier], cost[f"bare-{tier}"]
            cells += [f"{own:.1f}", f"{bare:.1f}", f"{own / bare:.2f}"]
        tables.add(HEAD, (SIGNALS[name].items, *cells, f"{cost['bytes']:.0f}"))
    whole = {each: sum(cost[each] for cost in costs.values()) for each in costs["traces"]}
    assert whole["agent"] <= 2 * whole["bare-agent"]
    assert whole["gateway"] <= 2 * whole["bare-gateway"]


def _cost(tiers: Tiers, signal: Signal) -> dict[str, float]:
    """Microseconds of a core for one of a signal, by the name of a member; its bytes in Kafka."""
    agent, bare_agent, gateway, bare_gateway = tiers[1:]
    took: dict[str, list[float]] = {member.name: [] for member in tiers[1:]}
    held = tiers.fleet.broker.size(signal.topic)
    for number in range(_ROUNDS + 1):  # the first is to warm up
        requests = [signal.make() for _ in range(_REQUESTS)]
        for receiver, readers in ((agent, (gateway, bare_gateway)), (bare_agent, ())):
            members = (receiver, *readers)
            before = {member.name: member.cpu_seconds() for member in members}
            _send(receiver, signal.path, requests)
            _await(receiver, "kafka", signal, number + 1)
            for reader in readers:
                _await(reader, signal.exporter, signal, number + 1)
            for member in members:
                spent = member.cpu_seconds() - before[member.name]
                took[member.name].append(spent * 1e6 / _EACH)
    size = (tiers.fleet.broker.size(signal.topic) - held) / _EACH / (_ROUNDS + 1)
    return {"bytes": size, **{each: median(rounds[1:]) for each, rounds in took.items()}}


def _await(member: Member, exporter: str, signal: Signal, rounds: int) -> None:
    def sent() -> bool:
        there = member.told(f"otelcol_exporter_sent_{signal.items}", exporter=exporter)
        return there >= rounds * _EACH

    wait_until(f"{member.name} has sent {signal.items}", sent, seconds=120)


def _send(member: Member, path: str, requests: list[bytes]) -> None:
    place = urlsplit(member.otlp)
    connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=30)
    for body in requests:
        connection.request("POST", path, body, {"Content-Type": "application/x-protobuf"})
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        answer.read()
    connection.close()
