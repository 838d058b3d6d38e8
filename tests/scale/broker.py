"""A real Kafka: one broker that is its own controller (KRaft), on free ports, with TLS where it is wanted."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.e2e.build import KAFKA_PART
from tests.e2e.processes import Process
from tests.e2e.services import LOOPBACK, free_ports
from tests.e2e.waiting import wait_until

if TYPE_CHECKING:
    from typing_extensions import Self

TOPICS = ("otlp_spans", "otlp_metrics", "otlp_logs")
_SETTINGS = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller}
listeners={doors},CONTROLLER://{host}:{controller}
advertised.listeners={doors}
listener.security.protocol.map={protocols},CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
num.partitions={partitions}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
"""
_TLS = """
ssl.client.auth=required
ssl.truststore.type=PEM
ssl.truststore.location={authority}
"""
_IDENTITY = """
listener.name.{name}.ssl.keystore.type=PEM
listener.name.{name}.ssl.keystore.location={identity}
"""


class Tls(NamedTuple):
    """Ways in that want a certificate, beside the plain one.

    Attributes:
        authority: Whose certificates are let in: a PEM file.
        identities: What the broker shows at each: name → a PEM file with key (PKCS #8) and certificate.
    """

    authority: Path
    identities: Mapping[str, Path]


class Broker:
    """One that can be taken away and comes back with what it has taken.

    Args:
        folder: Where its data and its output are.
        partitions: Of each topic.
        tls: Ways in that want a certificate; none by default.
    """

    def __init__(self, folder: Path, partitions: int, tls: Tls | None = None) -> None:
        folder.mkdir(parents=True)
        identities = tls.identities if tls else {}
        ports = free_ports(("plaintext", "controller", *identities))
        self.address = f"{LOOPBACK}:{ports['plaintext']}"
        #: Where each way in with TLS is.
        self.secured = {name: f"{LOOPBACK}:{ports[name]}" for name in identities}
        self._port = ports["plaintext"]
        self._folder = folder
        self._settings = folder / "server.properties"
        text = _SETTINGS.format(
            host=LOOPBACK,
            doors=",".join(
                f"{name.upper()}://{at}"
                for name, at in (("plaintext", self.address), *self.secured.items())
            ),
            protocols=",".join(
                ("PLAINTEXT:PLAINTEXT", *(f"{name.upper()}:SSL" for name in identities))
            ),
            controller=ports["controller"],
            data=folder / "data",
            partitions=partitions,
        )
        if tls:
            text += _TLS.format(authority=tls.authority)
        for name, identity in identities.items():
            text += _IDENTITY.format(name=name, identity=identity)
        self._settings.write_text(text)
        cluster = self._tool("kafka.tools.StorageTool", "random-uuid").strip()
        self._tool("kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(self._settings))
        self._partitions = partitions

    def __enter__(self) -> Self:
        with ExitStack() as leaving:
            leaving.callback(self.stop)
            self.start()
            for topic in TOPICS:
                self.create(topic)
            leaving.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def create(self, topic: str) -> None:
        """Have one more topic."""
        self._tool(
            "org.apache.kafka.tools.TopicCommand",
            *("--bootstrap-server", self.address, "--create", "--topic", topic),
            *("--partitions", str(self._partitions), "--replication-factor", "1"),
        )

    def size(self, topic: str) -> int:
        """The bytes of all that was written to a topic."""
        return sum(file.stat().st_size for file in self._folder.glob(f"data/{topic}-*/*.log"))

    def stop(self) -> None:
        """Take it away; what it has acknowledged is on its disk."""
        self.process.stop(seconds=20.0)

    def start(self) -> None:
        """Have it, or have it back."""
        heap = ("-Xms256m", "-Xmx512m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
        self.process = Process(
            "kafka",
            ["java", *heap, "-cp", f"{KAFKA_PART.path}/libs/*", "kafka.Kafka", str(self._settings)],
            cwd=self._folder,
            log=self._folder / "kafka.log",
            env={},
        )
        wait_until("Kafka listens", self._listens, seconds=60)

    def _listens(self) -> bool:
        self.process.require_alive()
        with socket.create_connection((LOOPBACK, self._port), 1.0):
            return True

    def _tool(self, name: str, *arguments: str) -> str:
        command = ["java", "-cp", f"{KAFKA_PART.path}/libs/*", name, *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=self._folder
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
