"""TLS between agents, Kafka and gateways, both ways: who is refused, what is said of it, and what then waits."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import NamedTuple

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from tests.e2e import otlp
from tests.e2e.reading import fetch, jaeger_trace, loki
from tests.e2e.roles import ROLES
from tests.e2e.services import LOOPBACK
from tests.e2e.stack import Stack
from tests.e2e.waiting import wait_until
from tests.scale.broker import Broker, Tls
from tests.scale.fleet import Member, for_gateways

#: Of an agent.
EXPORTERS = ("kafka",)
#: Of a gateway: of metrics and logs, and of traces.
RECEIVERS = ("kafka", "kafka_late_commit")


class Refused(NamedTuple):
    """Two that must not talk to each other.

    Attributes:
        shown: The certificate that an agent or a gateway shows; none where it is empty.
        door: The certificate that the broker shows.
        said: What the collector says of it.
    """

    shown: str
    door: str
    said: str


#: Of what it refuses a broker tells a client little; its own log says which certificate, and why.
CASES: Mapping[str, Refused] = {
    "shows-an-expired-one": Refused("expired", "good", "remote error: tls: unknown certificate"),
    "shows-a-strangers": Refused("stranger", "good", "remote error: tls: unknown certificate"),
    "shows-none": Refused("", "good", "remote error: tls: (bad certificate|certificate required)"),
    "is-shown-an-expired-one": Refused("good", "expired", "certificate has expired"),
    "is-shown-a-strangers": Refused("good", "stranger", "signed by unknown authority"),
    "is-shown-one-of-another-name": Refused("good", "misnamed", "cannot validate certificate for"),
}


class Tier(NamedTuple):
    """A broker that has a way in for each certificate, a gateway that reads from it, and the backends.

    Attributes:
        certificates: The folder of all.
        stack: The backends.
        broker: Kafka.
    """

    certificates: Path
    stack: Stack
    broker: Broker

    def arrived(self, trace: str) -> bool:
        """Whether Jaeger has it."""
        return bool(jaeger_trace(self.stack.url("jaeger_query_http"), trace))

    def way(self, door: str) -> dict[str, str]:
        """The environment by which the broker is reached where it shows a certificate."""
        return {
            "KAFKA_BROKERS": f"[{self.broker.secured[door]}]",
            "KAFKA_CA_FILE": str(self.certificates / "ours.pem"),
        }

    @contextmanager
    def member(
        self, role: str, folder: Path, case: Refused | None = None, config: Sequence[str] = ()
    ) -> Iterator[Member]:
        """An agent or a gateway in a folder that has its certificate; a good one by default."""
        shown, door, _ = case or Refused("good", "good", "")
        keys = {"KAFKA_CERT_FILE": "", "KAFKA_KEY_FILE": ""}
        if shown:
            self.give(shown, folder)
            keys = carried(folder)
        env = {**for_gateways(self.stack), **self.way(door), **keys, "KAFKA_GROUP": folder.name}
        member = Member(folder, role, (*ROLES[role], "kafka-tls"), env, config)
        try:
            yield member
        finally:
            member.stop()

    def give(self, shown: str, folder: Path) -> None:
        """Put a certificate where a member of that folder reads it."""
        folder.mkdir(exist_ok=True)
        for kind in ("crt", "key"):
            shutil.copy(self.certificates / f"{shown}.{kind}", folder / f"tls.{kind}")


def carried(folder: Path) -> dict[str, str]:
    """The environment of who shows the certificate of a folder."""
    return {"KAFKA_CERT_FILE": f"{folder}/tls.crt", "KAFKA_KEY_FILE": f"{folder}/tls.key"}


def issue_all(folder: Path) -> None:
    """Certificates of two authorities, of which one is ours; `.pem` holds key and certificate."""
    ours, theirs = trustme.CA(), trustme.CA()
    ours.cert_pem.write_to_path(folder / "ours.pem")
    ended = datetime.now(timezone.utc) - timedelta(days=1)
    begun = ended - timedelta(days=1)
    issued = {
        "good": ours.issue_cert(LOOPBACK),
        "expired": ours.issue_cert(LOOPBACK, not_before=begun, not_after=ended),
        "misnamed": ours.issue_cert("kafka.example"),
        "stranger": theirs.issue_cert(LOOPBACK),
    }
    for name, one in issued.items():
        key = load_pem_private_key(one.private_key_pem.bytes(), None).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        certificate = one.cert_chain_pems[0].bytes()
        (folder / f"{name}.key").write_bytes(key)
        (folder / f"{name}.crt").write_bytes(certificate)
        (folder / f"{name}.pem").write_bytes(key + certificate)


@pytest.fixture(scope="module")
def tier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tier]:
    """All of it, up for as long as these tests run."""
    folder = tmp_path_factory.mktemp("tier")
    certificates = folder / "certificates"
    certificates.mkdir()
    issue_all(certificates)
    doors = {
        name: certificates / f"{name}.pem" for name in ("good", "expired", "misnamed", "stranger")
    }
    with (
        Stack(folder / "backends") as stack,
        Broker(folder / "kafka", 1, Tls(certificates / "ours.pem", doors)) as broker,
    ):
        stack.start("jaeger", "loki", "prometheus")
        made = Tier(certificates, stack, broker)
        with made.member("gateway", folder / "obskit-gateway"):
            yield made


def send(agent: Member) -> str:
    """A span and a line of one trace that the agent takes."""
    trace = otlp.trace_id()
    resource = {"service.name": "secured"}
    otlp.send_spans(agent.otlp, resource, [otlp.span(trace, "work")])
    otlp.send_logs(agent.otlp, resource, [otlp.log_record(trace, "a line")])
    return trace


def says(member: Member, parts: Sequence[str], said: str) -> bool:
    """Whether each of some parts of a collector has said something."""
    member.process.require_alive()
    lines = [line for line in member.process.log.read_text().splitlines() if re.search(said, line)]
    return all(any(f'"otelcol.component.id": "{part}"' in line for line in lines) for part in parts)


def test_what_is_sent_by_good_certificates_arrives(tier: Tier, tmp_path: Path) -> None:
    """A trace by one receiver of the gateway, a line by the other."""
    with tier.member("agent", tmp_path) as agent:
        trace = send(agent)
        wait_until("the span is in Jaeger", lambda: tier.arrived(trace))
        query = f'{{service_name="secured"}} | trace_id="{trace}"'
        wait_until("the line is in Loki", lambda: loki(tier.stack.url("loki_http"), query))


@pytest.mark.parametrize("case", CASES)
def test_what_an_agent_may_not_send_waits_until_it_may(
    tier: Tier, case: str, tmp_path: Path
) -> None:
    """It says why; on disk the span outlives the restart that puts it right."""
    refused = CASES[case]
    with (
        tier.member("agent", tmp_path / "good") as good,
        tier.member("agent", tmp_path / "refused", refused) as agent,
    ):
        trace = send(agent)
        wait_until("it says why", lambda: says(agent, EXPORTERS, refused.said))
        after = send(good)
        wait_until("what was sent later is there", lambda: tier.arrived(after))
        assert not tier.arrived(trace)
        tier.give("good", tmp_path / "refused")
        agent.env.update({**tier.way("good"), **carried(tmp_path / "refused")})
        agent.stop()
        agent.start()
        wait_until("it is there as well", lambda: tier.arrived(trace))


@pytest.mark.parametrize("case", CASES)
def test_both_receivers_of_a_gateway_that_may_not_read_say_why(
    tier: Tier, case: str, tmp_path: Path
) -> None:
    """And they read nothing, though there is something."""
    refused = CASES[case]
    with tier.member("agent", tmp_path / "agent") as agent:
        send(agent)
    with tier.member("gateway", tmp_path / "gateway", refused) as gateway:
        wait_until("both say why", lambda: says(gateway, RECEIVERS, refused.said))
        assert accepted(gateway) == set()


def accepted(gateway: Member) -> set[str]:
    """The receivers of a gateway that have read anything."""
    read = r'^otelcol_receiver_accepted_\w+\{.*?receiver="(\w+)".*?\} [1-9]'
    return set(re.findall(read, fetch(gateway.metrics).text, re.MULTILINE))


def test_a_certificate_that_is_renewed_is_read_without_a_restart(
    tier: Tier, tmp_path: Path
) -> None:
    """By agents and by both receivers of a gateway; `reload_interval` is what a test can wait for."""
    expired = CASES["shows-an-expired-one"]
    soon = "{tls: {reload_interval: 100ms}}"
    sending = (f"yaml:exporters::kafka: {soon}",)
    reading = tuple(f"yaml:receivers::{receiver}: {soon}" for receiver in RECEIVERS)
    with (
        tier.member("agent", tmp_path / "agent", expired, sending) as agent,
        tier.member("gateway", tmp_path / "gateway", expired, reading) as gateway,
    ):
        trace = send(agent)
        wait_until("the agent is refused", lambda: says(agent, EXPORTERS, expired.said))
        wait_until("the gateway is", lambda: says(gateway, RECEIVERS, expired.said))
        tier.give("good", tmp_path / "agent")
        tier.give("good", tmp_path / "gateway")
        wait_until("the span is in Jaeger", lambda: tier.arrived(trace))
        wait_until("both receivers read", lambda: accepted(gateway) == set(RECEIVERS), seconds=60)
